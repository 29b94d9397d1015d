// Softmax and LogSoftmax along any axis in any layout, against the reference.
#include <cmath>
#include <cstring>
#include <limits>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

std::unique_ptr<KernelCase> softmax_case(const std::string& op, const Shape& shape, std::int64_t axis) {
    auto c = std::make_unique<KernelCase>(op, Attributes{{"axis", axis}}, 1);
    c->input(random_reals(shape, -9, 9, 1)).output();
    return c;
}

TEST(NativeSoftmax, EqualsReferenceAlongEveryAxis) {
    for (const std::string op : {"Softmax", "LogSoftmax"}) {
        for (const Shape& shape : {Shape{7}, Shape{3, 37}, Shape{2, 3, 5, 37}, Shape{2, 21, 9, 29}, Shape{1, 3, 300}}) {
            for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
                const auto c = softmax_case(op, shape, static_cast<std::int64_t>(axis));
                EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), 1e-6);
            }
        }
    }
}

TEST(NativeSoftmax, EqualsReferenceInChannelsLastLayout) {
    for (const std::int64_t axis : {0, 1, 2, 3}) {
        const auto c = softmax_case("Softmax", {2, 21, 9, 7}, axis);
        const std::vector<Layout> available{channels_last_layout(c->data[0].type())};
        const auto primitive = build(Backend::native, c->request, {.weights = nullptr, .available = available});
        EXPECT_EQ(primitive->output_layout(0).name(), "nhwc");
        EXPECT_LE(relative_error(run(*primitive, c->data), run(Backend::ref, *c)), 1e-6);
    }
}

/// What a mask of -inf hides gets exactly 0; a row of it alone, or a NaN, makes its row NaN and no other.
TEST(NativeSoftmax, MasksAndNaN) {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const std::vector<float> values{1, kHidden, 2, kHidden, kHidden, kHidden, 3, std::nanf(""), 1, 0, 0, 0};
    for (const std::int64_t axis : {0, 1}) {
        KernelCase c("Softmax", {{"axis", axis}}, 1);
        const Shape shape = axis == 1 ? Shape{4, 3} : Shape{3, 4};
        c.input(Tensor::of<float>(shape, values)).output();
        const Tensor y = run(Backend::native, c);
        const Tensor wanted = run(Backend::ref, c);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float a = y.as<float>()[i];
            const float b = wanted.as<float>()[i];
            EXPECT_TRUE(std::abs(a - b) < 1e-6F || (std::isnan(a) && std::isnan(b))) << axis << " " << i;
        }
    }
}

TEST(NativeSoftmax, ThreadsChangeNoBit) {
    for (const std::int64_t axis : {1, 2}) {
        const auto c = softmax_case("Softmax", {3, 70, 513}, axis);
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
