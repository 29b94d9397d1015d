// Which models are imported, and which part of an ONNX file a config chooses.
#include "import/model_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

RunConfig config_with_model(const std::string& model) { return read_run_config("model: " + model, "c.yaml", {}, {}); }

/// x -> Relu a -> Relu b, as an ONNX file.
std::string two_steps() {
    test::GraphMaker g;
    const ValueId a = g.node("Relu", "a", {g.input("x", {1, 2})});
    const Graph graph = g.build({g.node("Relu", "b", {a})});
    return export_onnx(infer_types(graph, reference_ops()));
}

std::string refusal_of(const std::string& path, const std::string& from) {
    try {
        (void)read_model(path, from);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

TEST(ModelSource, OnlyANamedFrameworkImportsAndNeverAnOnnxFile) {
    EXPECT_FALSE(is_imported(config_with_model("{path: saved_model}"))) << "nobody named a framework";
    EXPECT_TRUE(is_imported(config_with_model("{path: saved_model, framework: tensorflow}")));
    EXPECT_TRUE(is_imported(config_with_model("{path: m.pt2, framework: pytorch_fx}")));
    EXPECT_FALSE(is_imported(config_with_model("{path: m.onnx, framework: tensorflow}"))) << "it was converted";
    EXPECT_FALSE(is_imported(config_with_model("{path: m.bin, framework: onnxrt_qlinearops}")));
}

TEST(ModelSource, EndsAreAListOrATextWithCommas) {
    const ModelEnds ends = config_ends(config_with_model("{path: m.onnx, inputs: [a, b], outputs: 'c,d'}"));
    EXPECT_THAT(ends.inputs, ElementsAre("a", "b"));
    EXPECT_THAT(ends.outputs, ElementsAre("c", "d"));
    EXPECT_TRUE(config_ends(config_with_model("{path: m.onnx}")).is_empty());
    EXPECT_TRUE(config_ends(read_run_config("", "c.yaml", {}, {})).is_empty()) << "no section model";
    const ModelEnds options = parse_ends({"a,b", "c"}, {});
    EXPECT_THAT(options.inputs, ElementsAre("a", "b", "c"));
    EXPECT_THAT(options.outputs, IsEmpty());
}

TEST(ModelSource, AFrameworkThatHasNoEffectIsWarnedOf) {
    const TemporaryFolder folder;
    const std::string path = folder / "m.onnx";
    std::ofstream(path, std::ios::binary) << two_steps();
    for (const auto& [word, is_warned] : {std::pair{"pytorch", true}, {"onnxrt_qlinearops", false}, {"", false}}) {
        testing::internal::CaptureStderr();
        EXPECT_FALSE(read_framework_model(path, word, {}, {}).empty());
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_EQ(said.find("the framework pytorch has no effect") != std::string::npos, is_warned) << word << said;
    }
}

TEST(ModelSource, AConfigChoosesAPartOfTheFile) {
    const std::string bytes = two_steps();
    EXPECT_EQ(chosen_part(config_with_model("{path: m.onnx}"), bytes).view(), bytes);
    const SharedBytes part = chosen_part(config_with_model("{path: m.onnx, outputs: a_out}"), bytes);
    EXPECT_EQ(import_onnx(part, "m.onnx", reference_ops()).nodes().size(), 1U);
}

TEST(ModelSource, AWrongEndIsNamedWithItsPlace) {
    try {
        (void)chosen_part(config_with_model("{path: m.onnx, outputs: a_ot}"), two_steps());
        FAIL() << "nothing was thrown";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), StartsWith("c.yaml: model.inputs, model.outputs: "));
        EXPECT_THAT(error.what(), HasSubstr("a_out")) << "the name that is near";
    }
}

// LPOT's configs name the ends of the TensorFlow model that the ONNX file was made of.
TEST(ModelSource, NamesOfTheModelBeforeItsConversionTakeAllOfTheFile) {
    const std::string bytes = two_steps();
    const RunConfig config = config_with_model("{path: m.onnx, framework: tensorflow, outputs: [softmax_tensor]}");
    EXPECT_EQ(chosen_part(config, bytes).view(), bytes);
}

TEST(ModelSource, AMissingFileIsNamedWithThePlaceThatAskedForIt) {
    EXPECT_EQ(refusal_of("/nowhere/m.onnx", "c.yaml:1:9: model.path: "),
              "c.yaml:1:9: model.path: no such model file: '/nowhere/m.onnx'");
    const TemporaryFolder folder;
    EXPECT_THAT(refusal_of(folder.path(), ""), HasSubstr("'" + folder.path() + "' "));
}

}  // namespace
}  // namespace halftone
