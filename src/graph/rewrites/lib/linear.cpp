#include "graph/rewrites/lib/linear.hpp"

namespace halftone {

// Operators such as QLinearAdd take (tensor, scale, zero point) for each operand. Written as Q and DQ around the plain
// operator they mean the same, and the executor then has one form of quantized operators to know.
ValueId dequantized_input(Rewriter& rewriter, std::size_t first, std::int64_t axis) {
    return rewriter.add("DequantizeLinear",
                        {rewriter.input(first), rewriter.input(first + 1), rewriter.optional_input(first + 2)},
                        {{"axis", axis}});
}

void finish_quantized(Rewriter& rewriter, ValueId value, std::size_t scale) {
    rewriter.finish("QuantizeLinear", {value, rewriter.input(scale), rewriter.optional_input(scale + 1)});
}

void rewrite_quantized_unary(Rewriter& rewriter, const std::string& op, Attributes attributes) {
    const ValueId x = dequantized_input(rewriter, 0);
    finish_quantized(rewriter, rewriter.add_named(op, {x}, std::move(attributes)), 3);
}

void rewrite_quantized_binary(Rewriter& rewriter, const std::string& op) {
    const ValueId a = dequantized_input(rewriter, 0);
    const ValueId b = dequantized_input(rewriter, 3);
    finish_quantized(rewriter, rewriter.add_named(op, {a, b}), 6);
}

}  // namespace halftone
