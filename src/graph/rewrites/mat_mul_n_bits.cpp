// A product by a matrix of 2, 4 or 8 bits: A, B (packed codes), scales, zero_points, g_idx, bias. ONNX Runtime's and
// Olive's quantizers make it. It becomes DequantizeLinear with blocks along the rows, MatMul, and Add of the bias.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.MatMulNBits.
//
// B is [N, blocks, bytes of a block]: column by column, blocks along K, the first code in the low bits. zero_points has
// one code for each block, packed in the same way, and each column begins with a new byte.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "graph/rewrites/rewrites.hpp"

namespace halftone {
namespace {

/// Sizes of the matrix, as the attributes say them.
struct NBitsMatrix {
    std::int64_t rows = 0, columns = 0, block_size = 0, bits = 0;
    [[nodiscard]] std::int64_t blocks() const { return (rows + block_size - 1) / block_size; }
    [[nodiscard]] std::int64_t middle() const { return std::int64_t{1} << (bits - 1); }
    /// Bytes that hold so many codes.
    [[nodiscard]] std::int64_t packed(std::int64_t codes) const { return (codes * bits + 7) / 8; }
    /// Bytes of B: each block is full, the last one too.
    [[nodiscard]] std::int64_t column_bytes() const { return blocks() * packed(block_size); }
};

NBitsMatrix n_bits_matrix(const Rewriter& rewriter) {
    const Node& node = rewriter.node();
    NBitsMatrix matrix{.rows = int_attribute(node, "K", 0),
                       .columns = int_attribute(node, "N", 0),
                       .block_size = int_attribute(node, "block_size", 0),
                       .bits = int_attribute(node, "bits", 4)};
    constexpr std::int64_t kMost = std::int64_t{1} << 31;  // products of two sizes stay far from the largest int64
    const auto is_size = [](std::int64_t size) { return size > 0 && size < kMost; };
    if (!is_size(matrix.rows) || !is_size(matrix.columns) || !is_size(matrix.block_size))
        rewriter.refuse(fmt::format("K, N and block_size must be from 1 to {}, got {}, {} and {}", kMost - 1,
                                    matrix.rows, matrix.columns, matrix.block_size));
    if (matrix.bits != 2 && matrix.bits != 4 && matrix.bits != 8)
        rewriter.refuse(fmt::format("bits must be 2, 4 or 8, got {}", matrix.bits));
    if (matrix.block_size * matrix.bits % 8 != 0)
        rewriter.refuse(
            fmt::format("a block must fill whole bytes, got {} elements of {} bits", matrix.block_size, matrix.bits));
    return matrix;
}

/// Returns a constant input with this many elements. @throws ModelError
const Tensor& constant_input(Rewriter& rewriter, std::size_t i, std::int64_t elements, const char* what) {
    const Value& value = rewriter.builder().value(rewriter.input(i));
    if (!value.is_constant()) rewriter.refuse(std::string(what) + " must be constant");
    if (value.constant.elements() != elements) {
        rewriter.refuse(std::string(what) + " " + value.constant.shape().to_text() +
                        " does not fit K, N and block_size");
    }
    return value.constant;
}

/// The code with this number in packed bytes.
std::int32_t unpacked_code(std::span<const std::uint8_t> bytes, std::int64_t number, std::int64_t bits) {
    const std::int64_t bit = number * bits;
    const int shifted = bytes[static_cast<std::size_t>(bit / 8)] >> (bit % 8);
    return shifted & ((1 << bits) - 1);
}

/// 4-bit types have room for codes of 2 bits, too.
DType code_type(const NBitsMatrix& matrix, bool is_signed) {
    if (matrix.bits == 8) return is_signed ? DType::s8 : DType::u8;
    return is_signed ? DType::s4 : DType::u4;
}

/// The codes as [K, N]. Signed ones are those around the middle, which is their zero point where the file gives none.
Tensor n_bits_codes(const NBitsMatrix& matrix, std::span<const std::uint8_t> packed, bool is_signed) {
    Tensor codes({code_type(matrix, is_signed), Shape{matrix.rows, matrix.columns}});
    std::byte* out = codes.mutable_view().data;  // a byte for each code, whatever its type
    const std::int64_t shift = is_signed ? matrix.middle() : 0;
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
        const auto bytes = packed.subspan(static_cast<std::size_t>(column * matrix.column_bytes()),
                                          static_cast<std::size_t>(matrix.column_bytes()));
        for (std::int64_t row = 0; row < matrix.rows; ++row) {
            out[row * matrix.columns + column] = static_cast<std::byte>(unpacked_code(bytes, row, matrix.bits) - shift);
        }
    }
    return codes;
}

/// The scales, which the file has column by column, as [blocks, N].
Tensor n_bits_scales(const NBitsMatrix& matrix, std::span<const float> scales) {
    Tensor turned({DType::f32, Shape{matrix.blocks(), matrix.columns}});
    const auto out = turned.mutable_view().as<float>();
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
        for (std::int64_t block = 0; block < matrix.blocks(); ++block) {
            out[static_cast<std::size_t>(block * matrix.columns + column)] =
                scales[static_cast<std::size_t>(column * matrix.blocks() + block)];
        }
    }
    return turned;
}

/// The zero points as [blocks, N]: packed codes, or fp32 numbers that must be codes.
Tensor n_bits_zero_points(Rewriter& rewriter, const NBitsMatrix& matrix) {
    const Value& given = rewriter.builder().value(rewriter.input(3));
    const bool is_real = given.is_constant() && given.constant.dtype() == DType::f32;
    const std::int64_t bytes = matrix.packed(matrix.blocks());
    const Tensor& points =
        constant_input(rewriter, 3, matrix.columns * (is_real ? matrix.blocks() : bytes), "zero_points");
    if (!is_real && points.dtype() != DType::u8) rewriter.refuse("zero_points must be uint8 or float");
    Tensor turned({code_type(matrix, false), Shape{matrix.blocks(), matrix.columns}});
    std::byte* out = turned.mutable_view().data;
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
        for (std::int64_t block = 0; block < matrix.blocks(); ++block) {
            std::int32_t code = 0;
            if (is_real) {
                const float point = points.as<float>()[static_cast<std::size_t>(column * matrix.blocks() + block)];
                const bool is_code = point >= 0 && point < static_cast<float>(2 * matrix.middle());
                if (!is_code || point != std::nearbyint(point)) rewriter.refuse("zero_points must be whole numbers");
                code = static_cast<std::int32_t>(point);
            } else {
                code = unpacked_code(points.as<std::uint8_t>().subspan(static_cast<std::size_t>(column * bytes)), block,
                                     matrix.bits);
            }
            out[block * matrix.columns + column] = static_cast<std::byte>(code);
        }
    }
    return turned;
}

}  // namespace

void rewrite_mat_mul_n_bits(Rewriter& rewriter) {
    if (rewriter.has_input(4)) rewriter.refuse("g_idx is not supported");
    if (int_attribute(rewriter.node(), "weight_prepacked", 0) != 0)
        rewriter.refuse("prepacked weights are not supported");
    const NBitsMatrix matrix = n_bits_matrix(rewriter);
    const Tensor& packed = constant_input(rewriter, 1, matrix.columns * matrix.column_bytes(), "B");
    const Tensor& scales = constant_input(rewriter, 2, matrix.columns * matrix.blocks(), "scales");
    if (packed.dtype() != DType::u8 || scales.dtype() != DType::f32)
        rewriter.refuse("B must be uint8, and scales float");
    const bool is_signed = !rewriter.has_input(3);
    // All constants are made before the first one is added, because adding moves the values that hold the packed ones.
    Tensor codes = n_bits_codes(matrix, packed.as<std::uint8_t>(), is_signed);
    Tensor turned_scales = n_bits_scales(matrix, scales.as<float>());
    Tensor points = is_signed ? Tensor() : n_bits_zero_points(rewriter, matrix);
    std::vector<ValueId> inputs{rewriter.constant("codes", std::move(codes)),
                                rewriter.constant("scale", std::move(turned_scales))};
    if (!is_signed) inputs.push_back(rewriter.constant("zero_point", std::move(points)));
    const ValueId weight = rewriter.add("DequantizeLinear", std::move(inputs),
                                        {{"axis", std::int64_t{0}}, {"block_size", matrix.block_size}});
    if (!rewriter.has_input(5)) {
        rewriter.finish("MatMul", {rewriter.input(0), weight});
        return;
    }
    const ValueId product = rewriter.add_named("MatMul", {rewriter.input(0), weight});
    rewriter.finish("Add", {product, rewriter.input(5)});
}

}  // namespace halftone
