// Kernels that move elements, against the reference: Slice, Pad, Expand, Gather, Transpose and Resize by the nearest
// element give the same bytes; resampling is close.
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

Tensor numbers(const Ints& values) {
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

std::unique_ptr<KernelCase> moved(const std::string& op, const Shape& shape, Attributes attributes,
                                  std::vector<Tensor> constants, DType dtype = DType::f32) {
    const std::size_t inputs = std::max<std::size_t>(constants.size(), 1);
    auto c = std::make_unique<KernelCase>(op, std::move(attributes), inputs);
    for (std::size_t i = 1; i < constants.size(); ++i) {
        if (constants[i].is_empty()) c->node.inputs[i] = {};
    }
    c->input(dtype == DType::f32 ? random_reals(shape, -1, 1, 1) : random_codes(dtype, shape, 1));
    c->constants(std::move(constants)).output();
    // Codes as plain integers here: the shape rules see what is stored.
    c->request.outputs[0].type.dtype = dtype;
    return c;
}

/// The same bytes as the reference's, from plain and from channels-last memory, by one thread and by three.
void expect_same_bytes(const KernelCase& c) {
    const Tensor wanted = run(Backend::ref, c);
    for (const bool is_last : {false, true}) {
        if (is_last && c.data[0].dtype() != DType::f32) continue;
        const TensorType& type = c.data[0].type();
        const std::vector<Layout> available{is_last ? channels_last_layout(type) : Layout(type)};
        const auto primitive = build(Backend::native, c.request, {.weights = nullptr, .available = available});
        ASSERT_NE(primitive, nullptr);
        for (const int threads : {1, 3}) {
            set_kernel_threads(threads);
            const Tensor y = run(*primitive, c.data);
            set_kernel_threads(1);
            ASSERT_EQ(y.type(), wanted.type());
            EXPECT_EQ(std::memcmp(y.view().data, wanted.view().data, wanted.bytes()), 0)
                << "channels last: " << is_last;
        }
    }
}

TEST(NativeCopy, SlicesWithEveryKindOfStep) {
    const auto slice = [](const Shape& shape, const Ints& starts, const Ints& ends, const Ints& axes,
                          const Ints& steps) {
        return moved("Slice", shape, {}, {{}, numbers(starts), numbers(ends), numbers(axes), numbers(steps)});
    };
    expect_same_bytes(*slice({2, 6, 9, 37}, {1, 3}, {5, 30}, {1, 3}, {1, 1}));
    expect_same_bytes(*slice({2, 6, 9, 37}, {-1, 0}, {-100, 37}, {2, 3}, {-2, 3}));
    expect_same_bytes(*slice({2, 6, 9, 37}, {1}, {2}, {0}, {1}));
    expect_same_bytes(*slice({70000}, {3}, {69000}, {0}, {2}));
    expect_same_bytes(*slice({300, 301}, {0, 1}, {300, 301}, {0, 1}, {1, 1}));
}

TEST(NativeCopy, PadsInEveryMode) {
    for (const std::string mode : {"constant", "reflect", "edge", "wrap"}) {
        for (const Ints& pads :
             {Ints{0, 0, 1, 2, 0, 0, 3, 1}, Ints{0, 2, 0, 0, 0, 1, 0, 0}, Ints{1, 0, -1, 3, 0, 0, 2, -2}}) {
            expect_same_bytes(*moved("Pad", {2, 6, 9, 37}, {{"mode", mode}}, {{}, numbers(pads)}));
            expect_same_bytes(
                *moved("Pad", {2, 6, 9, 37}, {{"mode", mode}}, {{}, numbers(pads), Tensor::scalar(3.5F)}));
        }
    }
    expect_same_bytes(*moved("Pad", {3, 5}, {}, {{}, numbers({1, 1, 0, 2})}, DType::u8));
}

TEST(NativeCopy, Expands) {
    expect_same_bytes(*moved("Expand", {1, 6, 1, 37}, {}, {{}, numbers({2, 6, 9, 37})}));
    expect_same_bytes(*moved("Expand", {6, 1}, {}, {{}, numbers({3, 6, 50})}));
    expect_same_bytes(*moved("Expand", {1}, {}, {{}, numbers({7, 3})}));
}

TEST(NativeCopy, ResizesToTheNearest) {
    for (const std::string nearest : {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"}) {
        for (const std::string how : {"asymmetric", "half_pixel", "align_corners"}) {
            for (const std::vector<float>& scales : {std::vector{1.0F, 1.0F, 2.0F, 2.0F}, {1.0F, 1.0F, 0.6F, 1.7F}}) {
                const Attributes attributes{{"nearest_mode", nearest}, {"coordinate_transformation_mode", how}};
                expect_same_bytes(
                    *moved("Resize", {2, 6, 9, 13}, attributes, {{}, {}, Tensor::of<float>({4}, scales)}));
            }
        }
    }
}

// More elements than a thread takes at once, so that pieces begin in the middle of a picture, and at filled rows.
TEST(NativeCopy, BeginsAtAnyRow) {
    const Tensor scales = Tensor::of<float>({4}, std::vector{1.0F, 1.0F, 2.0F, 2.0F});
    const Attributes floor{{"nearest_mode", "floor"}, {"coordinate_transformation_mode", "asymmetric"}};
    expect_same_bytes(*moved("Resize", {2, 7, 31, 53}, floor, {{}, {}, scales}));
    expect_same_bytes(*moved("Pad", {2, 7, 61, 53}, {}, {{}, numbers({1, 1, 2, 3, 0, 2, 1, 5})}));
    expect_same_bytes(*moved("Pad", {3, 200, 97}, {{"mode", "edge"}}, {{}, numbers({1, 4, 2, 0, 3, 1})}));
    expect_same_bytes(*moved("Expand", {3, 1, 2, 97}, {}, {{}, numbers({3, 70, 2, 97})}));
}

// The operator's text: (place + 0.5) / scale - 0.5 if there is more than one place, else 0. So it is the first element.
TEST(Resize, PytorchHalfPixelToOnePlaceReadsTheFirst) {
    const auto c =
        moved("Resize", {1, 1, 1, 4}, {{"mode", "cubic"}, {"coordinate_transformation_mode", "pytorch_half_pixel"}},
              {{}, {}, {}, numbers({1, 1, 1, 1})});
    EXPECT_EQ(run(Backend::ref, *c).as<float>()[0], c->data[0].as<float>()[0]);
}

TEST(NativeCopy, ResizesByWeights) {
    for (const std::string mode : {"linear", "cubic"}) {
        for (const std::int64_t antialias : {0, 1}) {
            for (const std::vector<float>& scales :
                 {std::vector{1.0F, 1.0F, 2.0F, 2.0F}, {1.0F, 1.0F, 0.4F, 1.7F}, {1.0F, 1.0F, 1.0F, 3.0F}}) {
                const auto c = moved("Resize", {2, 6, 9, 13}, {{"mode", mode}, {"antialias", antialias}},
                                     {{}, {}, Tensor::of<float>({4}, scales)});
                const Tensor wanted = run(Backend::ref, *c);
                EXPECT_LE(relative_error(run(Backend::native, *c), wanted), 1e-6);
                const std::vector<Layout> last{channels_last_layout(c->data[0].type())};
                const auto primitive = build(Backend::native, c->request, {.weights = nullptr, .available = last});
                EXPECT_LE(relative_error(run(*primitive, c->data), wanted), 1e-6);
            }
        }
    }
}

// With one pixel, channels-last memory and plain memory are the same. A kernel must not take the one for the other on
// one side only: the two differ in the output.
TEST(NativeCopy, APictureOfOnePixelIsPlain) {
    const Tensor scales = Tensor::of<float>({4}, std::vector{1.0F, 1.0F, 2.0F, 3.0F});
    expect_same_bytes(*moved("Resize", {2, 6, 1, 1}, {}, {{}, {}, scales}));
    expect_same_bytes(*moved("Expand", {2, 6, 1, 1}, {}, {{}, numbers({2, 6, 3, 2})}));
    expect_same_bytes(*moved("Pad", {2, 6, 1, 1}, {}, {{}, numbers({0, 0, 1, 2, 0, 0, 0, 1})}));
    const auto c = moved("Resize", {2, 6, 1, 1}, {{"mode", "linear"}}, {{}, {}, scales});
    const std::vector<Layout> last{channels_last_layout(c->data[0].type())};
    const auto primitive = build(Backend::native, c->request, {.weights = nullptr, .available = last});
    EXPECT_LE(relative_error(run(*primitive, c->data), run(Backend::ref, *c)), 1e-6);
}

TEST(NativeCopy, TransposesInEveryOrder) {
    for (const Ints& perm : {Ints{0, 2, 1, 3}, Ints{3, 2, 1, 0}, Ints{0, 1, 2, 3}, Ints{1, 3, 0, 2}, Ints{0, 2, 3, 1},
                             Ints{0, 3, 1, 2}, Ints{0, 1, 3, 2}, Ints{2, 0, 1, 3}}) {
        expect_same_bytes(*moved("Transpose", {2, 17, 9, 37}, {{"perm", perm}}, {}));
        for (const DType dtype : {DType::u8, DType::s32, DType::s64, DType::boolean}) {
            KernelCase c("Transpose", {{"perm", perm}}, 1);
            Tensor x({dtype, Shape{3, 5, 9, 11}});
            for (std::size_t i = 0; i < x.bytes(); ++i) x.mutable_view().data[i] = static_cast<std::byte>(i * 7 % 251);
            c.input(std::move(x)).output();
            expect_same_bytes(c);
        }
    }
    expect_same_bytes(*moved("Transpose", {400, 333}, {}, {}));
    // Squares alone, without rests: of words and of bytes, with the longer step on either side.
    for (const DType dtype : {DType::f32, DType::u8}) {
        expect_same_bytes(*moved("Transpose", {2, 32, 16, 64}, {{"perm", Ints{0, 2, 3, 1}}}, {}, dtype));
        expect_same_bytes(*moved("Transpose", {2, 16, 64, 32}, {{"perm", Ints{0, 3, 1, 2}}}, {}, dtype));
        expect_same_bytes(*moved("Transpose", {2, 3, 40, 50}, {{"perm", Ints{0, 2, 3, 1}}}, {}, dtype));
        expect_same_bytes(*moved("Transpose", {2, 40, 50, 3}, {{"perm", Ints{0, 3, 1, 2}}}, {}, dtype));
    }
    expect_same_bytes(*moved("Transpose", {7}, {}, {}));
}

TEST(NativeCopy, KeepsTheParametersOfCodes) {
    KernelCase c("Transpose", {{"perm", Ints{0, 2, 1}}}, 1);
    c.input(random_codes(DType::u8, {2, 9, 20}, 2), per_tensor(DType::u8, 0.1F, 3));
    expect_equal_to_ref(c.output(per_tensor(DType::u8, 0.1F, 3)), Backend::native);
}

TEST(NativeCopy, GathersByDataAndByConstants) {
    const Tensor places = Tensor::of<std::int64_t>({2, 3}, Ints{4, 0, -1, 2, 2, -6});
    for (const std::int64_t axis : {0, 1, 2, 3}) {
        KernelCase by_data("Gather", {{"axis", axis}}, 2);
        by_data.input(random_reals({6, 7, 8, 9}, -1, 1, 1)).input(places).output();
        expect_equal_to_ref(by_data, Backend::native);
        expect_same_bytes(*moved("Gather", {6, 7, 8, 9}, {{"axis", axis}}, {{}, places}));
    }
    KernelCase table("Gather", {}, 2);
    table.input(places).constants({random_reals({6, 33}, -1, 1, 1), {}}).output();
    expect_equal_to_ref(table, Backend::native);
}

TEST(NativeCopy, RefusesIndicesThatAreOutside) {
    KernelCase c("Gather", {}, 2);
    c.input(random_reals({6, 7}, -1, 1, 1)).input(Tensor::of<std::int64_t>({2}, Ints{5, 6})).output();
    EXPECT_THROW((void)run(Backend::native, c), ModelError);
}

std::unique_ptr<KernelCase> reduced(const std::string& op, const Shape& shape, const Ints& axes, std::int64_t keeps) {
    // Sums and means have their axes as an input since operator sets 13 and 18, the others as an attribute here.
    const Attributes attributes{{"axes", axes}, {"keepdims", keeps}};
    auto c = std::make_unique<KernelCase>(op, attributes, 1);
    c->input(random_reals(shape, -1, 2, 1)).output();
    return c;
}

const std::vector<std::string>& reductions() {
    static const std::vector<std::string> names{"ReduceMean", "ReduceSum", "ReduceMax",
                                                "ReduceMin",  "ReduceL2",  "ReduceSumSquare"};
    return names;
}

// The reference sums in double, the kernel adds runs in fp32. A build without wide vectors has fewer partial sums side
// by side, each of them longer, so its error is larger.
constexpr double kSumError = 4e-6;

TEST(NativeReduction, EqualsReferenceOverEveryAxis) {
    for (const std::string& op : reductions()) {
        for (const Ints& axes : {Ints{-1}, Ints{0}, Ints{1}, Ints{2, 3}, Ints{1, 3}, Ints{0, 1}, Ints{0, 1, 2, 3}}) {
            for (const std::int64_t keeps : {0, 1}) {
                const auto c = reduced(op, {3, 5, 7, 141}, axes, keeps);
                EXPECT_LE(relative_error(run(Backend::native, *c), run(Backend::ref, *c)), kSumError) << op;
            }
        }
        // Longer than a run of fp32 sums, both ways.
        EXPECT_LE(relative_error(run(Backend::native, *reduced(op, {2, 70000}, {1}, 1)),
                                 run(Backend::ref, *reduced(op, {2, 70000}, {1}, 1))),
                  kSumError);
        EXPECT_LE(relative_error(run(Backend::native, *reduced(op, {5000, 130}, {0}, 1)),
                                 run(Backend::ref, *reduced(op, {5000, 130}, {0}, 1))),
                  kSumError);
    }
}

TEST(NativeReduction, SaysWhichAxesItLeaves) {
    EXPECT_EQ(
        find_op(Backend::native, "ReduceSum")->supports(reduced("ReduceSum", {3, 5, 7, 11}, {0, 2}, 1)->request).why,
        "kept and reduced dimensions alternate too often");
}

TEST(NativeReduction, PassesNaN) {
    for (const std::string& op : reductions()) {
        for (const std::int64_t axis : {0, 1}) {
            const auto c = reduced(op, {40, 30}, {axis}, 0);
            for (const std::size_t place : {3U, 610U}) c->data[0].mutable_view().as<float>()[place] = std::nanf("");
            const Tensor y = run(Backend::native, *c);
            const Tensor wanted = run(Backend::ref, *c);
            for (std::size_t i = 0; i < y.as<float>().size(); ++i)
                EXPECT_EQ(std::isnan(y.as<float>()[i]), std::isnan(wanted.as<float>()[i])) << op << axis << i;
        }
    }
}

TEST(NativeReduction, ThreadsChangeNoBit) {
    for (const Ints& axes : {Ints{0}, Ints{1}, Ints{2}, Ints{0, 2}, Ints{0, 1}}) {
        const auto c = reduced("ReduceMean", {40, 50, 60}, axes, 1);
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
