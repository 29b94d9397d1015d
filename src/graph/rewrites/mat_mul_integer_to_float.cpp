// A, B (codes), a_scale, b_scale, a_zero_point, b_zero_point, bias. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.MatMulIntegerToFloat.
#include "graph/rewrites/lib/integer_product.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_mat_mul_integer_to_float(Rewriter& rewriter) {
    finish_integer_product(rewriter, {.a = rewriter.input(0),
                                      .a_scale = rewriter.input(2),
                                      .a_zero_point = rewriter.optional_input(4),
                                      .b = rewriter.input(1),
                                      .b_scale = rewriter.input(3),
                                      .b_zero_point = rewriter.optional_input(5),
                                      .bias = rewriter.optional_input(6)});
}

}  // namespace halftone
