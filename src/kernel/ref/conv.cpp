// y[n, o] = bias[o] + sum over c and the window of x[n, c] * w[o, c], where padding contributes nothing. The loops are
// in lib/conv_loops; this file has the shape rule, and what a step with codes or a fused epilogue accepts. Source: ONNX
// operator Conv, opset 11, over one to three spatial dimensions.
#include "kernel/ref/lib/conv_loops.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/weighted_step.hpp"

namespace halftone::ref {
namespace {

/// Weight [out, in / groups, kernel…]: group g connects its slice of the input channels with its slice of the output
/// channels. Depthwise convolution is the case with as many groups as channels.
void check_channels(const OpContext& op) {
    const Shape& input = op.inputs[0].shape;
    const Shape& weight = op.inputs[1].shape;
    const std::int64_t groups = int_attribute(op.node, "group", 1);
    if (!weight.is_static() || weight.elements() == 0)
        refuse(op, "weight " + weight.to_text() + " is empty or unknown");
    if (input[1] == kSymbolic) refuse(op, "the channels of input 0 " + input.to_text() + " must be known");
    if (groups < 1 || weight[0] % groups != 0) {
        refuse(op, "group " + std::to_string(groups) + " does not divide the " + std::to_string(weight[0]) +
                       " output channels");
    }
    std::int64_t channels = 0;
    // The two numbers come from a file, so their product may be anything.
    if (__builtin_mul_overflow(weight[1], groups, &channels) || input[1] != channels) {
        refuse(op, "input 0 " + input.to_text() + " has " + std::to_string(input[1]) + " channels, but weight " +
                       weight.to_text() + " with group " + std::to_string(groups) + " needs " +
                       std::to_string(channels));
    }
    if (op.has_input(2) && op.inputs[2].shape != Shape{weight[0]}) {
        refuse(op, "bias " + op.inputs[2].shape.to_text() + " does not have " + std::to_string(weight[0]) + " values");
    }
}

/// kernel_shape is optional in a file, and redundant; where it stands, it must agree with the weight.
ConvPlan conv_plan(const OpContext& op) {
    const Shape& input = op.inputs[0].shape;
    const Shape& weight = op.inputs[1].shape;
    const std::vector<std::int64_t> kernel(weight.dims().begin() + 2, weight.dims().end());
    const auto stated = ints_attribute(op.node, "kernel_shape", kernel);
    if (stated != kernel) {
        refuse(op, "kernel_shape " + text_of(stated) + " is not that of weight " + weight.to_text());
    }
    return {.window = resolve_window(op, input, kernel, {}),
            .batch = input[0],
            .in_channels = input[1],
            .out_channels = weight[0],
            .groups = int_attribute(op.node, "group", 1)};
}

/// Conv with everything that can be fused with it.
class ConvStep final : public WeightedStep {
public:
    explicit ConvStep(const KernelRequest& request)
        : WeightedStep(request), plan_(conv_plan(RequestContext(request, SeenAs::real).op())) {}

protected:
    void compute(std::span<const std::byte* const> inputs, std::span<float> values) const override {
        const TensorView x{input_layout(0).type(), inputs[0]};
        // The codes are multiplied as they are. Scales enter once, after the sum, which so is exact.
        if (is_quantized()) {
            conv_codes(plan_, x, zero_point(), weight().as<std::int8_t>().data(), int_bias(), scales(), values.data());
        } else {
            const float* bias = has_bias() ? real_bias().data() : nullptr;
            conv_f32(plan_, x.as<float>().data(), weight().as<float>().data(), bias, values.data());
        }
    }

private:
    ConvPlan plan_;
};

class ConvOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 3, 5);
        check_rank(op, 1, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
        check_channels(op);
        const ConvPlan plan = conv_plan(op);
        Shape shape = windowed_shape(op.inputs[0].shape, plan.window);
        shape[1] = plan.out_channels;
        return {{DType::f32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const float* bias = op.has_input(2) ? inputs[2].as<float>().data() : nullptr;
        conv_f32(conv_plan(op), inputs[0].as<float>().data(), inputs[1].as<float>().data(), bias,
                 outputs[0].as<float>().data());
    }

    Support supports(const KernelRequest& request) const override {
        // Weights that are not constant are an ordinary node: nothing fused, fp32.
        if (request.weight.values.is_empty()) return RefOp::supports(request);
        return weighted_step_accepts(request, request.weight.values.shape()[0]);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        if (request.weight.values.is_empty()) return RefOp::build(request);
        return std::make_unique<ConvStep>(request);
    }
};

}  // namespace

const RefOp& conv_op() {
    static const ConvOp op;
    return op;
}

}  // namespace halftone::ref
