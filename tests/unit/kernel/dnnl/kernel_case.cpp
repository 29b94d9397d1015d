#include "unit/kernel/dnnl/kernel_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/rng.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "kernel/ops/reorder.hpp"
#include "kernel/shape/request_context.hpp"

namespace halftone::test {
namespace {

Tensor buffer(std::size_t bytes) {
    return Tensor({DType::u8, Shape{static_cast<std::int64_t>(std::max<std::size_t>(bytes, 1))}});
}

/// The bytes of `from`'s layout in `to`'s.
Tensor reordered(const std::byte* bytes, const Layout& from, const Layout& to) {
    const auto reorder = build_reorder(from, to);
    Tensor out = buffer(to.bytes());
    Tensor scratch = buffer(reorder->scratch_bytes());
    const std::byte* source[] = {bytes};
    std::byte* target[] = {out.mutable_view().data};
    reorder->execute(source, target, scratch.mutable_view().data);
    return out;
}

std::int32_t code(const Tensor& codes, std::size_t i) {
    return codes.dtype() == DType::s8 ? std::int32_t{codes.as<std::int8_t>()[i]}
                                      : std::int32_t{codes.as<std::uint8_t>()[i]};
}

}  // namespace

KernelCase::KernelCase(std::string op, Attributes attributes, std::size_t node_inputs) {
    node.name = "tested";
    node.op = std::move(op);
    node.attributes = std::move(attributes);
    for (std::size_t i = 0; i < node_inputs; ++i) node.inputs.push_back(make_id<ValueId>(i));
    node.outputs.push_back(make_id<ValueId>(node_inputs));
    request.node = &node;
}

KernelCase& KernelCase::input(Tensor tensor, std::optional<QuantParams> params) {
    request.inputs.push_back({tensor.type(), std::move(params)});
    data.push_back(std::move(tensor));
    return *this;
}

KernelCase& KernelCase::weights(Tensor weight, Tensor bias, std::optional<QuantParams> params) {
    request.weight.values = std::move(weight);
    request.bias = std::move(bias);
    request.weight.params = std::move(params);
    return *this;
}

KernelCase& KernelCase::constants(std::vector<Tensor> by_input_number) {
    request.constants = std::move(by_input_number);
    return *this;
}

KernelCase& KernelCase::clamp(float low, float high) {
    request.epilogue.clamp = {low, high};
    return *this;
}

KernelCase& KernelCase::residual(std::uint64_t seed) {
    if (request.outputs.empty()) output();
    Tensor values = random_reals(request.outputs[0].type.shape, -2, 2, seed);
    request.epilogue.has_residual = true;
    return input(std::move(values));
}

KernelCase& KernelCase::output(std::optional<QuantParams> params) {
    const ref::RequestContext context(request, ref::SeenAs::real);
    TensorType type = reference_ops().infer(context.op())[0];
    if (params) type.dtype = params->dtype;
    request.outputs = {{type, std::move(params)}};
    return *this;
}

Tensor random_reals(Shape shape, double low, double high, std::uint64_t seed) {
    Tensor tensor({DType::f32, std::move(shape)});
    Rng rng(seed);
    for (float& value : tensor.mutable_view().as<float>()) value = static_cast<float>(rng.uniform(low, high));
    return tensor;
}

Tensor random_codes(DType dtype, Shape shape, std::uint64_t seed) {
    Tensor tensor({dtype, std::move(shape)});
    Rng rng(seed);
    const MutableView codes = tensor.mutable_view();  // bytes, because codes are signed or not
    for (std::size_t i = 0; i < codes.bytes(); ++i) codes.data[i] = static_cast<std::byte>(rng.below(256));
    return tensor;
}

Tensor largest_codes(DType dtype, Shape shape) {
    Tensor tensor({dtype, std::move(shape)});
    const MutableView codes = tensor.mutable_view();
    std::fill_n(codes.data, codes.bytes(), static_cast<std::byte>(dtype == DType::u8 ? 255 : 127));
    return tensor;
}

Tensor random_bias(std::int64_t channels, std::int32_t limit, std::uint64_t seed) {
    Tensor tensor({DType::s32, Shape{channels}});
    Rng rng(seed);
    for (std::int32_t& value : tensor.mutable_view().as<std::int32_t>()) {
        value = static_cast<std::int32_t>(rng.below(2 * static_cast<std::uint64_t>(limit))) - limit;
    }
    return tensor;
}

QuantParams per_tensor(DType dtype, float scale, std::int32_t zero_point) {
    return {.dtype = dtype, .scale = {scale}, .zero_point = {zero_point}};
}

QuantParams per_channel(std::int64_t channels, float scale, std::int64_t axis, std::uint64_t seed) {
    QuantParams params{.dtype = DType::s8, .scale = {}, .zero_point = {}, .axis = axis};
    Rng rng(seed);
    for (std::int64_t c = 0; c < channels; ++c) {
        params.scale.push_back(scale * static_cast<float>(rng.uniform(0.5, 2.0)));
        params.zero_point.push_back(0);
    }
    return params;
}

std::unique_ptr<Primitive> build(Backend backend, const KernelRequest& request, const BuildContext& context) {
    const Op* op = find_op(backend, request.node->op);
    EXPECT_NE(op, nullptr) << request.node->op;
    if (op == nullptr) return nullptr;
    const Support support = op->supports(request);
    EXPECT_TRUE(support.is_supported) << support.why;
    return support.is_supported ? op->build(request, context) : nullptr;
}

Tensor in_layout(const Tensor& x, const Layout& from, const Layout& to) {
    Tensor y(to.type());
    const Tensor bytes = reordered(x.view().data, from, to);
    std::memcpy(y.mutable_view().data, bytes.view().data, y.bytes());
    return y;
}

Tensor run(Primitive& primitive, const std::vector<Tensor>& data) {
    std::vector<Tensor> inputs;
    std::vector<const std::byte*> input_bytes;
    for (std::size_t i = 0; i < data.size(); ++i) {
        inputs.push_back(reordered(data[i].view().data, Layout(data[i].type()), primitive.input_layout(i)));
        input_bytes.push_back(inputs.back().view().data);
    }
    const Layout& layout = primitive.output_layout(0);
    Tensor output = buffer(layout.bytes());
    Tensor scratch = buffer(primitive.scratch_bytes());
    std::byte* output_bytes[] = {output.mutable_view().data};
    primitive.execute(input_bytes, output_bytes, scratch.mutable_view().data);
    const DType dtype = layout.type().dtype == DType::bf16 ? DType::f32 : layout.type().dtype;
    const TensorType type{dtype, layout.type().shape};
    const Tensor plain = reordered(output.view().data, layout, Layout(type));
    Tensor result(type);
    std::memcpy(result.mutable_view().data, plain.view().data, result.bytes());
    return result;
}

Tensor run(Backend backend, const KernelCase& kernel_case, const BuildContext& context) {
    const auto primitive = build(backend, kernel_case.request, context);
    return primitive == nullptr ? Tensor(kernel_case.request.outputs[0].type) : run(*primitive, kernel_case.data);
}

double relative_error(const Tensor& a, const Tensor& b) {
    EXPECT_EQ(a.type(), b.type());
    double worst = 0;
    double largest = 1;
    for (std::size_t i = 0; i < b.as<float>().size(); ++i) {
        const double x = static_cast<double>(a.as<float>()[i]);
        const double y = static_cast<double>(b.as<float>()[i]);
        if (x != y) worst = std::isnan(x - y) ? HUGE_VAL : std::max(worst, std::abs(x - y));
        largest = std::max(largest, std::abs(y));
    }
    return worst / largest;
}

CodeDifference code_difference(const Tensor& a, const Tensor& b) {
    EXPECT_EQ(a.type(), b.type());
    CodeDifference difference;
    const auto count = static_cast<std::size_t>(a.elements());
    std::size_t differing = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const int gap = std::abs(code(a, i) - code(b, i));
        difference.largest = std::max(difference.largest, gap);
        differing += gap != 0 ? 1 : 0;
    }
    difference.share = static_cast<double>(differing) / static_cast<double>(count);
    return difference;
}

void expect_close_to_ref(const KernelCase& kernel_case, double tolerance) {
    EXPECT_LE(relative_error(run(Backend::dnnl, kernel_case), run(Backend::ref, kernel_case)), tolerance);
}

void expect_every_implementation(KernelCase& kernel_case) {
    const std::vector<std::string> names =
        find_op(Backend::dnnl, kernel_case.node.op)->implementations(kernel_case.request);
    EXPECT_FALSE(names.empty());
    const Tensor exact = run(Backend::ref, kernel_case);
    for (const std::string& name : names) {
        kernel_case.request.implementation = name;
        const auto primitive = build(Backend::dnnl, kernel_case.request);
        ASSERT_NE(primitive, nullptr) << name;
        EXPECT_LE(relative_error(run(*primitive, kernel_case.data), exact), 1e-6) << name;
    }
}

void expect_equal_to_ref(const KernelCase& kernel_case, Backend backend) {
    const Tensor fast = run(backend, kernel_case);
    const Tensor exact = run(Backend::ref, kernel_case);
    ASSERT_EQ(fast.type(), exact.type());
    EXPECT_EQ(std::memcmp(fast.view().data, exact.view().data, exact.bytes()), 0);
}

}  // namespace halftone::test
