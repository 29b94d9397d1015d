#pragma once
// Affine quantization of a matrix by blocks: neighbours along one axis share a scale. Weight-only quantization stores
// weights in this form, while activations stay real values. Codes have 4 or 8 bits.

#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// How the scales of a matrix are chosen.
struct BlockRule {
    DType dtype = DType::s4;       ///< of the codes: s4 and s8 are symmetric, u4 and u8 have zero points
    std::int64_t axis = 0;         ///< along which blocks are cut, 0 or 1
    std::int64_t block_size = 32;  ///< > 0; the last block may be shorter, and a block longer than the axis
};

/// Chooses the scales by the largest values of each block ("round to nearest"); no data are needed.
/// s4, s8: scale = max|w| / (2^(bits-1) - 1), zero point 0; the lowest code is not used.
/// u4, u8: the range is extended to contain 0; scale = (max - min) / (2^bits - 1), zero point = rint(-min / scale).
/// Scales are computed in double and rounded once; the zero point uses the rounded scale. A block of zeros has scale 1.
/// Source: RTN as in Intel Neural Compressor's RTNConfig. @pre an fp32 matrix @throws ModelError for NaN or infinity
[[nodiscard]] QuantParams block_params(const Tensor& matrix, const BlockRule& rule);

/// Makes the codes of an fp32 matrix: clamp(rint(w / scale) + zero_point), ties to even.
/// Source: ONNX operator QuantizeLinear, opset 21, with block_size. @pre params.has_blocks(), sizes that fit
[[nodiscard]] Tensor quantize_blocks(const Tensor& matrix, const QuantParams& params);

/// Gives the real values of the codes: (code - zero_point) * scale, rounded once.
/// Source: ONNX operator DequantizeLinear, opset 21, with block_size. @pre as quantize_blocks
[[nodiscard]] Tensor dequantize_blocks(const Tensor& codes, const QuantParams& params);

/// Returns the shape of a matrix's scales: that of the matrix, with the number of blocks along the axis.
[[nodiscard]] Shape block_scale_shape(const Shape& matrix, std::int64_t axis, std::int64_t block_size);

/// Returns the matrix with rows and columns exchanged. @pre elements of one byte or fp32
[[nodiscard]] Tensor turned_matrix(const Tensor& matrix);

}  // namespace halftone
