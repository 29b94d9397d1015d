#pragma once
// The options of a unit that this machine's kernels offer, and why others are refused. These are plain values, so that
// the room space need not know the room kernel.

#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "base/shared_list.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

/// When the range of an activation is found.
enum class When : std::uint8_t {
    calibrated,  ///< before the model runs, from calibration data: static quantization
    at_run_time  ///< each time, from the values themselves: dynamic quantization
};
/// LPOT's words for the two.
inline constexpr EnumNames<When, 2> kWhenNames{{{{When::calibrated, "static"}, {When::at_run_time, "dynamic"}}}};

/// How the activations that a unit reads and writes are stored. With f32 or bf16 the other fields have their defaults.
struct ActivationConfig {
    DType dtype = DType::f32;
    Scheme scheme = Scheme::asym;
    Granularity granularity = Granularity::per_tensor;
    Algorithm algorithm = Algorithm::minmax;
    float percentile = 0;  ///< of Algorithm::percentile, in %
    When when = When::calibrated;
    [[nodiscard]] RangeRule range_rule() const { return {algorithm, percentile}; }
    friend auto operator<=>(const ActivationConfig&, const ActivationConfig&) = default;
};

inline constexpr float kAllBits = 7.0F;
/// Codes up to 63: 2 * 255 * 63 < 2^15, so no pair of products exceeds 16 bits.
inline constexpr float kReducedBits = 6.0F;

/// The algorithm of weights that are stored by blocks: each block's scale comes from its largest values
/// (tensor/block_affine.hpp). "Round to nearest", without data.
inline constexpr Algorithm kRoundToNearest{"rtn"};
/// Weights by blocks whose codes are chosen by calibration data (exec/gptq.hpp).
inline constexpr Algorithm kGptq{"gptq"};
/// Weights by blocks whose input channels are scaled by calibration data before they are rounded to nearest
/// (exec/awq.hpp).
inline constexpr Algorithm kAwq{"awq"};
/// The algorithm of an option whose parameters come from the model's file (graph/given.hpp), and not from calibration
/// or from weights.
inline constexpr Algorithm kGiven{"given"};
/// The default number of weights that share a scale.
inline constexpr std::int64_t kDefaultGroupSize = 32;

struct WeightConfig {
    /// For weights by blocks int4 or int8, with any scheme: symmetric weights are stored as int4 and int8, asymmetric
    /// ones as uint4 and uint8 (stored_dtype).
    DType dtype = DType::f32;
    Scheme scheme = Scheme::sym;
    Granularity granularity = Granularity::per_channel;
    Algorithm algorithm = Algorithm::minmax;
    /// Bits of a code's magnitude: codes reach 2^bit - 1. 7: all of int8; 6: no pair of products can exceed 16 bits.
    float bit = kAllBits;
    /// Weights along the input channels that share a scale; 0 if weights are not stored by blocks. If it is not 0,
    /// granularity and bit have no meaning.
    std::int64_t group_size = 0;
    friend auto operator<=>(const WeightConfig&, const WeightConfig&) = default;
};

struct UnitConfig {
    ActivationConfig activation;
    WeightConfig weight;
    /// Returns whether the unit's weights are stored as codes; it is then static, dynamic or weight-only.
    [[nodiscard]] bool is_quantized() const { return reads_codes() || is_weight_only(); }
    /// Returns whether the unit reads and writes codes of calibrated ranges, which its neighbours may share.
    [[nodiscard]] bool is_static() const { return reads_codes() && activation.when == When::calibrated; }
    /// Returns whether the unit makes codes of real values each time it runs, and gives real values. Its neighbours see
    /// no codes, and it needs no calibration.
    [[nodiscard]] bool is_dynamic() const { return reads_codes() && activation.when == When::at_run_time; }
    /// Returns whether the unit's weights are codes by blocks, and everything else is real. It needs no calibration,
    /// and its neighbours see no codes.
    [[nodiscard]] bool is_weight_only() const { return weight.group_size != 0; }
    /// Returns whether the products are sums of codes.
    [[nodiscard]] bool reads_codes() const { return activation.dtype == DType::u8 || activation.dtype == DType::s8; }
    friend auto operator<=>(const UnitConfig&, const UnitConfig&) = default;
};

/// Returns whether the option keeps the parameters of the model's file.
[[nodiscard]] inline bool is_given(const UnitConfig& config) { return config.weight.algorithm == kGiven; }

/// Returns whether an integer kernel runs the unit. There is none for calibrated activations and weights with zero
/// points: such a unit is computed from real values, and only the file gets smaller.
inline bool is_accelerated(const UnitConfig& config) {
    return !config.is_static() || config.weight.scheme == Scheme::sym;
}

/// Returns the element type in which weights by blocks are stored. @pre group_size is not 0
inline DType stored_dtype(const WeightConfig& weight) {
    const bool is_signed = weight.scheme == Scheme::sym;
    if (weight.dtype == DType::s4) return is_signed ? DType::s4 : DType::u4;
    return is_signed ? DType::s8 : DType::u8;
}

inline UnitConfig high_precision(DType dtype) { return {.activation = {.dtype = dtype}, .weight = {.dtype = dtype}}; }

struct Refusal {
    std::string dtype;  ///< word: "bf16", "int8"
    std::string why;
};

/// Options of one unit; quantized ones first (their order is the default order of the search), fp32 always last. Units
/// with the same options and refusals share both lists.
struct Capability {
    SharedList<UnitConfig> options;
    SharedList<Refusal> refused;
};

using CapabilityTable = std::vector<Capability>;  ///< by unit index

}  // namespace halftone
