// Element-wise steps that give codes, against the reference loops: equal bit for bit, ties, NaN and infinity included.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

constexpr float kCodesInfinity = std::numeric_limits<float>::infinity();

class NativeCodes : public testing::Test {
protected:
    static void expect_equal(const KernelCase& c) { expect_equal_to_ref(c, Backend::native); }
    static Tensor reals(const std::vector<float>& values) {
        Tensor tensor(TensorType{DType::f32, Shape{static_cast<std::int64_t>(values.size())}});
        std::copy(values.begin(), values.end(), tensor.mutable_view().as<float>().begin());
        return tensor;
    }
};

TEST_F(NativeCodes, BinaryOfEveryKindOfOperands) {
    std::uint64_t seed = 50;
    const Shape shape{2, 3, 5, 37};
    const auto add_operand = [&](KernelCase& c, DType dtype) {
        ++seed;
        if (dtype == DType::f32)
            c.input(random_reals(shape, -4, 4, seed));
        else
            c.input(random_codes(dtype, shape, seed), per_tensor(dtype, 0.031F, 3));
    };
    for (const std::string op : {"Add", "Sub", "Mul"}) {
        for (const DType a : {DType::u8, DType::s8, DType::f32}) {
            for (const DType b : {DType::u8, DType::s8, DType::f32}) {
                for (const DType y : {DType::u8, DType::s8, DType::f32}) {
                    if (y == DType::f32 && a == DType::f32 && b == DType::f32) continue;  // oneDNN's
                    KernelCase c(op, {}, 2);
                    add_operand(c, a);
                    add_operand(c, b);
                    c.output(y == DType::f32 ? std::nullopt : std::optional(per_tensor(y, 0.05F, 7)));
                    expect_equal(c);
                    expect_equal(c.clamp(0.0F, 2.0F));
                }
            }
        }
    }
}

TEST_F(NativeCodes, BinaryWithAConstantRow) {
    for (const std::string op : {"Add", "Sub", "Mul"}) {
        for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
            if (op == "Sub" && place == 0) continue;
            std::vector<Tensor> constants(2);
            constants[place] = random_reals({45}, -2, 2, 3);
            KernelCase c(op, {}, 2);
            c.input(random_codes(DType::u8, {4, 9, 45}, 4), per_tensor(DType::u8, 0.02F, 100));
            c.constants(constants).output(per_tensor(DType::u8, 0.03F, 90));
            expect_equal(c);
        }
    }
}

/// Scales in a ratio of two make half of the sums ties, which round to the even code.
TEST_F(NativeCodes, TiesRoundToEven) {
    KernelCase c("Add", {}, 2);
    c.input(random_codes(DType::u8, {1, 4096}, 1), per_tensor(DType::u8, 0.1F, 0));
    c.input(random_codes(DType::u8, {1, 4096}, 2), per_tensor(DType::u8, 0.1F, 0));
    expect_equal(c.output(per_tensor(DType::u8, 0.2F, 0)));
}

/// Every pair of codes, with scales that are usual, equal, far apart and in ratios that give ties.
TEST_F(NativeCodes, EveryPairOfCodesIsAddedAsDefined) {
    Tensor left(TensorType{DType::u8, Shape{256, 256}});
    Tensor right(TensorType{DType::u8, Shape{256, 256}});
    for (std::size_t i = 0; i < 65536; ++i) {
        left.mutable_view().data[i] = static_cast<std::byte>(i / 256);
        right.mutable_view().data[i] = static_cast<std::byte>(i % 256);
    }
    struct Scales {
        float a, b, y;
    };
    for (const auto& [a, b, y] : std::vector<Scales>{{0.031F, 0.017F, 0.04F},
                                                     {0.1F, 0.1F, 0.2F},
                                                     {0.1F, 0.3F, 0.2F},
                                                     {0.5F, 0.25F, 1.0F},
                                                     {1e-3F, 1.0F, 1.0F},
                                                     {1.0F, 1.0F, 1e-3F},
                                                     {1e-30F, 1e20F, 1e10F}}) {
        for (const std::int32_t zero_point : {0, 128, 255}) {
            KernelCase c("Add", {}, 2);
            c.input(left, per_tensor(DType::u8, a, zero_point)).input(right, per_tensor(DType::u8, b, 77));
            expect_equal(c.output(per_tensor(DType::u8, y, 255 - zero_point)));
        }
    }
}

TEST_F(NativeCodes, QuantizeEqualsTheDefinition) {
    std::vector<float> values{0.0F,  -0.0F,  kCodesInfinity, -kCodesInfinity, std::nanf(""),
                              1e30F, -1e30F, 1e-40F,         0.05F,           -0.05F};
    for (int i = -2000; i < 2000; ++i) values.push_back(0.05F * static_cast<float>(i));  // ties of scale 0.1
    for (const float scale : {0.1F, 0.037F, 1e-38F, 3e38F}) {
        for (const DType dtype : {DType::u8, DType::s8}) {
            KernelCase c("QuantizeLinear", {}, 3);
            std::vector<Tensor> constants(3);
            constants[1] = reals({scale});
            constants[2] = Tensor(TensorType{dtype, Shape{1}});
            *constants[2].mutable_view().data = std::byte{5};
            c.input(reals(values)).constants(constants).output();
            c.request.outputs[0] = {{dtype, c.data[0].shape()}, per_tensor(dtype, scale, 5)};
            expect_equal(c);
        }
    }
}

TEST_F(NativeCodes, DequantizeEqualsTheDefinition) {
    for (const DType dtype : {DType::u8, DType::s8}) {
        std::vector<Tensor> constants(3);
        constants[1] = reals({0.037F});
        constants[2] = Tensor(TensorType{dtype, Shape{1}});
        *constants[2].mutable_view().data = std::byte{5};
        KernelCase c("DequantizeLinear", {}, 3);
        c.input(random_codes(dtype, {3, 7, 61}, 2)).constants(constants).output();
        c.request.inputs[0].params = per_tensor(dtype, 0.037F, 5);
        const Tensor expected = run(Backend::ref, c);
        EXPECT_THAT(run(Backend::native, c).as<float>(), testing::ElementsAreArray(expected.as<float>()));
    }
}

TEST_F(NativeCodes, ThreadsDoNotChangeTheResult) {
    KernelCase c("Mul", {}, 2);
    c.input(random_codes(DType::u8, {50000}, 1), per_tensor(DType::u8, 0.1F, 9));
    c.input(random_codes(DType::s8, {50000}, 2), per_tensor(DType::s8, 0.1F, 0)).output(per_tensor(DType::u8, 0.3F, 9));
    set_kernel_threads(3);
    expect_equal(c);
    set_kernel_threads(1);
}

TEST_F(NativeCodes, ASumMayShareABuffer) {
    KernelCase c("Add", {}, 2);
    c.input(random_codes(DType::u8, {301}, 7), per_tensor(DType::u8, 0.5F, 3));
    c.input(random_codes(DType::u8, {301}, 8), per_tensor(DType::u8, 0.25F, 0)).output(per_tensor(DType::u8, 0.6F, 0));
    const auto primitive = build(Backend::native, c.request);
    ASSERT_EQ(primitive->in_place_input(), 0);
    Tensor shared = c.data[0].clone();
    const std::byte* inputs[] = {shared.view().data, c.data[1].view().data};
    std::byte* outputs[] = {shared.mutable_view().data};
    primitive->execute(inputs, outputs, nullptr);
    EXPECT_EQ(code_difference(shared, run(Backend::ref, c)).largest, 0);
}

TEST_F(NativeCodes, RefusesWhatItCannotRead) {
    const auto why = [](const KernelCase& c) { return find_op(Backend::native, "Add")->supports(c.request).why; };
    KernelCase broadcast("Add", {}, 2);
    broadcast.input(random_codes(DType::u8, {2, 3}, 1), per_tensor(DType::u8, 0.1F, 0));
    broadcast.input(random_codes(DType::u8, {1, 3}, 1), per_tensor(DType::u8, 0.1F, 0));
    EXPECT_EQ(why(broadcast.output(per_tensor(DType::u8, 0.1F, 0))), "operands of own kernels are not broadcast");
    KernelCase several("Add", {}, 2);
    several.input(random_codes(DType::u8, {2, 3}, 1), per_tensor(DType::u8, 0.1F, 0));
    several.input(random_codes(DType::u8, {2, 3}, 2), per_tensor(DType::u8, 0.1F, 0));
    several.output(per_tensor(DType::u8, 0.1F, 0));
    several.request.outputs[0].params = per_channel(3, 0.1F, 1, 1);
    several.request.outputs[0].params->dtype = DType::u8;
    EXPECT_EQ(why(several), "own kernels read or give codes, per tensor");
}

/// Of any machine: without VBMI by a plain loop.
TEST(NativeTable, EqualsReference) {
    std::vector<Tensor> constants(2);
    constants[1] = random_codes(DType::s8, {256}, 1);
    KernelCase c("TableLookup", {}, 2);
    c.input(random_codes(DType::u8, {3, 7, 61}, 2)).constants(constants).output();
    EXPECT_EQ(code_difference(run(Backend::native, c), run(Backend::ref, c)).largest, 0);
}

}  // namespace
}  // namespace halftone::test
