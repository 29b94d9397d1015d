#include "unit/kernel/dnnl/codes_product_case.hpp"

namespace halftone::test {
namespace {

Tensor weights_of(const ProductCase& p, std::int64_t inner) {
    Tensor codes = random_codes(p.weight, {inner, p.columns}, 7);
    if (p.weight != DType::s8) return codes;
    for (std::int8_t& code : codes.mutable_view().as<std::int8_t>()) {
        code = static_cast<std::int8_t>(code % (p.largest + 1));
    }
    return codes;
}

}  // namespace

std::unique_ptr<KernelCase> codes_product(const ProductCase& p) {
    auto c = std::make_unique<KernelCase>("ScaledMatMulInteger", Attributes{}, 7);
    const std::int64_t inner = p.left[p.left.rank() - 1];
    const Shape row = p.is_per_channel ? Shape{p.columns} : Shape{};
    c->input(random_codes(DType::u8, p.left, 3));
    c->input(Tensor::scalar(0.0173F));
    c->input(Tensor::of<std::uint8_t>(Shape{}, std::vector<std::uint8_t>{131}));
    std::vector<Tensor> constants(7);
    constants[1] = weights_of(p, inner);
    constants[3] = random_reals(row, 0.001, 0.02, 4);
    if (p.has_zero_points) constants[5] = random_codes(p.weight, row, 5);
    if (p.has_bias) constants[6] = random_reals({p.columns}, -3, 3, 6);
    if (!p.has_zero_points) c->node.inputs[5] = {};
    if (!p.has_bias) c->node.inputs.resize(6), constants.resize(6);
    if (!p.has_bias && !p.has_zero_points) c->node.inputs.resize(5), constants.resize(5);
    c->constants(std::move(constants)).output();
    return c;
}

}  // namespace halftone::test
