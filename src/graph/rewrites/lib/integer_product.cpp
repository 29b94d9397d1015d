#include "graph/rewrites/lib/integer_product.hpp"

namespace halftone {

void finish_integer_product(Rewriter& rewriter, const IntegerProduct& product) {
    // A missing input at the end is left out altogether; only one in the middle is written as an empty name.
    std::vector<ValueId> inputs{product.a, product.b, product.a_zero_point, product.b_zero_point};
    while (!inputs.back().is_valid()) inputs.pop_back();
    // The sum is exact; every node behind it rounds once. The executor makes one step of this chain again
    // (exec/passes/fuse_integer_products) and keeps these roundings, so the order of the nodes belongs to the result.
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
