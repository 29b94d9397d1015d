#pragma once
// Operators on codes with scales and zero points as inputs, written as what they mean: DequantizeLinear, the operator
// on real values, QuantizeLinear. The executor finds these three and runs them as one step on codes.

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Returns the real values of the codes at input `first`, with the scale at the next input and the zero point at the
/// one behind it. `axis` is used where the scale is a vector.
ValueId dequantized_input(Rewriter& rewriter, std::size_t first, std::int64_t axis = 1);

/// Writes the node's first output: the codes of `value`, with the scale at input `scale` and the zero point behind it.
void finish_quantized(Rewriter& rewriter, ValueId value, std::size_t scale);

/// The whole of a rewrite with one operand: X, X_scale, X_zero_point, Y_scale, Y_zero_point.
void rewrite_quantized_unary(Rewriter& rewriter, const std::string& op, Attributes attributes = {});

/// The same with two: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point.
void rewrite_quantized_binary(Rewriter& rewriter, const std::string& op);

}  // namespace halftone
