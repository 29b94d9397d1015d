#pragma once
// Affine quantization parameters: real = scale * (code - zero_point). scale is in real units per step.

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "tensor/algorithm.hpp"
#include "tensor/dtype.hpp"

namespace halftone {

enum class Scheme : std::uint8_t { asym, sym };
inline constexpr EnumNames<Scheme, 2> kSchemeNames{{{{Scheme::asym, "asym"}, {Scheme::sym, "sym"}}}};

enum class Granularity : std::uint8_t { per_tensor, per_channel };
inline constexpr EnumNames<Granularity, 2> kGranularityNames{
    {{{Granularity::per_tensor, "per_tensor"}, {Granularity::per_channel, "per_channel"}}}};

/// An algorithm with its setting: two rules that choose the same range are equal.
struct RangeRule {
    Algorithm algorithm = Algorithm::minmax;
    float percentile = 0;  ///< of Algorithm::percentile: share of the values kept, in %, (50, 100]; 0 for the others
    friend auto operator<=>(const RangeRule&, const RangeRule&) = default;
};

/// The share of the values that `percentile` keeps by default, in %.
inline constexpr float kDefaultPercentile = 99.99F;

/// "kl", "percentile 99.99"
[[nodiscard]] std::string to_text(const RangeRule& rule);

/// A real interval that a quantized tensor must represent.
struct Range {
    float low = 0;
    float high = 0;
    friend bool operator==(const Range&, const Range&) = default;
};

/// Parameters of one tensor. One scale and zero point (per tensor), one per slice along `axis` (per channel), or one
/// for every `block_size` neighbours along `axis` of a matrix (blocks; the last one may be shorter).
struct QuantParams {
    DType dtype = DType::u8;
    std::vector<float> scale{1.0F};
    std::vector<std::int32_t> zero_point{0};
    std::int64_t axis = 0;  ///< of the slices, or along which blocks are cut; has no meaning per tensor
    /// Elements of a block; 0 if there are none. Scales then form a row-major matrix with the shape of the tensor's,
    /// but for the number of blocks along `axis`.
    std::int64_t block_size = 0;

    [[nodiscard]] bool has_blocks() const { return block_size != 0; }
    [[nodiscard]] bool is_per_tensor() const { return scale.size() == 1 && !has_blocks(); }
    friend bool operator==(const QuantParams&, const QuantParams&) = default;
};

}  // namespace halftone
