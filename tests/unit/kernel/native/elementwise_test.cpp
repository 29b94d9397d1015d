// Element-wise steps with broadcasting, against the reference: equal bit for bit, whatever is repeated, in every
// layout, with any number of threads.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

constexpr float kElementNaN = std::numeric_limits<float>::quiet_NaN();

/// Shapes of two operands: equal, repeated in each place, on either side, on both, of lower rank, scalars, and rows
/// that no vector divides.
std::vector<std::pair<Shape, Shape>> broadcast_pairs() {
    return {{{2, 3, 5, 37}, {2, 3, 5, 37}},
            {{2, 3, 5, 37}, {37}},
            {{1, 1, 1, 37}, {2, 3, 5, 37}},
            {{2, 3, 5, 37}, {3, 1, 1}},
            {{2, 3, 5, 37}, {2, 1, 5, 1}},
            {{2, 1, 5, 1}, {1, 3, 1, 37}},
            {{7, 1}, {1, 9}},
            {{4, 100, 300}, {4, 1, 300}},
            {{1, 70000}, {1}},
            {{3}, {2, 4000, 3}},
            {{1}, {1}},
            {{}, {5, 3}},
            {{5, 1, 3}, {5, 2, 1}},
            {{1, 3, 1, 5, 1}, {2, 1, 4, 1, 6}}};
}

std::unique_ptr<KernelCase> pair_case(const std::string& op, const Shape& left, const Shape& right) {
    auto c = std::make_unique<KernelCase>(op, Attributes{}, 2);
    const double low = op == "Pow" ? 0.1 : -2.0;
    c->input(random_reals(left, low, 2, 1)).input(random_reals(right, low, 2, 2));
    return c;
}

TEST(NativeElementwise, EqualsReferenceInEveryBroadcast) {
    for (const std::string op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Equal", "Greater", "GreaterOrEqual",
                                 "Less", "LessOrEqual"}) {
        for (const auto& [left, right] : broadcast_pairs()) {
            const auto c = pair_case(op, left, right);
            SCOPED_TRACE(op + left.to_text() + right.to_text());
            expect_equal_to_ref(c->output(), Backend::native);
        }
    }
}

TEST(NativeElementwise, TakesConstantsOnEitherSide) {
    for (const std::string op : {"Add", "Sub", "Mul", "Div", "Max"}) {
        for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
            for (const Shape& shape : {Shape{}, Shape{1}, Shape{37}, Shape{3, 1, 1}, Shape{2, 3, 5, 37}}) {
                KernelCase c(op, {}, 2);
                std::vector<Tensor> constants(2);
                constants[place] = random_reals(shape, 0.5, 2, 3);
                c.input(random_reals({2, 3, 5, 37}, -2, 2, 4)).constants(constants).output();
                expect_equal_to_ref(c, Backend::native);
            }
        }
    }
}

TEST(NativeElementwise, SlopesAreBroadcastToTheInput) {
    for (const Shape& slope : {Shape{1}, Shape{3, 1, 1}, Shape{37}, Shape{2, 3, 5, 37}}) {
        const auto c = pair_case("PRelu", {2, 3, 5, 37}, slope);
        expect_equal_to_ref(c->output(), Backend::native);
    }
}

TEST(NativeElementwise, ClampsBehindTheFunction) {
    for (const std::string op : {"Add", "Sub", "Mul"}) {
        const auto c = pair_case(op, {4, 33}, {4, 33});
        c->clamp(0.0F, 1.5F).output();
        const Tensor y = run(Backend::native, *c);
        const Tensor unclamped = run(Backend::native, pair_case(op, {4, 33}, {4, 33})->output());
        for (std::size_t i = 0; i < y.as<float>().size(); ++i) {
            EXPECT_EQ(y.as<float>()[i], std::min(std::max(unclamped.as<float>()[i], 0.0F), 1.5F));
        }
    }
}

TEST(NativeElementwise, IntegersWrapAsInTheReference) {
    const auto largest = std::numeric_limits<std::int32_t>::max();
    for (const std::string op : {"Add", "Sub", "Mul", "Min", "Max", "Less", "Equal"}) {
        SCOPED_TRACE(op);
        KernelCase c(op, {}, 2);
        c.input(Tensor::of<std::int32_t>({2, 3}, std::vector<std::int32_t>{largest, -largest, 3, -4, 0, largest}));
        c.input(Tensor::of<std::int32_t>({3}, std::vector<std::int32_t>{largest, 2, -7})).output();
        expect_equal_to_ref(c, Backend::native);
        KernelCase wide(op, {}, 2);
        wide.input(Tensor::of<std::int64_t>({2, 1}, std::vector<std::int64_t>{std::int64_t{1} << 62, -5}));
        wide.input(Tensor::of<std::int64_t>({2}, std::vector<std::int64_t>{std::int64_t{1} << 62, 7})).output();
        expect_equal_to_ref(wide, Backend::native);
    }
}

Tensor every_third(const Shape& shape) {
    Tensor bits({DType::boolean, shape});
    const MutableView view = bits.mutable_view();
    for (std::size_t i = 0; i < view.bytes(); ++i) view.data[i] = static_cast<std::byte>(i % 3 == 0);
    return bits;
}

TEST(NativeElementwise, WhereChoosesInEveryBroadcast) {
    const std::vector<std::array<Shape, 3>> cases{
        {{{4, 37}, {4, 37}, {4, 37}}}, {{{4, 37}, {4, 37}, {}}}, {{{4, 37}, {1}, {4, 37}}},
        {{{1, 37}, {4, 37}, {1}}},     {{{4, 1}, {1, 37}, {1}}}, {{{2, 1, 1, 9}, {2, 3, 5, 9}, {5, 1}}}};
    for (const auto& [condition, yes, no] : cases) {
        KernelCase c("Where", {}, 3);
        c.input(every_third(condition)).input(random_reals(yes, -1, 1, 1)).input(random_reals(no, -1, 1, 2)).output();
        expect_equal_to_ref(c, Backend::native);
    }
}

TEST(NativeElementwise, JoinsMasks) {
    for (const std::string op : {"And", "Or", "Equal"}) {
        KernelCase c(op, {}, 2);
        c.input(every_third({4, 1, 37})).input(every_third({5, 1})).output();
        expect_equal_to_ref(c, Backend::native);
    }
}

/// NaN and infinities give what the reference gives: a maximum, for one, is NaN whichever side has it.
TEST(NativeElementwise, PassesNaN) {
    std::vector<float> values(40, 1.0F);
    values[0] = kElementNaN;
    values[17] = std::numeric_limits<float>::infinity();
    values[38] = kElementNaN;
    for (const std::string op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu", "Pow"}) {
        for (const bool is_left : {true, false}) {
            KernelCase c(op, {}, 2);
            const Tensor special = Tensor::of<float>({40}, values);
            const Tensor plain = random_reals({40}, 0.5, 2, 2);
            c.input(is_left ? special : plain).input(is_left ? plain : special).output();
            const Tensor y = run(Backend::native, c);
            const Tensor wanted = run(Backend::ref, c);
            for (std::size_t i = 0; i < 40; ++i) {
                const float a = y.as<float>()[i];
                const float b = wanted.as<float>()[i];
                EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << op << " " << i << ": " << a << " " << b;
            }
        }
    }
}

TEST(NativeElementwise, KeepsTheLayoutOfTheWholeOperand) {
    const auto c = pair_case("Mul", {2, 17, 5, 7}, {1, 17, 1, 1});
    c->output();
    const std::vector<Layout> available{channels_last_layout(c->data[0].type()), Layout(c->data[1].type())};
    const auto primitive = build(Backend::native, c->request, {.weights = nullptr, .available = available});
    EXPECT_EQ(primitive->output_layout(0).name(), "nhwc");
    const Tensor y = run(*primitive, c->data);
    const Tensor wanted = run(Backend::ref, *c);
    EXPECT_EQ(std::memcmp(y.view().data, wanted.view().data, wanted.bytes()), 0);
}

TEST(NativeElementwise, ThreadsChangeNoBit) {
    for (const auto& [left, right] : broadcast_pairs()) {
        const auto c = pair_case("Sub", left, right);
        c->output();
        set_kernel_threads(1);
        const Tensor one = run(Backend::native, *c);
        set_kernel_threads(3);
        const Tensor three = run(Backend::native, *c);
        set_kernel_threads(1);
        EXPECT_EQ(std::memcmp(one.view().data, three.view().data, one.bytes()), 0);
    }
}

TEST(NativeElementwise, LeavesPowersByOneConstantToOneDNN) {
    KernelCase c("Pow", {}, 2);
    c.input(random_reals({3}, 1, 2, 1)).constants({Tensor(), Tensor::scalar(2.0F)}).output();
    EXPECT_EQ(find_op(Backend::native, "Pow")->supports(c.request).why, "the exponent is one constant");
}

// Plain and channels-last, matrices and sequences, with and without a Relu; more rows than a thread takes at once. NaN
// passes the Relu, and the number of threads changes no bit.
TEST(NativeBatchNormalization, EqualsReferenceInBothLayouts) {
    constexpr float kUnbounded = std::numeric_limits<float>::infinity();
    for (const Shape& shape : {Shape{3, 7}, Shape{2, 5, 9}, Shape{2, 19, 6, 7}, Shape{1, 24, 40, 41}, Shape{1, 1, 4, 4},
                               Shape{2, 6, 1, 1}, Shape{1, 3, 4, 5, 6}}) {
        const Shape channels{shape[1]};
        KernelCase c("BatchNormalization", {{"epsilon", 0.01F}}, 5);
        c.input(random_reals(shape, -3, 3, 1));
        c.constants({{},
                     random_reals(channels, 0.5, 2, 11),
                     random_reals(channels, -1, 1, 12),
                     random_reals(channels, -1, 1, 13),
                     random_reals(channels, 0.5, 2, 14)});
        for (const bool has_relu : {false, true}) {
            Tensor wanted = run(Backend::ref, c.clamp(-kUnbounded, kUnbounded).output());
            if (has_relu) {
                // The reference fuses nothing.
                for (float& value : wanted.mutable_view().as<float>()) value = std::max(value, 0.0F);
                c.clamp(0.0F, kUnbounded);
            }
            for (const bool is_last : {false, true}) {
                const TensorType& type = c.data[0].type();
                const std::vector<Layout> available{is_last ? channels_last_layout(type) : Layout(type)};
                const auto primitive = build(Backend::native, c.request, {.weights = nullptr, .available = available});
                ASSERT_NE(primitive, nullptr);
                EXPECT_TRUE(primitive->input_layout(0) == available[0]);
                const Tensor y = run(*primitive, c.data);
                EXPECT_LE(relative_error(y, wanted), 1e-6) << shape.to_text();
                set_kernel_threads(3);
                const Tensor again = run(*primitive, c.data);
                set_kernel_threads(1);
                EXPECT_EQ(std::memcmp(y.view().data, again.view().data, y.bytes()), 0);
            }
        }
        c.data[0].mutable_view().as<float>()[1] = std::nanf("");
        EXPECT_TRUE(std::isnan(run(Backend::native, c).as<float>()[1]));
    }
}

TEST(Sign, OfNaNIsNaN) {
    KernelCase c("Sign", {}, 1);
    c.input(Tensor::of<float>({4}, std::vector<float>{kElementNaN, -2, 0, 3})).output();
    const Tensor y = run(Backend::ref, c);
    EXPECT_TRUE(std::isnan(y.as<float>()[0]));
    EXPECT_EQ(y.as<float>()[1], -1);
    EXPECT_EQ(y.as<float>()[2], 0);
    EXPECT_EQ(y.as<float>()[3], 1);
}

}  // namespace
}  // namespace halftone::test
