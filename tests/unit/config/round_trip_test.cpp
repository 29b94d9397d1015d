// --print-config: what is printed reads back as the same config. Over LPOT's own fragments, which must parse unchanged
// (issue A, last section), and over every config of this repository.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::config;
using config_test::known_names;
using testing::HasSubstr;

// LPOT's strategy document.
constexpr const char* kFragments[] = {
    "",
    R"(quantization:
  calibration:
    sampling_size: 1000, 2000
  model_wise:
    weight:
      granularity: per_channel
      scheme: asym
      dtype: int8
      algorithm: minmax
    activation:
      granularity: per_tensor
      scheme: asym
      dtype: int8, fp32
      algorithm: minmax, kl
)",
    R"(quantization:
  op_wise: {'conv1': {'activation': {'dtype': ['uint8','fp32'], 'algorithm': ['minmax','kl'], 'scheme': ['sym']}, 'weight': {'dtype': ['int8','fp32'], 'algorithm': ['kl']}}, 'pool1': {'activation': {'dtype': ['int8'], 'scheme': ['sym'], 'granularity': ['per_tensor'], 'algorithm': ['minmax','kl']}}, 'conv2': {'activation': {'dtype': ['fp32']}, 'weight': {'dtype': ['fp32']}}}
)",
    R"(quantization:
  op_wise: {
    'conv1': {
      'activation':  {'dtype': ['uint8', 'fp32'], 'algorithm': ['minmax', 'kl'], 'scheme':['sym']},
      'weight': {'dtype': ['int8', 'fp32'], 'algorithm': ['kl']}
    },
    'pool1': {
      'activation': {'dtype': ['int8'], 'scheme': ['sym'], 'granularity': ['per_tensor'], 'algorithm': ['minmax', 'kl']},
    },
    'conv2': {
      'activation':  {'dtype': ['fp32']},
      'weight': {'dtype': ['fp32']}
    },
  }
)",
    R"(quantization:
  calibration:
    sampling_size: 1000
    dataloader:
      dataset:
        TFRecordDataset:
          root: /path/to/tf_record
      transform:
        Resize:
          size: 256
        CenterCrop:
          size: 224
        ToTensor:
)",
    R"(tuning:
  strategy:
    name: tpe
    accuracy_weight: 1.0
    latency_weight: 1.0
  accuracy_criterion:
    relative:  0.01
  objective: performance
  exit_policy:
    timeout: 0
    max_trials: 100
  random_seed: 9527
  tensorboard: True
)",
    R"(tuning:
  strategy:
    name: sigopt
    sigopt_api_token: YOUR-ACCOUNT-API-TOKEN
    sigopt_project_id: PROJECT-ID
    sigopt_experiment_name: lpot-tune
  objective: footprint
  accuracy_criterion:
    relative: 1%
)",
};

void expect_round_trip(std::string_view text, const std::string& file) {
    const RunConfig first = read_run_config(text, file, {}, known_names());
    const std::string printed = print_config(first);
    const RunConfig second = read_run_config(printed, file, {}, known_names());
    EXPECT_TRUE(is_same_tree(first.effective, second.effective)) << printed << "\nis printed again as\n"
                                                                 << print_config(second);
    EXPECT_EQ(printed, print_config(second));
    EXPECT_EQ(first.identity_hash(), second.identity_hash());
    EXPECT_EQ(first.model_path, second.model_path);
    EXPECT_EQ(first.quantization.sampling_sizes, second.quantization.sampling_sizes);
    EXPECT_EQ(first.tuning.criterion.loss, second.tuning.criterion.loss);
    EXPECT_EQ(first.not_available.size(), second.not_available.size());
}

TEST(PrintConfig, LpotsFragmentsReadBackTheSame) {
    for (const std::string fragment : kFragments) {
        SCOPED_TRACE(fragment);
        expect_round_trip(fragment, "c.yaml");
        expect_round_trip("model:\n  path: m.onnx\n" + fragment, "c.yaml");
    }
}

TEST(PrintConfig, EveryStrategyOfLpotIsPrinted) {
    for (const char* name : {"basic", "bayesian", "exhaustive", "mse", "random", "tpe"}) {
        const std::string text = std::string("tuning: {strategy: {name: ") + name + "}}";
        expect_round_trip(text, "c.yaml");
        EXPECT_THAT(print_config(config(text)), HasSubstr(std::string("  strategy:\n    name: ") + name + "\n"));
    }
}

TEST(PrintConfig, EveryConfigOfTheRepositoryReadsBackTheSame) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(HALFTONE_SOURCE_DIR "/configs")) {
        if (entry.path().extension() != ".yaml") continue;
        SCOPED_TRACE(entry.path().string());
        std::ifstream stream(entry.path());
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        expect_round_trip(text, entry.path().string());
        ++count;
    }
    EXPECT_GE(count, 10);
}

constexpr const char* kDefaults = R"(version: 1.0
model:
  name: m
  framework: onnxrt_qlinearops
  path: m.onnx
  inputs: []
  outputs: []
device: cpu
quantization:
  approach: post_training_static_quant
  calibration:
    sampling_size: [100]
  recipes:
    scale_propagation_max_pooling: true
    scale_propagation_concat: true
    first_conv_or_matmul_quantization: true
    last_conv_or_matmul_quantization: true
    fast_bias_correction: false
    weight_correction: false
    bias_correction: false
    cross_layer_equalization: false
    smooth_quant: false
    smooth_quant_args:
      alpha: [0.5]
  model_wise:
    weight:
      dtype: []
      scheme: []
      granularity: []
      algorithm: []
      bit: []
    activation:
      dtype: []
      scheme: []
      granularity: []
      algorithm: []
      percentile: []
  optype_wise: {}
  op_wise: {}
  exclude: []
  reduce_range: auto
tuning:
  strategy:
    name: basic
    model_wise: uniform
    batch: 8
  accuracy_criterion:
    relative: 0.01
    higher_is_better: true
  objective: performance
  exit_policy:
    timeout: 0
    max_trials: 100
    performance_only: false
  random_seed: 1978
  tensorboard: false
  workspace:
    path: ''
  mode: exact
  early_termination: true
  prefix_reuse: true
  prefix_memory_mb: 256
  sample_memory_mb: 1024
  finalists: 3
  shards: 20
  batch_size: 25
  threads: 1
cluster:
  isa: ''
)";

TEST(PrintConfig, ShowsEveryDefault) { EXPECT_EQ(print_config(config("model: {path: m.onnx}")), kDefaults); }

TEST(PrintConfig, KeepsTransformsParametersAndTheirOrder) {
    const std::string printed = print_config(config(
        "evaluation: {accuracy: {metric: {topk: 1}, dataloader: {dataset: {FashionMNIST: {root: /d, train: no}}, "
        "transform: {Rescale: , Normalize: {mean: [0.2860], std: 0.3530}, Transpose: {perm: '2, 0, 1'}}}}}"));
    EXPECT_THAT(printed,
                HasSubstr("      transform:\n        Rescale: {}\n        Normalize:\n          mean: [0.2860]\n"
                          "          std: 0.3530\n        Transpose:\n          perm: '2, 0, 1'\n"));
    EXPECT_THAT(printed, HasSubstr("        FashionMNIST:\n          root: /d\n          train: no\n"));
}

}  // namespace
}  // namespace halftone
