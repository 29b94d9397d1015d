// ConvTranspose by products and gathering, against the reference, which scatters in double.
#include <cmath>
#include <cstring>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

struct TransposedCase {
    Shape x;
    Shape w;
    Attributes attributes;
};

std::vector<TransposedCase> transposed_cases() {
    return {
        {{2, 5, 6, 7}, {5, 3, 2, 2}, {{"strides", Ints{2, 2}}}},
        {{1, 16, 9, 5}, {16, 20, 4, 4}, {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
        {{1, 4, 6, 7},
         {4, 3, 3, 5},
         {{"strides", Ints{2, 3}}, {"pads", Ints{1, 0, 2, 1}}, {"output_padding", Ints{1, 2}}}},
        {{1, 4, 6, 7}, {4, 3, 3, 3}, {{"dilations", Ints{2, 3}}}},
        // Strides above the kernel leave pixels that no tap reaches: they hold the bias.
        {{1, 3, 4, 4}, {3, 2, 1, 2}, {{"strides", Ints{3, 4}}}},
        {{1, 6, 5, 5}, {6, 4, 3, 3}, {{"group", std::int64_t{2}}, {"strides", Ints{2, 2}}}},
        {{2, 33, 5, 6},
         {33, 1, 4, 4},
         {{"group", std::int64_t{33}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
        {{1, 4, 5, 5}, {4, 3, 3, 3}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}}},
        {{2, 8, 40}, {8, 6, 16}, {{"strides", Ints{8}}, {"pads", Ints{4, 4}}}},
        // Kernels as large as the stride, whose tiles lie side by side: whole panels of outputs, and others.
        {{2, 24, 5, 13}, {24, 16, 2, 2}, {{"strides", Ints{2, 2}}}},
        {{1, 9, 6, 7}, {9, 16, 3, 1}, {{"strides", Ints{3, 1}}}},
        {{1, 5, 20, 9}, {5, 8, 2, 4}, {{"strides", Ints{2, 4}}}},
        {{1, 5, 6, 9}, {5, 16, 2, 2}, {{"strides", Ints{2, 2}}, {"output_padding", Ints{1, 0}}}},
        {{1, 5, 6, 9}, {5, 16, 2, 2}, {{"strides", Ints{2, 2}}, {"pads", Ints{0, 1, 0, 1}}}},
        // Several blocks of rows, in one dimension and in two.
        {{1, 32, 700}, {32, 64, 16}, {{"strides", Ints{8}}, {"pads", Ints{4, 4}}}},
        {{1, 24, 40, 33}, {24, 33, 4, 4}, {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
    };
}

std::unique_ptr<KernelCase> transposed_case(const TransposedCase& t, bool has_bias) {
    auto c = std::make_unique<KernelCase>("ConvTranspose", t.attributes, 3);
    const auto group = t.attributes.find("group");
    const std::int64_t groups = group == t.attributes.end() ? 1 : std::get<std::int64_t>(group->second);
    std::vector<Tensor> constants{{}, random_reals(t.w, -1, 1, 2), {}};
    if (has_bias) constants[2] = random_reals({t.w[1] * groups}, -1, 1, 3);
    if (!has_bias) c->node.inputs.pop_back();
    if (!has_bias) constants.pop_back();
    c->input(random_reals(t.x, -1, 1, 1)).constants(std::move(constants)).output();
    return c;
}

TEST(NativeConvTranspose, EqualsReference) {
    for (const TransposedCase& t : transposed_cases()) {
        for (const bool has_bias : {true, false}) {
            const auto c = transposed_case(t, has_bias);
            SCOPED_TRACE(t.x.to_text() + t.w.to_text());
            EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 2e-6);
        }
    }
}

TEST(NativeConvTranspose, ComputesTheActivationBehindIt) {
    const TransposedCase t = transposed_cases()[1];
    for (const std::string op : {"Sigmoid", "Tanh", "LeakyRelu", "HardSwish", "Swish"}) {
        const auto c = transposed_case(t, true);
        const Tensor before = run(Backend::native, *c);
        KernelCase alone(op, {}, 1);
        alone.input(before).output();
        Tensor wanted = run(Backend::ref, alone);
        for (float& value : wanted.mutable_view().as<float>()) value = std::min(value, 0.3F);
        c->request.epilogue.activation = &alone.node;
        c->clamp(-1e9F, 0.3F);
        EXPECT_LE(relative_error(run(Backend::native, *c), wanted), 1e-6) << op;
    }
}

TEST(NativeConvTranspose, ComputesTheActivationOfTilesByAnyNumberOfThreads) {
    const auto c = transposed_case({{2, 24, 5, 13}, {24, 16, 2, 2}, {{"strides", Ints{2, 2}}}}, true);
    KernelCase tanh("Tanh", {}, 1);
    tanh.input(run(Backend::ref, *c)).output();
    const Tensor wanted = run(Backend::ref, tanh);
    c->request.epilogue.activation = &tanh.node;
    const Tensor one = run(Backend::native, *c);
    EXPECT_LE(relative_error(one, wanted), 2e-6);
    set_kernel_threads(3);
    const Tensor three = run(Backend::native, *c);
    set_kernel_threads(1);
    EXPECT_EQ(std::memcmp(one.view().data, three.view().data, one.bytes()), 0);
}

TEST(NativeConvTranspose, LeavesOtherActivationsAndThreeDimensions) {
    const auto c = transposed_case(transposed_cases()[0], true);
    KernelCase gelu("Gelu", {}, 1);
    c->request.epilogue.activation = &gelu.node;
    EXPECT_EQ(find_op(Backend::native, "ConvTranspose")->supports(c->request).why,
              "own kernels do not have the activation Gelu");
    const auto volume = transposed_case({{1, 2, 3, 3, 3}, {2, 2, 2, 2, 2}, {}}, true);
    EXPECT_EQ(find_op(Backend::native, "ConvTranspose")->supports(volume->request).why,
              "own kernels have one or two dimensions");
}

TEST(NativeConvTranspose, PassesNaNToThePixelsThatItReaches) {
    const auto c = transposed_case(transposed_cases()[0], true);
    c->data[0].mutable_view().as<float>()[0] = std::nanf("");
    c->clamp(0.0F, 6.0F);
    const Tensor y = run(Backend::native, *c);
    const Tensor wanted = run(Backend::ref, *transposed_case(transposed_cases()[0], true));
    std::size_t count = 0;
    for (const float value : y.as<float>()) count += std::isnan(value) ? 1 : 0;
    EXPECT_EQ(count, 3U * 2U * 2U);  // outputs x taps
    EXPECT_EQ(y.type(), wanted.type());
}

TEST(NativeConvTranspose, ThreadsChangeNoBit) {
    for (const TransposedCase& t : transposed_cases()) {
        const auto c = transposed_case(t, true);
        set_kernel_threads(1);
        const Tensor one = run(Backend::native, *c);
        set_kernel_threads(3);
        const Tensor three = run(Backend::native, *c);
        set_kernel_threads(1);
        EXPECT_EQ(std::memcmp(one.view().data, three.view().data, one.bytes()), 0);
    }
}

}  // namespace
}  // namespace halftone::test
