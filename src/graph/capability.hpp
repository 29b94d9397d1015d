#pragma once
// What a unit can be: the options that this machine's kernels offer, and why others are refused. Plain values, so that
// the room space never sees the room kernel.

#include <optional>
#include <string>
#include <vector>

#include "tensor/quant_params.hpp"

namespace halftone {

/// How the activations that a unit reads and writes are stored. f32/bf16: the other fields mean nothing (defaults).
struct ActivationConfig {
    DType dtype = DType::f32;
    Scheme scheme = Scheme::asym;
    Granularity granularity = Granularity::per_tensor;
    Algorithm algorithm = Algorithm::minmax;
    friend auto operator<=>(const ActivationConfig&, const ActivationConfig&) = default;
};

struct WeightConfig {
    DType dtype = DType::f32;
    Scheme scheme = Scheme::sym;
    Granularity granularity = Granularity::per_channel;
    Algorithm algorithm = Algorithm::minmax;
    friend auto operator<=>(const WeightConfig&, const WeightConfig&) = default;
};

struct UnitConfig {
    ActivationConfig activation;
    WeightConfig weight;
    [[nodiscard]] bool is_quantized() const { return activation.dtype == DType::u8 || activation.dtype == DType::s8; }
    friend auto operator<=>(const UnitConfig&, const UnitConfig&) = default;
};

inline UnitConfig high_precision(DType dtype) { return {.activation = {.dtype = dtype}, .weight = {.dtype = dtype}}; }

struct Refusal {
    std::string dtype;  ///< word: "bf16", "int8"
    std::string why;
};

/// Options of one unit; quantized ones first (their order is the default order of the search), fp32 always last.
struct Capability {
    std::vector<UnitConfig> options;
    std::vector<Refusal> refused;
};

using CapabilityTable = std::vector<Capability>;  ///< by unit index

}  // namespace halftone
