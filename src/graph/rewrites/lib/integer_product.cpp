#include "graph/rewrites/lib/integer_product.hpp"

namespace halftone {

void finish_integer_product(Rewriter& rewriter, const IntegerProduct& product) {
    std::vector<ValueId> inputs{product.a, product.b, product.a_zero_point, product.b_zero_point};
    while (!inputs.back().is_valid()) inputs.pop_back();
    const ValueId sums = rewriter.add_named("MatMulInteger", std::move(inputs));
    const ValueId real = rewriter.add("Cast", {sums}, {{"to", std::int64_t{1}}});
    const ValueId scale = rewriter.add("Mul", {product.a_scale, product.b_scale});
    if (!product.bias.is_valid()) {
        rewriter.finish("Mul", {real, scale});
        return;
    }
    rewriter.finish("Add", {rewriter.add("Mul", {real, scale}), product.bias});
}

}  // namespace halftone
