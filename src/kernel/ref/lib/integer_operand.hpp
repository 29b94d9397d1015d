#pragma once
// Operands of MatMulInteger and ConvInteger: codes of 8 bits with zero points as inputs of the node.

#include <vector>

#include "kernel/shape/rules.hpp"
#include "tensor/tensor.hpp"

namespace halftone::ref {

/// The codes as int32, each minus zero_point(row-major place).
template <class ZeroPoint>
std::vector<std::int32_t> centred_codes(const TensorView& codes, ZeroPoint zero_point) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(codes.elements()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::int32_t code =
            codes.type.dtype == DType::u8 ? codes.as<std::uint8_t>()[i] : codes.as<std::int8_t>()[i];
        values[i] = code - zero_point(i);
    }
    return values;
}

/// Zero point number `place` of a tensor of zero points, or the only one. 0 if the node has none.
[[nodiscard]] inline std::int32_t zero_point_of(const TensorView& zero_points, std::size_t place) {
    if (zero_points.data == nullptr) return 0;
    const std::size_t i = zero_points.elements() == 1 ? 0 : place;
    return zero_points.type.dtype == DType::u8 ? zero_points.as<std::uint8_t>()[i] : zero_points.as<std::int8_t>()[i];
}

/// Checks the zero point at `input` of the codes at `codes`: the same type, and one value or `count`.
inline void check_zero_point(const OpContext& op, std::size_t input, std::size_t codes, std::int64_t count) {
    if (!op.has_input(input)) return;
    check_same_dtype(op, input, codes);
    const Shape& shape = op.inputs[input].shape;
    if (!shape.is_static() || (shape.elements() != 1 && shape != Shape{count})) {
        refuse(op, "zero point " + shape.to_text() + " is neither one value nor " + std::to_string(count));
    }
}

}  // namespace halftone::ref
