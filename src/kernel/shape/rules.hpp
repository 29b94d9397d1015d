#pragma once
// What the shape rules of the operators share: refusals that name the node, checks of inputs, and arithmetic on
// dimensions, which come from a file and may be anything. Symbolic dimensions (-1) are handled here once.

#include <initializer_list>
#include <span>
#include <string>

#include "graph/op_library.hpp"

namespace halftone::ref {

/// No tensor of a graph is larger; sums and products of a few dimensions below it cannot overflow 64 bits.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 31;

/// @throws ModelError "Conv node '/0/conv': <reason>"
[[noreturn]] void refuse(const OpContext& op, const std::string& reason);

/// Refuses dimensions below -1 and more than kMaxElements elements (symbolic dimensions count as 1). `what` is
/// "input 0" or the like.
void check_size(const OpContext& op, const TensorType& type, const std::string& what);

/// Between `least` and `most` inputs, of which the first `least` are there.
void check_inputs(const OpContext& op, std::size_t least, std::size_t most);
void check_outputs(const OpContext& op, std::size_t most);
/// Only when the input is there.
void check_dtype(const OpContext& op, std::size_t input, std::initializer_list<DType> allowed);
/// The same element type as another input.
void check_same_dtype(const OpContext& op, std::size_t input, std::size_t other);
void check_rank(const OpContext& op, std::size_t input, std::size_t least, std::size_t most);
/// Inputs 1 to `last` hold one value for each channel, which is dimension 1 of input 0.
/// @pre input 0 has at least two dimensions
void check_per_channel(const OpContext& op, std::size_t last);

/// An axis in [-rank, rank) as 0 … rank-1.
[[nodiscard]] std::size_t normal_axis(const OpContext& op, std::int64_t axis, std::size_t rank);
/// The constant of an input that must be one. Refused: "the input 'shape' must be a constant".
[[nodiscard]] const Tensor& constant_input(const OpContext& op, std::size_t input, const char* name);
/// Product of dimensions. N * 1 is N; N times anything else is refused.
[[nodiscard]] std::int64_t product(const OpContext& op, std::span<const std::int64_t> dims);
/// ONNX's multidirectional broadcasting. N with 1 or N is N; N with another number is refused.
[[nodiscard]] Shape broadcast(const OpContext& op, const Shape& a, const Shape& b);

/// "[0,3,1]", for messages.
[[nodiscard]] std::string text_of(std::span<const std::int64_t> numbers);

}  // namespace halftone::ref
