#pragma once
// Which configurations each unit can have on this machine, asked from the ops' supports().

#include <vector>

#include "graph/capability.hpp"
#include "graph/given.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// What a configuration can name beside what kernels decide.
struct OfferedSettings {
    bool offers_static = true;        ///< activations with calibrated ranges
    bool offers_dynamic = false;      ///< activations whose ranges are found at run time
    bool offers_weight_only = false;  ///< weights by blocks, beside real activations
    /// What the model's file says of its units; null if it says nothing. Units of which it does get an option that
    /// keeps it (graph/given.hpp), before all others.
    const GivenNumbers* given = nullptr;
    std::vector<RangeRule> activation_rules{RangeRule{}};
    std::vector<Algorithm> weight_algorithms{Algorithm::minmax};
    std::vector<float> bits{kAllBits};
    std::vector<std::int64_t> group_sizes{kDefaultGroupSize};  ///< of weights by blocks
    std::vector<Algorithm> block_algorithms{kRoundToNearest};  ///< of weights by blocks
};

/// By unit index. Option order: activation dtype (uint8, int8) x activation scheme (asym, sym) x weight scheme (sym,
/// asym) x weight granularity (per_channel, per_tensor) x weight algorithm x bit x activation rule (as given), slowest
/// first; then those of dynamic quantization (weight scheme x granularity x algorithm x bit); then weight-only ones
/// (weight dtype int4, int8 x scheme x algorithm x group size); then bf16, fp32 last.
/// Refused: bf16 and int8 with the kernels' reasons. Asymmetric weights are run by no integer kernel: they are offered
/// wherever fp32 is, as is_accelerated() tells.
[[nodiscard]] CapabilityTable capabilities(const Graph& graph, const std::vector<Unit>& units,
                                           const OfferedSettings& settings);

}  // namespace halftone
