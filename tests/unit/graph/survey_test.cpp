// A survey of a file: what it declares, and all faults at once.
#include <gmock/gmock.h>

#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelSurvey survey_text(const std::string& body, const InputSizes& sizes = {}, int opset = 13) {
    return survey_onnx(graph_bytes(body, opset), "m.onnx", ToyOps(), sizes);
}

std::vector<std::string> kinds(const ModelSurvey& survey) {
    std::vector<std::string> all;
    for (const ModelFault& fault : survey.faults) all.push_back(fault.kind + " " + fault.where);
    return all;
}

const std::string kSurveyRelu = "node { op_type: 'Relu' name: 'r' input: 'x' output: 'y' } ";

TEST(Survey, ShowsInputsAndOutputsAsDeclared) {
    const ModelSurvey survey = survey_text(x_to_y({"N", "4"}) + kSurveyRelu);
    EXPECT_THAT(survey.faults, IsEmpty());
    EXPECT_EQ(survey.opset, 13);
    ASSERT_EQ(survey.inputs.size(), 1U);
    EXPECT_EQ(survey.inputs[0].name, "x");
    EXPECT_EQ(survey.inputs[0].type, "fp32");
    EXPECT_THAT(survey.inputs[0].dims, ElementsAre("N", "4"));
    EXPECT_EQ(survey.outputs[0].name, "y");
}

TEST(Survey, GoesOnBehindEachFault) {
    const ModelSurvey survey = survey_text(
        value_text("input", "x", {"N", "3", "height", ""}) +
        "input { name: 't' type { tensor_type { elem_type: 8 shape { } } } } " +
        "node { op_type: 'Foo' name: 'f' input: 'x' output: 'a' } node { op_type: 'Foo' input: 'a' output: 'b' } "
        "node { op_type: 'Bar' input: 'b' output: 'y' } " +
        "initializer { name: 'w' dims: 2 data_type: 1 float_data: 1 } initializer { name: 'v' data_type: 14 } " +
        value_text("output", "y", {}));
    EXPECT_THAT(kinds(survey),
                ElementsAre("operator unnamed Bar node (output 'y')", "operator Foo node 'f'", "constant w",
                            "constant v", "input t", "open dimension x", "open dimension x"));
    EXPECT_EQ(survey.faults[1].count, 2);
    EXPECT_THAT(survey.faults[1].what, HasSubstr("Foo (opset 13, 2 times"));
    EXPECT_THAT(survey.faults[5].what, HasSubstr("dimension 2 ('height') of 'x'"));
    EXPECT_THAT(survey.faults[6].what, HasSubstr("dimension 3 of 'x'"));
}

TEST(Survey, ADimensionWithASizeIsNotOpen) {
    const std::string body = value_text("input", "x", {"N", "length"}) + value_text("input", "z", {"N", "length"}) +
                             "node { op_type: 'Add' input: 'x' input: 'z' output: 'y' } " +
                             value_text("output", "y", {});
    EXPECT_THAT(kinds(survey_text(body)), ElementsAre("open dimension x", "open dimension z"));
    EXPECT_THAT(survey_text(body, {.dims = {{"length", 5}}}).faults, IsEmpty());
    EXPECT_THAT(survey_text(body, {.shapes = {{"z", {-1, 5}}}}).faults, IsEmpty()) << "one name, one size";
}

TEST(Survey, OfAnUnknownOperatorSetSaysOnlyThat) {
    EXPECT_THAT(kinds(survey_text(x_to_y() + kSurveyRelu, {}, 99)), ElementsAre("file "));
}

}  // namespace
}  // namespace halftone::test
