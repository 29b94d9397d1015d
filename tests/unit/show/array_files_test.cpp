#include "show/array_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"
#include "tensor/npy.hpp"

namespace halftone::show {
namespace {

using test::GraphMaker;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Two inputs, one of them with a name that holds '='; outputs of the given names.
Graph two_inputs(const std::vector<std::string>& outputs = {"y"}) {
    GraphMaker g;
    const ValueId a = g.input("a", {1, 2});
    const ValueId b = g.input("b=c", {1, 2});
    std::vector<ValueId> made;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        made.push_back(g.node("Add", "add" + std::to_string(i), {a, b}, {}, outputs[i]));
    return g.build(made);
}

std::string refusal_of(const Graph& graph, const std::vector<std::string>& inputs) {
    try {
        (void)paths_by_input(graph, inputs);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(ArrayFiles, InputsWithoutANameFollowTheGraphsOrder) {
    const Graph graph = two_inputs();
    EXPECT_THAT(paths_by_input(graph, {"1.npy", "2.npy"}), ElementsAre("1.npy", "2.npy"));
    EXPECT_THAT(paths_by_input(graph, {"b=c=2.npy", "1.npy"}), ElementsAre("1.npy", "2.npy"));
    EXPECT_THAT(paths_by_input(graph, {"x=1.npy", "2=.npy"}), ElementsAre("x=1.npy", "2=.npy")) << "no such names";
}

TEST(ArrayFiles, EachInputIsGivenExactlyOnce) {
    const Graph graph = two_inputs();
    EXPECT_THAT(refusal_of(graph, {"1.npy"}), HasSubstr("no --input for 'b=c'; the model's inputs are: a, b=c"));
    EXPECT_THAT(refusal_of(graph, {"a=1.npy", "a=2.npy"}), HasSubstr("'a' is given twice"));
    EXPECT_THAT(refusal_of(graph, {"1.npy", "2.npy", "3.npy"}), HasSubstr("the model has 2 inputs: a, b=c"));
}

TEST(ArrayFiles, OutputsWithEqualFileNamesGetNumbers) {
    EXPECT_THAT(output_files(two_inputs({"a/b", "a:b", "a_b", "a b"})),
                ElementsAre("a_b.2.npy", "a_b.3.npy", "a_b.npy", "a_b.4.npy"));
    EXPECT_THAT(output_files(two_inputs({"x:1", "x_1.2", "x/1"})), ElementsAre("x_1.npy", "x_1.2.npy", "x_1.3.npy"));
}

TEST(ArrayFiles, NamesThatOccurTwiceGetNumbersToo) {
    EXPECT_THAT(numbered_files({"x", "labels", "x", "a/b", "a_b", "x"}),
                ElementsAre("x.npy", "labels.npy", "x.2.npy", "a_b.2.npy", "a_b.npy", "x.3.npy"));
}

TEST(ArrayFiles, ValuesAreConvertedToTheInputsType) {
    const auto disk = make_memory_file_system();
    FileSystem& files = *disk;
    const Graph graph = two_inputs();
    const Value& input = graph.value(graph.inputs()[0]);
    const std::vector<double> values{0.5, -3.0};
    const Tensor wide = Tensor::of<double>(Shape{1, 2}, values);
    files.write_atomically("wide.npy", to_npy(wide.view()));
    const Tensor read = read_input(files, "wide.npy", input);
    EXPECT_EQ(read.dtype(), DType::f32);
    EXPECT_THAT(read.as<float>(), ElementsAre(0.5F, -3.0F));
    EXPECT_THROW((void)read_input(files, "none.npy", input), DataError);
    try {
        (void)read_input(files, "wrong=wide.npy", input);
        FAIL() << "no such file";
    } catch (const DataError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("no input 'wrong'"));
    }
}

}  // namespace
}  // namespace halftone::show
