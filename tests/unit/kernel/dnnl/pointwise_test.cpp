// Relu, Clip, Softmax and BatchNormalization of their own (not fused) against the reference.
#include <cmath>
#include <limits>

#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

constexpr float kPointwiseInfinity = std::numeric_limits<float>::infinity();

Tensor with_special_values() {
    const std::vector<float> values{-kPointwiseInfinity, -1.0F,        -0.0F, 0.0F, 3.0F, 6.0F, 7.0F,
                                    kPointwiseInfinity,  std::nanf("")};
    return Tensor::of<float>({9}, values);
}

TEST(Relu, EqualsReferenceAlsoForSpecialValues) {
    for (const Tensor& x : {random_reals({2, 5, 4, 4}, -1, 1, 1), with_special_values()}) {
        KernelCase c("Relu", {}, 1);
        const auto [fast, exact] = [&] {
            c.input(x).output();
            return std::pair(run(Backend::dnnl, c), run(Backend::ref, c));
        }();
        for (std::size_t i = 0; i < exact.as<float>().size(); ++i) {
            const float expected = exact.as<float>()[i];
            EXPECT_TRUE(fast.as<float>()[i] == expected || (std::isnan(fast.as<float>()[i]) && std::isnan(expected)));
        }
    }
}

TEST(Clip, TakesItsBoundsFromConstants) {
    const Tensor none;
    const Tensor zero = Tensor::scalar(0.25F);
    const Tensor six = Tensor::scalar(0.5F);
    for (const auto& bounds : std::vector<std::vector<Tensor>>{{none, zero, six}, {none, zero}, {none, six, zero}}) {
        KernelCase c("Clip", {}, bounds.size());
        expect_equal_to_ref(c.input(random_reals({2, 5, 4, 4}, -1, 1, 1)).constants(bounds).output());
    }
}

TEST(Softmax, EqualsReferenceOnAnyAxis) {
    for (const std::int64_t axis : {-1, 0, 1, 2, 3}) {
        KernelCase c("Softmax", {{"axis", axis}}, 1);
        expect_close_to_ref(c.input(random_reals({2, 5, 4, 3}, -8, 8, 1)).output(), 1e-6);
    }
    KernelCase logits("Softmax", {}, 1);
    expect_close_to_ref(logits.input(random_reals({7, 10}, -80, 80, 2)).output(), 1e-6);
}

TEST(BatchNormalization, EqualsReference) {
    for (const Shape& shape : {Shape{2, 5, 4, 3}, Shape{3, 5}, Shape{2, 5, 7}}) {
        KernelCase c("BatchNormalization", {{"epsilon", 0.01F}}, 5);
        c.input(random_reals(shape, -1, 1, 1));
        c.constants({{},
                     random_reals({5}, -2, 2, 2),
                     random_reals({5}, -1, 1, 3),
                     random_reals({5}, -1, 1, 4),
                     random_reals({5}, 0.1, 2, 5)});
        expect_close_to_ref(c.output(), 1e-6);
    }
}

TEST(BatchNormalization, TakesAReluAlong) {
    KernelCase c("BatchNormalization", {}, 5);
    c.input(random_reals({2, 5, 4, 3}, -1, 1, 1));
    c.constants({{},
                 random_reals({5}, -2, 2, 2),
                 random_reals({5}, -1, 1, 3),
                 random_reals({5}, -1, 1, 4),
                 random_reals({5}, 0.1, 2, 5)});
    const Tensor plain = run(Backend::ref, c.output());
    const Tensor fused = run(Backend::dnnl, c.clamp(0.0F, kPointwiseInfinity));
    for (std::size_t i = 0; i < plain.as<float>().size(); ++i) {
        EXPECT_NEAR(fused.as<float>()[i], std::max(plain.as<float>()[i], 0.0F), 1e-6) << i;
    }
    EXPECT_EQ(find_op(Backend::dnnl, "BatchNormalization")->supports(c.clamp(0.0F, 6.0F).request).why,
              "the op fuses nothing");
}

TEST(PointwiseRefusals, NameTheReason) {
    KernelCase c("Relu", {}, 1);
    c.input(random_codes(DType::u8, {4}, 1), per_tensor(DType::u8, 0.1F, 5)).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Relu")->supports(c.request).why, "fp32 only");
}

struct Function {
    std::string op;
    Attributes attributes{};
};

TEST(Eltwise, FunctionsEqualReferenceInAnyLayout) {
    const std::vector<Function> functions{{"Abs"},
                                          {"Elu", {{"alpha", 0.5F}}},
                                          {"Exp"},
                                          {"Gelu"},
                                          {"Gelu", {{"approximate", std::string("tanh")}}},
                                          {"HardSwish"},
                                          {"HardSigmoid", {{"alpha", 0.3F}, {"beta", 0.4F}}},
                                          {"Sigmoid"},
                                          {"LeakyRelu", {{"alpha", 0.2F}}},
                                          {"Swish"},
                                          {"Tanh"}};
    for (const Function& function : functions) {
        SCOPED_TRACE(function.op);
        KernelCase c(function.op, function.attributes, 1);
        expect_close_to_ref(c.input(random_reals({2, 5, 4, 3}, -6, 6, 1)).output(), 2e-6);
    }
    KernelCase root("Sqrt", {}, 1);
    expect_close_to_ref(root.input(random_reals({2, 5, 4, 3}, 0, 6, 1)).output(), 2e-6);
}

TEST(Binary, BroadcastsTheSecondOperandOrTheFirstWhereThatIsTheSame) {
    for (const std::string op : {"Mul", "Sub", "Div"}) {
        for (const Shape& right : {Shape{2, 3, 4}, Shape{4}, Shape{3, 1}, Shape{}}) {
            SCOPED_TRACE(op + right.to_text());
            KernelCase c(op, {}, 2);
            c.input(random_reals({2, 3, 4}, -1, 1, 1)).input(random_reals(right, 1, 2, 2));
            expect_close_to_ref(c.output(), 2e-6);
            KernelCase with_constant(op, {}, 2);
            with_constant.input(random_reals({2, 3, 4}, -1, 1, 1)).constants({Tensor(), random_reals(right, 1, 2, 2)});
            expect_close_to_ref(with_constant.output(), 2e-6);
        }
    }
    KernelCase swapped("Mul", {}, 2);
    expect_close_to_ref(swapped.input(random_reals({4}, -1, 1, 1)).input(random_reals({2, 4}, -1, 1, 2)).output(),
                        2e-6);
    KernelCase sub("Sub", {}, 2);
    sub.input(random_reals({4}, -1, 1, 1)).input(random_reals({2, 4}, -1, 1, 2)).output();
    EXPECT_FALSE(find_op(Backend::dnnl, "Sub")->supports(sub.request).is_supported);
}

TEST(LayerNormalization, EqualsReferenceOverTheLastDimension) {
    for (const bool has_bias : {false, true}) {
        KernelCase c("LayerNormalization", {{"epsilon", 1e-4F}}, has_bias ? 3 : 2);
        std::vector<Tensor> constants{Tensor(), random_reals({48}, 0.5, 2, 2)};
        if (has_bias) constants.push_back(random_reals({48}, -1, 1, 3));
        expect_close_to_ref(c.input(random_reals({2, 5, 48}, -4, 9, 1)).constants(constants).output(), 2e-6);
    }
    KernelCase wide("LayerNormalization", {{"axis", std::int64_t{1}}}, 2);
    wide.input(random_reals({2, 5, 4}, -1, 1, 1)).constants({Tensor(), random_reals({5, 4}, 1, 2, 2)}).output();
    EXPECT_EQ(find_op(Backend::dnnl, "LayerNormalization")->supports(wide.request).why, "over the last dimension only");
}

}  // namespace
}  // namespace halftone::test
