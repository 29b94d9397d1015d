#pragma once
// CodeRounding: QuantizeLinear's arithmetic for a single value. The loops of this room inline it. The kernels' loops
// (kernel/codes) have the same arithmetic fused with a clamp; tests compare both, bit for bit.

#include <bit>
#include <cstdint>
#include <limits>

namespace halftone {

/// Makes a code of a real value: clamp(rint(x / scale) + zero_point, low, high), ties to even, NaN as 0.0.
/// Source: ONNX operator QuantizeLinear, opset 13; the NaN rule is ours. [low, high] may be narrower than the code's
/// type: rounding is monotonic, so a clamp of real values is a clamp of codes.
class CodeRounding {
public:
    /// @pre the limits and the zero point fit in 8 bits, signed or unsigned
    CodeRounding(float scale, std::int32_t zero_point, std::int32_t low, std::int32_t high)
        : scale_(scale),
          lowest_(static_cast<float>(low - zero_point)),
          highest_(static_cast<float>(high - zero_point)),
          zero_point_(zero_point) {}

    /// The limits are those of the type.
    template <class Code>
    [[nodiscard]] static CodeRounding of_type(float scale, std::int32_t zero_point) {
        return {scale, zero_point, std::numeric_limits<Code>::min(), std::numeric_limits<Code>::max()};
    }

    // Always inlined: a caller that is compiled for several instruction sets must vectorise it for each of them.
    template <class Code>
    [[nodiscard]] inline __attribute__((always_inline)) Code code(float x) const {
        float v = x / scale_;
        v = v == v ? v : 0.0F;  // NaN
        // Clamping before rounding is the same as after it, because the limits are integers, and it keeps |v| small.
        v = v > lowest_ ? v : lowest_;
        v = v < highest_ ? v : highest_;
        // For |v| < 2^22 the sum v + kRound has no fraction bits: it is v rounded to an integer, ties to even, and its
        // last bits are that integer in two's complement.
        return static_cast<Code>(std::bit_cast<std::int32_t>(v + kRound) + zero_point_);
    }

private:
    static constexpr float kRound = 12582912.0F;  // 1.5 * 2^23

    float scale_, lowest_, highest_;
    std::int32_t zero_point_;
};

}  // namespace halftone
