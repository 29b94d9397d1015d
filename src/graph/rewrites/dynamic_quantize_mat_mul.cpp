// A is quantized at run time: A, B (codes), b_scale, b_zero_point, bias. ONNX Runtime's optimizer makes it of
// DynamicQuantizeLinear, MatMulInteger, Cast and Mul. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.DynamicQuantizeMatMul.
#include "graph/rewrites/lib/integer_product.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_dynamic_quantize_mat_mul(Rewriter& rewriter) {
    GraphBuilder& builder = rewriter.builder();
    const std::string stem = builder.value(rewriter.node().outputs.at(0)).name;
    const auto output = [&](const char* part) { return builder.add_value(builder.fresh_value_name(stem + part)); };
    const ValueId codes = output("_a_codes");
    const ValueId scale = output("_a_scale");
    const ValueId zero_point = output("_a_zero_point");
    builder.add_node({.name = "",
                      .op = "DynamicQuantizeLinear",
                      .inputs = {rewriter.input(0)},
                      .outputs = {codes, scale, zero_point},
                      .attributes = {}});
    finish_integer_product(rewriter, {.a = codes,
                                      .a_scale = scale,
                                      .a_zero_point = zero_point,
                                      .b = rewriter.input(1),
                                      .b_scale = rewriter.input(2),
                                      .b_zero_point = rewriter.optional_input(3),
                                      .bias = rewriter.optional_input(4)});
}

}  // namespace halftone
