// Concat and Split against the reference, byte for byte: along every axis, plain and channels-last, by one thread and
// by three, and what they leave to others.
#include <cstring>

#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "kernel/shape/request_context.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// All outputs, plain. kernel_case's run() gives the first one only.
std::vector<Tensor> all_outputs(Primitive& primitive, const KernelCase& c) {
    std::vector<Tensor> held;
    std::vector<const std::byte*> inputs;
    for (std::size_t i = 0; i < c.data.size(); ++i)
        held.push_back(in_layout(c.data[i], Layout(c.data[i].type()), primitive.input_layout(i)));
    for (const Tensor& tensor : held) inputs.push_back(tensor.view().data);
    std::vector<Tensor> results;
    std::vector<std::byte*> outputs;
    for (const OperandEncoding& port : c.request.outputs) results.emplace_back(port.type);
    for (Tensor& result : results) outputs.push_back(result.mutable_view().data);
    Tensor scratch({DType::u8, Shape{static_cast<std::int64_t>(primitive.scratch_bytes()) + 1}});
    primitive.execute(inputs, outputs, scratch.mutable_view().data);
    for (std::size_t i = 0; i < results.size(); ++i)
        results[i] = in_layout(results[i], primitive.output_layout(i), Layout(results[i].type()));
    return results;
}

/// The outputs of all types that the shape rule gives.
void infer_outputs(KernelCase& c, std::size_t count) {
    while (c.node.outputs.size() < count) c.node.outputs.push_back(make_id<ValueId>(100 + c.node.outputs.size()));
    const ref::RequestContext context(c.request, ref::SeenAs::stored);
    const std::optional<QuantParams> params = c.request.inputs[0].params;
    c.request.outputs.clear();
    for (const TensorType& type : reference_ops().infer(context.op())) c.request.outputs.push_back({type, params});
}

void expect_same_parts(const KernelCase& c) {
    const auto reference = build(Backend::ref, c.request);
    ASSERT_NE(reference, nullptr);
    const std::vector<Tensor> wanted = all_outputs(*reference, c);
    for (const bool is_last : {false, true}) {
        std::vector<Layout> available;
        for (const Tensor& x : c.data)
            available.push_back(is_last && x.dtype() != DType::s64 ? channels_last_layout(x.type()) : Layout(x.type()));
        const auto primitive = build(Backend::native, c.request, {.weights = nullptr, .available = available});
        ASSERT_NE(primitive, nullptr);
        // The point of these kernels: what lies channels-last stays so.
        EXPECT_TRUE(primitive->input_layout(0) == available[0]);
        for (const int threads : {1, 3}) {
            set_kernel_threads(threads);
            const std::vector<Tensor> results = all_outputs(*primitive, c);
            set_kernel_threads(1);
            ASSERT_EQ(results.size(), wanted.size());
            for (std::size_t i = 0; i < results.size(); ++i) {
                EXPECT_EQ(std::memcmp(results[i].view().data, wanted[i].view().data, wanted[i].bytes()), 0)
                    << "part " << i << ", channels last: " << is_last;
            }
        }
    }
}

Tensor numbered(DType dtype, const Shape& shape) {
    Tensor x({dtype, shape});
    for (std::size_t i = 0; i < x.bytes(); ++i) x.mutable_view().data[i] = static_cast<std::byte>(i * 7 % 251);
    return x;
}

void expect_split(DType dtype, const Shape& shape, std::int64_t axis, const Ints& lengths) {
    KernelCase c("Split", {{"axis", axis}}, 2);
    c.input(numbered(dtype, shape));
    c.constants({{}, Tensor::of<std::int64_t>({static_cast<std::int64_t>(lengths.size())}, lengths)});
    infer_outputs(c, lengths.size());
    expect_same_parts(c);
}

void expect_concat(DType dtype, const std::vector<Shape>& shapes, std::int64_t axis) {
    KernelCase c("Concat", {{"axis", axis}}, shapes.size());
    for (const Shape& shape : shapes) c.input(numbered(dtype, shape));
    infer_outputs(c, 1);
    expect_same_parts(c);
}

TEST(NativeParts, SplitAlongEveryAxis) {
    for (const DType dtype : {DType::f32, DType::u8, DType::s64}) {
        expect_split(dtype, {6, 7, 9, 11}, 0, {1, 3, 2});
        expect_split(dtype, {6, 7, 9, 11}, 1, {1, 4, 2});
        expect_split(dtype, {6, 7, 9, 11}, -2, {8, 1});
        expect_split(dtype, {6, 7, 9, 11}, 3, {1, 1, 9});
        expect_split(dtype, {5, 12}, 1, {4, 8});
        expect_split(dtype, {2, 48, 30, 31}, 1, {16, 32});
    }
}

TEST(NativeParts, SplitOfOnePixelOrOneChannel) {
    expect_split(DType::f32, {2, 6, 1, 1}, 1, {2, 4});
    expect_split(DType::f32, {2, 1, 4, 6}, 1, {1});
    expect_split(DType::f32, {2, 2, 4, 6}, 1, {1, 1});
    expect_split(DType::f32, {2, 3, 4, 1}, 2, {1, 3});
}

TEST(NativeParts, ConcatAlongEveryAxis) {
    for (const DType dtype : {DType::f32, DType::u8, DType::s64}) {
        expect_concat(dtype, {{1, 7, 9, 11}, {3, 7, 9, 11}}, 0);
        expect_concat(dtype, {{2, 1, 9, 11}, {2, 5, 9, 11}, {2, 8, 9, 11}}, 1);
        expect_concat(dtype, {{2, 7, 9, 11}, {2, 7, 1, 11}}, 2);
        expect_concat(dtype, {{2, 7, 9, 11}, {2, 7, 9, 1}}, -1);
        expect_concat(dtype, {{5}, {1}, {3}}, 0);
        expect_concat(dtype, {{2, 16, 30, 31}, {2, 32, 30, 31}}, 1);
    }
}

// Each part is plain and channels-last at once, and the whole is not.
TEST(NativeParts, ConcatOfSinglePixels) {
    expect_concat(DType::f32, {{2, 6, 1, 1}, {2, 6, 1, 1}}, 2);
    expect_concat(DType::f32, {{2, 1, 4, 6}, {2, 1, 4, 6}}, 1);
}

TEST(NativeParts, RefuseWhatIsNoCopyOfBytes) {
    KernelCase c("Concat", {{"axis", std::int64_t{1}}}, 2);
    c.input(random_codes(DType::u8, {2, 3, 4, 4}, 1), per_tensor(DType::u8, 0.1F, 3));
    c.input(random_codes(DType::u8, {2, 3, 4, 4}, 2), per_tensor(DType::u8, 0.2F, 3));
    infer_outputs(c, 1);
    EXPECT_EQ(find_op(Backend::native, "Concat")->supports(c.request).why,
              "inputs and outputs need the same parameters");
    KernelCase empty("Split", {{"axis", std::int64_t{1}}}, 2);
    empty.input(numbered(DType::f32, {2, 3}));
    empty.constants({{}, Tensor::of<std::int64_t>({2}, Ints{3, 0})});
    infer_outputs(empty, 2);
    EXPECT_EQ(find_op(Backend::native, "Split")->supports(empty.request).why, "a tensor is empty");
}

}  // namespace
}  // namespace halftone::test
