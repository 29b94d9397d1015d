// build_reorder: any pair of layouts of one type.
#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reorder.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

/// The channels-last layout of a type, taken from a step that asks for it.
Layout channels_last_of(const TensorType& type) {
    KernelCase c("MaxPool", {{"kernel_shape", std::vector<std::int64_t>{1, 1}}}, 1);
    c.request.inputs = {{type, std::nullopt}};
    c.request.outputs = {{type, std::nullopt}};
    return build(Backend::dnnl, c.request)->input_layout(0);
}

TEST(Reorder, PutsChannelsLastAndBack) {
    std::vector<float> values(2 * 3 * 2 * 2);
    std::iota(values.begin(), values.end(), 0.0F);
    const Tensor x = Tensor::of<float>({2, 3, 2, 2}, values);
    const Layout plain(x.type());
    const Layout last = channels_last_of(x.type());
    ASSERT_EQ(last.name(), "nhwc");
    const Tensor y = in_layout(x, plain, last);
    // image 0, pixel 0: channels 0, 1, 2 are 4 apart in nchw
    EXPECT_EQ(std::vector<float>(y.as<float>().begin(), y.as<float>().begin() + 4),
              (std::vector<float>{0.0F, 4.0F, 8.0F, 1.0F}));
    const Tensor back = in_layout(y, last, plain);
    EXPECT_EQ(std::vector<float>(back.as<float>().begin(), back.as<float>().end()), values);
}

TEST(Reorder, MovesCodesUnchanged) {
    for (const DType dtype : {DType::u8, DType::s8}) {
        const Tensor x = random_codes(dtype, {2, 19, 3, 5}, 1);
        const Layout last = channels_last_of(x.type());
        EXPECT_EQ(code_difference(in_layout(in_layout(x, Layout(x.type()), last), last, Layout(x.type())), x).largest,
                  0);
    }
}

/// The bytes of a plain tensor in the order of `to`, element by element.
std::vector<std::byte> reordered_one_by_one(const Tensor& x, const Layout& to) {
    const Shape& shape = x.type().shape;
    const std::size_t size = size_of(x.dtype());
    const std::vector<std::int64_t> steps = layout_steps(to);
    std::vector<std::byte> bytes(x.bytes());
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
        std::int64_t rest = i;
        std::int64_t place = 0;
        for (std::size_t d = shape.rank(); d-- > 0; rest /= shape[d]) place += rest % shape[d] * steps[d];
        std::memcpy(bytes.data() + static_cast<std::size_t>(place) * size,
                    x.view().data + static_cast<std::size_t>(i) * size, size);
    }
    return bytes;
}

// Whole and partial blocks of the loops, a step that is a power of two, few channels, one to three spatial dimensions.
TEST(Reorder, OfEveryShapeAndWidthGoesThereAndBack) {
    for (const DType dtype : {DType::f32, DType::u8, DType::s8, DType::bf16}) {
        for (const Shape& shape : {Shape{2, 17, 9, 37}, Shape{1, 64, 32, 32}, Shape{1, 3, 10, 7}, Shape{3, 33, 50},
                                   Shape{1, 16, 16}, Shape{2, 19, 3, 4, 5}, Shape{1, 8, 2, 4}}) {
            Tensor x({dtype, shape});
            for (std::size_t i = 0; i < x.bytes(); ++i) x.mutable_view().data[i] = static_cast<std::byte>(i * 7 % 251);
            const Layout plain(x.type());
            const Layout last = channels_last_layout(x.type());
            const auto wanted = reordered_one_by_one(x, last);
            for (const int threads : {1, 3}) {
                set_kernel_threads(threads);
                const Tensor y = in_layout(x, plain, last);
                const Tensor back = in_layout(y, last, plain);
                set_kernel_threads(1);
                EXPECT_EQ(std::memcmp(y.view().data, wanted.data(), wanted.size()), 0) << last.name();
                EXPECT_EQ(std::memcmp(back.view().data, x.view().data, x.bytes()), 0) << last.name();
            }
            // Few channels are left to oneDNN, which is faster there, but not in bf16.
            const bool is_own = shape[1] >= 8 || dtype == DType::bf16;
            EXPECT_EQ(build_reorder(plain, last)->implementation() == "native_reorder", is_own);
        }
    }
}

TEST(Reorder, OfEqualLayoutsIsACopyOfAnyType) {
    const std::vector<std::int64_t> values{1, -2, 3};
    const Tensor x = Tensor::of<std::int64_t>({3}, values);
    const Tensor y = in_layout(x, Layout(x.type()), Layout(x.type()));
    EXPECT_EQ(std::vector<std::int64_t>(y.as<std::int64_t>().begin(), y.as<std::int64_t>().end()), values);
    EXPECT_EQ(build_reorder(Layout(x.type()), Layout(x.type()))->in_place_input(), 0);
}

TEST(Reorder, NeverChangesTheType) {
    EXPECT_THROW((void)build_reorder(Layout({DType::f32, {3}}), Layout({DType::u8, {3}})), InternalError);
}

TEST(Layouts, ThatDescribeTheSameOrderAreEqual) {
    const TensorType type{DType::f32, {2, 3, 4, 4}};
    EXPECT_EQ(channels_last_of(type), channels_last_of(type));
    EXPECT_NE(channels_last_of(type), Layout(type));
    const TensorType one_channel{DType::f32, {2, 1, 4, 4}};
    EXPECT_EQ(channels_last_of(one_channel), Layout(one_channel));
}

}  // namespace
}  // namespace halftone::test
