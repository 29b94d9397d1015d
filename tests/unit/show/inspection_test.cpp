#include "show/inspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "eval/from_config.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "show/inspection_json.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::show {
namespace {

using test::GraphMaker;
using test::random_tensor;
using ::testing::HasSubstr;
using ::testing::Not;

/// conv, conv -> Sigmoid; the batch is open.
std::string two_convs() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 8, 8});
    const ValueId a = g.conv("first", x, random_tensor({4, 3, 3, 3}, 1));
    const ValueId b = g.conv("second", a, random_tensor({4, 4, 3, 3}, 2));
    return export_onnx(infer_types(g.build({g.node("Sigmoid", "end", {b}, {}, "y")}), reference_ops()));
}

Inspection inspection_of(const std::string& bytes) {
    Inspection inspection;
    inspect_model(inspection, bytes, "net.onnx", {}, resolve_auto(QuantizationConfig{}));
    return inspection;
}

TEST(Inspection, JsonHoldsPortsUnitsAndWhatIsLeft) {
    const auto json = nlohmann::json::parse(inspection_line(inspection_of(two_convs())));
    EXPECT_EQ(json["inputs"][0]["name"], "x");
    EXPECT_EQ(json["inputs"][0]["shape"][1], 3);
    EXPECT_TRUE(json["inputs"][0]["shape"][0].is_string()) << "an open dimension is its name";
    EXPECT_EQ(json["outputs"][0]["shape"][2], 4) << "two unpadded 3 x 3 convolutions of 8 x 8";
    ASSERT_EQ(json["units"].size(), 2U);
    EXPECT_EQ(json["units"][1]["name"], "second");
    EXPECT_EQ(json["units"][1]["weight"], "[4,4,3,3]");
    EXPECT_THAT(json["units"][0]["options"].dump(), HasSubstr("uint8/asym/per_tensor/minmax"));
    EXPECT_THAT(json["units"][0]["options"].dump(), HasSubstr("\"fp32\""));
    EXPECT_EQ(json["nodes_outside_of_units"]["Sigmoid"], 1);
    EXPECT_TRUE(json["faults"].empty());
}

TEST(Inspection, TextSaysOnceWhatUnitsHaveInCommon) {
    const Inspection inspection = inspection_of(two_convs());
    const std::string summary = inspection_text(inspection, false);
    EXPECT_THAT(summary, HasSubstr("units by type\n    2 Conv\n"));
    EXPECT_THAT(summary, HasSubstr("outside of units, never quantized by themselves\n    1 Sigmoid\n"));
    EXPECT_EQ(summary.find("\n    fp32\n"), summary.rfind("\n    fp32\n")) << summary;
    EXPECT_THAT(summary, Not(HasSubstr("second (Conv)")));
    EXPECT_THAT(inspection_text(inspection, true), HasSubstr("second (Conv)"));
}

TEST(Inspection, SaysWhyRecurrentNodesStayInFp32) {
    GraphMaker g;
    const ValueId x = g.input("x", {5, 1, 4});
    const ValueId w = g.constant("w", random_tensor({1, 9, 4}, 1));
    const ValueId r = g.constant("r", random_tensor({1, 9, 3}, 2));
    const ValueId y = g.node("GRU", "gru", {x, w, r}, {{"hidden_size", std::int64_t{3}}}, "y");
    const Inspection inspection = inspection_of(export_onnx(infer_types(g.build({y}), reference_ops())));
    const auto json = nlohmann::json::parse(inspection_line(inspection));
    EXPECT_EQ(json["recurrent"]["nodes"]["GRU"], 1);
    EXPECT_THAT(
        inspection_text(inspection, false),
        HasSubstr("recurrent nodes stay in fp32, whatever the approach\n    1 GRU: ONNX has no quantized form"));
    EXPECT_FALSE(nlohmann::json::parse(inspection_line(inspection_of(two_convs()))).contains("recurrent"));
}

TEST(Inspection, UnitsOfOneKindAreDescribedOnceAndCounted) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 4});
    for (int i = 0; i < 50; ++i) {
        x = g.gemm("fc" + std::to_string(i), x, random_tensor({4, 4}, static_cast<std::uint64_t>(i)));
    }
    const std::string bytes =
        export_onnx(infer_types(g.build({g.gemm("last", x, random_tensor({4, 2}, 99))}), reference_ops()));
    const Inspection inspection = inspection_of(bytes);
    const UnitKinds kinds = unit_kinds(inspection);
    ASSERT_EQ(kinds.kinds.size(), 1U) << "texts are made for one kind, not for 51 units: sizes are no part of a kind";
    EXPECT_EQ(kinds.kinds[0].units, 51U);
    EXPECT_EQ(kinds.kinds[0].first, "fc0");
    const auto json = nlohmann::json::parse(inspection_line(inspection));
    ASSERT_EQ(json["units"].size(), 51U);
    EXPECT_EQ(json["units"][7]["name"], "fc7");
    EXPECT_EQ(json["units"][7]["options"], json["units"][0]["options"]);
    EXPECT_EQ(json["units"][50]["weight"], "[4,2]");
    EXPECT_TRUE(json["units"][50].contains("refused"));
    EXPECT_EQ(json["space_size"].get<std::string>(), inspection.space->size_text());
    EXPECT_THAT(inspection_text(inspection, true), HasSubstr("fc49 (Gemm)"));
}

TEST(Inspection, ARefusedModelLeavesItsSurveyAndAFault) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3});
    g.builder().add_value("y", TensorType{DType::f32, {kSymbolic, 3}});
    const std::string bytes = export_onnx(g.build({g.node("NoSuchOp", "odd", {x}, {}, "y")}));
    Inspection inspection;
    EXPECT_THROW(inspect_model(inspection, bytes, "net.onnx", {}, resolve_auto(QuantizationConfig{})), ModelError);
    const auto json = nlohmann::json::parse(inspection_line(inspection));
    EXPECT_EQ(json["inputs"][0]["name"], "x");
    ASSERT_EQ(json["faults"].size(), 1U);
    EXPECT_EQ(json["faults"][0]["kind"], "operator");
    EXPECT_THAT(json["faults"][0]["what"].get<std::string>(), HasSubstr("NoSuchOp"));
    EXPECT_FALSE(json.contains("units"));
}

TEST(Inspection, BytesThatAreNoModelHaveNoSurvey) {
    Inspection inspection;
    EXPECT_THROW(inspect_model(inspection, std::string("junk"), "net.onnx", {}, {}), ModelError);
    EXPECT_TRUE(inspection.survey.faults.empty());
}

}  // namespace
}  // namespace halftone::show
