// A matrix by blocks: which scale an element has (BlockMap), and three walks over all elements with their scales: to
// choose scales (block_params), to make codes (quantize_matrix), and to read them (dequantize_matrix).
//
// The walks go in memory order, and blocks may lie along either axis: so a Gemm's turned weight needs no copy.
#include "tensor/block_affine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "tensor/affine.hpp"
#include "tensor/code_rounding.hpp"

namespace halftone {
namespace {

/// Says for each element of a matrix which scale is its own.
class BlockMap {
public:
    BlockMap(const Shape& matrix, std::int64_t axis, std::int64_t block_size)
        : columns_(static_cast<std::size_t>(matrix[1])),
          size_(static_cast<std::size_t>(block_size)),
          scale_columns_(static_cast<std::size_t>(block_scale_shape(matrix, axis, block_size)[1])),
          is_along_rows_(axis == 0) {}

    /// Calls body(element, scale) with the indices of both, in memory order.
    template <class Body>
    void for_each(std::size_t rows, const Body& body) const {
        for (std::size_t row = 0; row < rows; ++row) {
            const std::size_t first = (is_along_rows_ ? row / size_ : row) * scale_columns_;
            for (std::size_t column = 0; column < columns_; ++column) {
                body(row * columns_ + column, first + (is_along_rows_ ? column : column / size_));
            }
        }
    }

private:
    std::size_t columns_, size_, scale_columns_;
    bool is_along_rows_;
};

/// Calls body(element, scale) for all elements of a matrix whose parameters fit it.
template <class Body>
void for_each_code(const Tensor& matrix, const QuantParams& params, const Body& body) {
    HALFTONE_CHECK(matrix.shape().rank() == 2 && params.has_blocks(), "blocks are cut from a matrix");
    const Shape scales = block_scale_shape(matrix.shape(), params.axis, params.block_size);
    HALFTONE_CHECK(static_cast<std::size_t>(scales.elements()) == params.scale.size() &&
                       params.zero_point.size() == params.scale.size(),
                   "one scale and zero point for each block of " + matrix.shape().to_text());
    BlockMap(matrix.shape(), params.axis, params.block_size)
        .for_each(static_cast<std::size_t>(matrix.shape()[0]), body);
}

template <class Code>
void quantize_matrix(const Tensor& matrix, const QuantParams& params, Tensor& codes) {
    const auto from = matrix.as<float>();
    const auto to = codes.mutable_view().as<Code>();
    const CodeRange range = code_range(params.dtype);
    for_each_code(matrix, params, [&](std::size_t i, std::size_t scale) {
        const CodeRounding rounding(params.scale[scale], params.zero_point[scale], range.low, range.high);
        to[i] = rounding.template code<Code>(from[i]);
    });
}

template <class Code>
void dequantize_matrix(const Tensor& codes, const QuantParams& params, Tensor& matrix) {
    const auto from = codes.as<Code>();
    const auto to = matrix.mutable_view().as<float>();
    for_each_code(codes, params, [&](std::size_t i, std::size_t scale) {
        to[i] = static_cast<float>(from[i] - params.zero_point[scale]) * params.scale[scale];
    });
}

bool is_signed(DType dtype) { return dtype == DType::s4 || dtype == DType::s8; }

void choose_block(float lowest, float highest, const BlockRule& rule, float& scale, std::int32_t& zero_point) {
    const CodeRange codes = code_range(rule.dtype);
    const double low = std::min(static_cast<double>(lowest), 0.0);
    const double high = std::max(static_cast<double>(highest), 0.0);
    // Signed codes are used from -high to high: the lowest one would stand for a magnitude that no positive code has.
    const bool is_symmetric = is_signed(rule.dtype);
    const double width = is_symmetric ? std::max(-low, high) : high - low;
    scale = 1.0F;
    zero_point = 0;
    if (width == 0) return;                                // a block of zeros: any scale will do
    const double steps = static_cast<double>(codes.high);  // signed: both halves have as many; unsigned: codes from 0
    scale = std::max(static_cast<float>(width / steps), std::numeric_limits<float>::min());
    if (is_symmetric) return;
    zero_point = static_cast<std::int32_t>(std::clamp(std::nearbyint(-low / static_cast<double>(scale)), 0.0, steps));
}

}  // namespace

Shape block_scale_shape(const Shape& matrix, std::int64_t axis, std::int64_t block_size) {
    HALFTONE_CHECK(matrix.rank() == 2 && (axis == 0 || axis == 1) && block_size > 0, "blocks are cut from a matrix");
    const std::int64_t length = matrix[static_cast<std::size_t>(axis)];
    const std::int64_t blocks = length / block_size + (length % block_size == 0 ? 0 : 1);
    return axis == 0 ? Shape{blocks, matrix[1]} : Shape{matrix[0], blocks};
}

QuantParams block_params(const Tensor& matrix, const BlockRule& rule) {
    HALFTONE_CHECK(matrix.dtype() == DType::f32, "weights are fp32");
    const auto count =
        static_cast<std::size_t>(block_scale_shape(matrix.shape(), rule.axis, rule.block_size).elements());
    QuantParams params{.dtype = rule.dtype,
                       .scale = std::vector<float>(count),
                       .zero_point = std::vector<std::int32_t>(count),
                       .axis = rule.axis,
                       .block_size = rule.block_size};
    std::vector<float> low(count);  // never above 0: the range holds 0, whatever the values are
    std::vector<float> high(count);
    const auto values = matrix.as<float>();
    // One pass for all blocks: along rows, the values of a block are far from each other in memory.
    for_each_code(matrix, params, [&](std::size_t i, std::size_t scale) {
        if (!std::isfinite(values[i])) refuse_weight_without_scale();
        low[scale] = std::min(low[scale], values[i]);
        high[scale] = std::max(high[scale], values[i]);
    });
    for (std::size_t b = 0; b < count; ++b) {
        choose_block(low[b], high[b], rule, params.scale[b], params.zero_point[b]);
    }
    return params;
}

Tensor quantize_blocks(const Tensor& matrix, const QuantParams& params) {
    Tensor codes({params.dtype, matrix.shape()});
    if (is_signed(params.dtype))
        quantize_matrix<std::int8_t>(matrix, params, codes);
    else
        quantize_matrix<std::uint8_t>(matrix, params, codes);
    return codes;
}

Tensor dequantize_blocks(const Tensor& codes, const QuantParams& params) {
    HALFTONE_CHECK(codes.dtype() == params.dtype, "codes have the parameters' dtype");
    Tensor matrix({DType::f32, codes.shape()});
    if (is_signed(params.dtype))
        dequantize_matrix<std::int8_t>(codes, params, matrix);
    else
        dequantize_matrix<std::uint8_t>(codes, params, matrix);
    return matrix;
}

Tensor turned_matrix(const Tensor& matrix) {
    HALFTONE_CHECK(matrix.shape().rank() == 2, "a matrix has two dimensions");
    const auto rows = static_cast<std::size_t>(matrix.shape()[0]);
    const auto columns = static_cast<std::size_t>(matrix.shape()[1]);
    const std::size_t width = size_of(matrix.dtype());
    Tensor turned({matrix.dtype(), Shape{matrix.shape()[1], matrix.shape()[0]}});
    // Bytes, since codes of all types and scales are turned alike.
    const std::byte* from = matrix.view().data;
    std::byte* to = turned.mutable_view().data;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
            std::copy_n(from + (row * columns + column) * width, width, to + (column * rows + row) * width);
        }
    }
    return turned;
}

}  // namespace halftone
