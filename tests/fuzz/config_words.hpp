#pragma once
// Words that the mutator puts into configs, and the plug-in names that the targets' configs may use.

#include <array>
#include <string_view>

#include "config/run_config.hpp"

namespace halftone::fuzz {

inline constexpr std::array<std::string_view, 72> kConfigWords{"version",
                                                               "model",
                                                               "name",
                                                               "framework",
                                                               "path",
                                                               "inputs",
                                                               "outputs",
                                                               "device",
                                                               "quantization",
                                                               "approach",
                                                               "calibration",
                                                               "sampling_size",
                                                               "dataloader",
                                                               "batch_size",
                                                               "dataset",
                                                               "transform",
                                                               "model_wise",
                                                               "optype_wise",
                                                               "op_wise",
                                                               "activation",
                                                               "weight",
                                                               "granularity",
                                                               "scheme",
                                                               "dtype",
                                                               "algorithm",
                                                               "bit",
                                                               "recipes",
                                                               "exclude",
                                                               "first_conv_or_matmul_quantization",
                                                               "reduce_range",
                                                               "evaluation",
                                                               "accuracy",
                                                               "metric",
                                                               "topk",
                                                               "performance",
                                                               "iteration",
                                                               "warmup",
                                                               "configs",
                                                               "tuning",
                                                               "strategy",
                                                               "basic",
                                                               "accuracy_criterion",
                                                               "relative",
                                                               "absolute",
                                                               "exit_policy",
                                                               "timeout",
                                                               "max_trials",
                                                               "random_seed",
                                                               "workspace",
                                                               "tensorboard",
                                                               "cluster",
                                                               "isa",
                                                               "threads",
                                                               "shards",
                                                               "dummy",
                                                               "Rescale",
                                                               "minmax",
                                                               "kl",
                                                               "percentile",
                                                               "per_channel",
                                                               "per_tensor",
                                                               "asym",
                                                               "sym",
                                                               "int8",
                                                               "uint8",
                                                               "fp32",
                                                               "bf16",
                                                               "true",
                                                               "false",
                                                               "null",
                                                               "<<",
                                                               "re:.*"};

inline const KnownNames& fuzz_names() {
    static const KnownNames names{{"basic"}, {"dummy"}, {"Rescale"}, {"topk"}, {"minmax", "kl"}};
    return names;
}

}  // namespace halftone::fuzz
