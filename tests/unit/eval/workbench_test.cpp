// What commands build from a config and the bytes of a model.
#include "eval/workbench.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calib/observer.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "metric/metric.hpp"
#include "support/config_text.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;
using testing::HasSubstr;

/// A network of one Gemm from four inputs to three classes.
std::string one_gemm() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const Graph graph = g.build({g.gemm("fc", x, random_tensor({4, 3}, 1))});
    return export_onnx(infer_types(graph, reference_ops()));
}

RunConfig tuning_config(const std::vector<std::string>& overrides = {}) {
    const KnownNames known{.strategies = {"basic"},
                           .datasets = dataset_names(),
                           .transforms = transform_names(),
                           .metrics = metric_names(),
                           .algorithms = observer_words()};
    return read_run_config(R"(
model: {name: gemm, framework: onnxrt_qlinearops, path: gemm.onnx}
quantization:
  calibration: {sampling_size: [8, 30], dataloader: {dataset: {dummy: {shape: [12, 4]}}}}
evaluation:
  accuracy: {metric: {topk: 1}, dataloader: {dataset: {dummy: {shape: [20, 4]}}}}
)",
                           "c.yaml", overrides, known);
}

TEST(Workbench, ForTuningHasSpaceAndCalibrationData) {
    const auto bench = make_workbench(tuning_config(), one_gemm(), "gemm.onnx", true);
    ASSERT_TRUE(bench->space.has_value());
    EXPECT_EQ(bench->model.units.size(), 1U);
    EXPECT_EQ(bench->capability.size(), 1U);
    ASSERT_NE(bench->calibration, nullptr);
    EXPECT_EQ(bench->calibration->size(), 12);
    EXPECT_EQ(bench->evaluator->evaluation_samples(), 20);
    EXPECT_FALSE(bench->baseline.has_value()) << "a float model is its own baseline";
    EXPECT_THAT(bench->space->calibration_sizes(), testing::ElementsAre(8, 12)) << "there are no 30 samples";
}

TEST(Workbench, ForAScoreNeedsNeitherOfThem) {
    const auto bench = make_workbench(tuning_config(), one_gemm(), "gemm.onnx", false);
    EXPECT_FALSE(bench->space.has_value());
    EXPECT_EQ(bench->calibration, nullptr);
    EXPECT_NE(bench->metrics, nullptr);
}

TEST(Workbench, AConfigOfATrainedModelRefusesAFloatOne) {
    const RunConfig config = tuning_config({"quantization.approach=quant_aware_training"});
    EXPECT_THAT(message_of<ConfigError>([&] { (void)make_workbench(config, one_gemm(), "gemm.onnx", true); }),
                HasSubstr("'gemm.onnx' has none; Halftone does not train"));
}

TEST(Workbench, SizesThatDoNotFitAreNamedWithTheirPlace) {
    const RunConfig config = tuning_config({"model.input_shapes={y: [1, 4]}"});
    EXPECT_THAT(message_of<ConfigError>([&] { (void)make_workbench(config, one_gemm(), "gemm.onnx", true); }),
                HasSubstr("model.input_shapes"));
}

}  // namespace
}  // namespace halftone
