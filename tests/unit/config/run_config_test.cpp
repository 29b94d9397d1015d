// The whole schema: top level, evaluation, identity.
#include "config/run_config.hpp"

#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::config;
using config_test::error_of;
using config_test::known_names;
using config_test::notes_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST(RunConfig, ReadsTheModel) {
    const RunConfig c =
        config("model:\n  name: resnet\n  framework: pytorch\n  path: m.onnx\n  inputs: a, b\n  outputs: [c]\n");
    EXPECT_EQ(c.model_name, "resnet");
    EXPECT_EQ(c.framework, "pytorch");
    EXPECT_EQ(c.model_path, "m.onnx");
    EXPECT_EQ(c.model_path_mark.to_text(), "c.yaml:4:9");
}

TEST(RunConfig, SizesOfInputsAreNumbersOrWordsForUnknownOnes) {
    const RunConfig c = config("model: {input_shapes: {x: [N, 3, 320, 320], 'a/b': [-1, 128]}}");
    EXPECT_THAT(c.input_shapes.at("x"), ElementsAre(-1, 3, 320, 320));
    EXPECT_THAT(c.input_shapes.at("a/b"), ElementsAre(-1, 128));
    EXPECT_THAT(print_config(c), HasSubstr("input_shapes:"));
    EXPECT_THAT(print_config(config("{}")), testing::Not(HasSubstr("input_shapes"))) << "silence stays silence";
    EXPECT_THAT(error_of("model: {input_shapes: {x: [1, 0]}}"), HasSubstr("model.input_shapes.x[1] must be 1 to"));
    EXPECT_THAT(error_of("model: {input_shapes: {x: 3}}"), HasSubstr("must be a list with a size for each dimension"));
    EXPECT_THAT(error_of("model: {input_shapes: [3]}"), HasSubstr("must be a map"));
}

TEST(RunConfig, NameAndFrameworkHaveDefaults) {
    const RunConfig c = config("model: {path: models/vgg.v2.onnx}");
    EXPECT_EQ(c.model_name, "vgg.v2");
    EXPECT_EQ(c.framework, "onnxrt_qlinearops");
    EXPECT_THAT(error_of("model: {framework: caffe}"), HasSubstr("allowed: tensorflow tensorflow_itex pytorch"));
}

TEST(RunConfig, BothDataloadersKnowTheFramework) {
    const RunConfig c = config(
        "model: {framework: tensorflow}\n"
        "quantization: {calibration: {dataloader: {dataset: {dummy: {shape: [2, 3]}}}}}\n"
        "evaluation: {accuracy: {metric: {topk: 1}, dataloader: {dataset: {dummy: {shape: [2, 3]}}}}}\n");
    EXPECT_EQ(c.quantization.calibration->framework, "tensorflow");
    EXPECT_EQ(c.evaluation->dataloader.framework, "tensorflow");
}

TEST(RunConfig, UnknownKeysPointAtThemselves) {
    EXPECT_EQ(error_of("model: {path: m.onnx}\ntunning: {random_seed: 1}\n").substr(0, 39),
              "c.yaml:2:1: tunning is unknown; allowed");
    EXPECT_THAT(error_of("tunning: {}"), HasSubstr("did you mean 'tuning'?"));
    EXPECT_THAT(
        error_of("quantization: {calibration: {smapling_size: 1}}"),
        StartsWith(
            "c.yaml:1:30: quantization.calibration.smapling_size is unknown; allowed: sampling_size dataloader"));
}

TEST(RunConfig, AConfigIsAMap) {
    EXPECT_EQ(error_of("[1, 2]"), "c.yaml:1:1: the config must be a map of keys and values, got a list");
    EXPECT_EQ(error_of("tuning: 3"), "c.yaml:1:9: tuning must be a map of keys and values, got '3'");
}

TEST(RunConfig, TheVersionIsOne) {
    for (const char* version : {"1", "1.0", "'1.0'", "1.6"}) {
        EXPECT_EQ(error_of(std::string("version: ") + version), "(no error)");
    }
    EXPECT_EQ(error_of("version: 2.0"), "c.yaml:1:10: version must be 1.0 (or another 1.x), got '2.0'");
}

TEST(RunConfig, OtherKindsOfCompressionAreNotAvailable) {
    for (const char* key : {"graph_optimization", "mixed_precision", "pruning", "train"}) {
        EXPECT_THAT(notes_of(std::string(key) + ": {x: 1}"),
                    ElementsAre("c.yaml:1:1: " + std::string(key) + " is not available; available: quantization"));
        EXPECT_THAT(notes_of(std::string(key) + ":"), IsEmpty());
    }
    // LPOT's word for models that were trained for quantization, which can be tuned.
    EXPECT_THAT(notes_of("model_conversion: {source: QAT}"), IsEmpty());
    EXPECT_THAT(notes_of("device: gpu"), SizeIs(1));
    EXPECT_THAT(notes_of("device: cpu"), IsEmpty());
}

std::string evaluation(const std::string& accuracy) { return "evaluation:\n  accuracy: {" + accuracy + "}\n"; }

TEST(Evaluation, IsAbsentUnlessAccuracyIsGiven) {
    EXPECT_FALSE(config("").evaluation.has_value());
    EXPECT_FALSE(config("evaluation:\n").evaluation.has_value());
    EXPECT_FALSE(
        config("evaluation: {performance: {warmup: 3, configs: {num_of_instance: 2}}}").evaluation.has_value());
}

TEST(Evaluation, ReadsMetricDataAndWhatBenchmarksRead) {
    const auto e =
        config(evaluation("metric: {topk: 5}, dataloader: {batch_size: 8, dataset: {dummy: }}, iteration: 3, "
                          "configs: {cores_per_instance: 4, kmp_blocktime: 0, kmp_affinity: compact}"))
            .evaluation;
    ASSERT_TRUE(e.has_value());
    EXPECT_EQ(e->metrics[0].plugin.name, "topk");
    EXPECT_EQ(e->metrics[0].plugin.node.scalar, "5");
    EXPECT_EQ(e->dataloader.dataset.name, "dummy");
    EXPECT_EQ(e->dataloader.batch_size, 8);
    EXPECT_EQ(e->iteration, 3);
}

TEST(Evaluation, NeedsOneMetricAndData) {
    // LPOT's users may set the data in their program: such a config is printed, and refused when it is to run.
    EXPECT_THAT(notes_of(evaluation("metric: {topk: 1}")),
                ElementsAre(StartsWith("c.yaml:2:3: evaluation.accuracy.dataloader is missing: a metric needs data")));
    EXPECT_EQ(error_of(evaluation("dataloader: {dataset: {dummy: }}")),
              "c.yaml:2:3: evaluation.accuracy.metric is missing; one of: topk");
    EXPECT_THAT(error_of(evaluation("metric: {topk: 1, MSE: }, dataloader: {dataset: {dummy: }}")),
                HasSubstr("evaluation.accuracy.metric.MSE is one too many"));
    EXPECT_THAT(error_of(evaluation("metric: topk, dataloader: {dataset: {dummy: }}")),
                HasSubstr("evaluation.accuracy.metric must be a map of keys and values, got 'topk'"));
}

TEST(Evaluation, OtherMetricsAndPostprocessingAreNotAvailableYet) {
    EXPECT_THAT(notes_of(evaluation("metric: {mAP: {iou_thrs: 0.5}}, dataloader: {dataset: {dummy: }}")),
                ElementsAre("c.yaml:2:23: evaluation.accuracy.metric 'mAP' is not available yet; available: topk"));
    EXPECT_THAT(notes_of(evaluation(
                    "metric: {topk: 1}, dataloader: {dataset: {dummy: }}, postprocess: {transform: {LabelShift: 1}}")),
                ElementsAre(HasSubstr("'LabelShift' is not available yet; available: Collect")));
    EXPECT_THAT(error_of(evaluation("metric: {top: 1}, dataloader: {dataset: {dummy: }}")),
                HasSubstr("did you mean 'topk'?"));
}

TEST(Evaluation, KeepsPostprocessesInTheirOrder) {
    KnownNames known = known_names();
    known.postprocesses = {"Collect", "LabelShift"};
    const RunConfig read =
        read_run_config(evaluation("metric: {topk: 1}, dataloader: {dataset: {dummy: }}, "
                                   "postprocess: {transform: {LabelShift: 1, Collect: {length: 5}}}"),
                        "c.yaml", {}, known);
    ASSERT_EQ(read.evaluation->postprocess.size(), 2U);
    EXPECT_EQ(read.evaluation->postprocess[0].name, "LabelShift");
    EXPECT_EQ(read.evaluation->postprocess[0].node.path, "evaluation.accuracy.postprocess.transform.LabelShift");
    EXPECT_EQ(read.evaluation->postprocess[1].node.find("length")->scalar, "5");
}

TEST(Evaluation, ABenchmarkBlockNeverPreventsRunning) {
    EXPECT_THAT(notes_of("evaluation: {performance: {dataloader: {dataset: {ImageRecord: {root: r}}}}}"), IsEmpty());
    EXPECT_THAT(error_of("evaluation: {performance: {warmpu: 1}}"), HasSubstr("did you mean 'warmup'?"));
}

std::uint64_t identity(std::string_view text) { return config(text).identity_hash(); }

TEST(Identity, IgnoresSpellingOrderAndDefaults) {
    EXPECT_EQ(identity("tuning: {random_seed: 1978}"), identity(""));
    EXPECT_EQ(identity("tuning: {accuracy_criterion: {relative: 1%}}"),
              identity("tuning: {accuracy_criterion: {relative: 0.01}}"));
    EXPECT_EQ(identity("quantization: {calibration: {sampling_size: 5}}\ntuning: {shards: 4}"),
              identity("tuning: {shards: 4}\nquantization: {calibration: {sampling_size: [5]}}"));
    EXPECT_EQ(identity("quantization: {calibration: {dataloader: {dataset: {dummy: {low: 0, high: 1}}}}}"),
              identity("quantization: {calibration: {dataloader: {dataset: {dummy: {high: 1, low: 0}}}}}"));
}

TEST(Identity, IgnoresWhereAndHowLongARunRuns) {
    EXPECT_EQ(
        identity("model: {path: a.onnx}\ntuning: {workspace: {path: w}, exit_policy: {timeout: 9, max_trials: 9}}"),
        identity(""));
}

TEST(Identity, SeesEverythingThatDecidesCandidatesAndScores) {
    for (const char* text :
         {"tuning: {random_seed: 1}", "tuning: {accuracy_criterion: {absolute: 0.01}}", "tuning: {shards: 3}",
          "tuning: {strategy: {model_wise: product}}", "quantization: {calibration: {sampling_size: 5}}",
          "quantization: {op_wise: {a: {weight: {dtype: [fp32]}}}}", "model: {input_shapes: {x: [N, 3]}}",
          "quantization: {exclude: [a]}", "cluster: {isa: avx2}", "tuning: {exit_policy: {performance_only: True}}"}) {
        EXPECT_NE(identity(text), identity("")) << text;
    }
    const auto transforms = [](const std::string& list) {
        return identity("quantization: {calibration: {dataloader: {dataset: {dummy: }, transform: {" + list + "}}}}");
    };
    EXPECT_NE(transforms("Rescale: , Normalize: "), transforms("Normalize: , Rescale: "));
}

}  // namespace
}  // namespace halftone
