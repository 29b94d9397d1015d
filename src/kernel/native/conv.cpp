// Source: ONNX operator Conv, opset 11: depthwise over two dimensions, int8 in and out.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/codes/needs_widening.hpp"
#include "kernel/native/lib/depthwise.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::native {
namespace {

constexpr std::int32_t kSignShift = 128;  // of int8 codes that are seen as unsigned

ref::Window window_of(const KernelRequest& request) {
    const ref::RequestContext context(request, ref::SeenAs::stored);
    const std::vector<std::int64_t>& weight = request.weight.values.shape().dims();
    return ref::resolve_window(context.op(), request.inputs[0].type.shape, std::span(weight).subspan(2), {});
}

DepthwiseShape shape_of(const KernelRequest& request, const ref::Window& window) {
    return {.batch = request.inputs[0].type.shape[0],
            .channels = request.weight.values.shape()[0],
            .height = window.input[1],
            .width = window.input[2],
            .out_height = window.output[1],
            .out_width = window.output[2],
            .kernel = window.kernel[1],
            .stride = window.strides[1],
            .pad_top = window.pads_begin[1],
            .pad_left = window.pads_begin[2]};
}

/// bench --autotune: elsewhere oneDNN's fp32 kernel on widened codes is faster.
Support check_for_avx2(const ref::Window& window, std::int64_t channels) {
    constexpr std::int64_t kLeastWidth = 14;  // in smaller images most tiles are at the border
    return window.kernel[1] == 3 && window.output[2] >= kLeastWidth && channels >= kPairChannels
               ? Support::yes()
               : Support::no("own kernels for AVX2 are for 3x3, images 14 wide or more, and at least 16 channels");
}

Support check_geometry(const KernelRequest& request) {
    const Shape& weight = request.weight.values.shape();
    const std::int64_t channels = request.inputs[0].type.shape[1];
    if (weight.rank() != 4 || weight[1] != 1 || weight[0] != channels ||
        int_attribute(*request.node, "group", 1) != channels) {
        return Support::no("own kernels are for depthwise convolution over two dimensions");
    }
    const ref::Window window = window_of(request);
    const std::int64_t kernel = window.kernel[1];
    const std::int64_t stride = window.strides[1];
    // Each pair of kernel size and stride has a loop of its own, in which all distances are constants; these are the
    // ones that mobile networks use.
    const bool is_known = (stride == 1 && (kernel == 3 || kernel == 5 || kernel == 7)) || (stride == 2 && kernel == 3);
    if (!is_known || kernel != window.kernel[2] || stride != window.strides[2] || window.dilations[1] != 1 ||
        window.dilations[2] != 1) {
        return Support::no("own kernels are for 3x3, 5x5 and 7x7 with stride 1 and 3x3 with stride 2");
    }
    // The two variants have different limits, because the AVX2 one computes 16 channels and less geometry.
    if (!has_avx512_vnni()) return check_for_avx2(window, channels);
    const double most_work = kernel == 3 ? 1.25 : 1.1;  // kernels.sh: oneDNN's kernel is faster from there on
    const double work = depthwise_work(shape_of(request, window));
    return work <= most_work ? Support::yes() : Support::no("too little of each block of pixels and channels is used");
}

Support check_numbers(const KernelRequest& request) {
    if (request.inputs.size() != 1 || request.epilogue.has_residual || request.epilogue.activation != nullptr) {
        return Support::no("own kernels fuse a clamp only");
    }
    if (!is_codes(request.inputs[0]) || !is_codes(request.outputs[0])) return Support::no("int8 in and out only");
    if (request.weight.values.dtype() != DType::s8 || !request.weight.params)
        return Support::no("the weights are not int8");
    const QuantParams& weight = *request.weight.params;
    const std::int64_t channels = request.weight.values.shape()[0];
    const bool is_per_channel = weight.axis == 0 && static_cast<std::int64_t>(weight.scale.size()) == channels;
    if (!weight.is_per_tensor() && !is_per_channel) return Support::no("weight scales are not per channel");
    if (std::any_of(weight.zero_point.begin(), weight.zero_point.end(), [](std::int32_t z) { return z != 0; })) {
        return Support::no("own kernels take no zero point of the weights");
    }
    if (!request.bias.is_empty() && request.bias.dtype() != DType::s32) return Support::no("the bias is not int32");
    return Support::yes();
}

/// Sum of |w| times the largest code, for each channel.
double largest_sum(const DepthwiseNumbers& numbers, std::size_t channel) {
    const std::size_t taps = numbers.weights.size() / numbers.factor.size();
    double largest = 0;
    // The worst case: every code is at its end, with the sign that makes its product positive.
    for (std::size_t t = 0; t < taps; ++t) largest += 255.0 * std::abs(numbers.weights[channel * taps + t]);
    return largest;
}

/// A bias near the end of int32 (a channel of tiny weights, whose scale was let grow just so far) goes behind the
/// product: with it the sums could wrap.
void move_large_biases(DepthwiseNumbers& numbers) {
    numbers.offset.assign(numbers.factor.size(), 0.0F);
    if (numbers.bias.empty()) return;
    for (std::size_t c = 0; c < numbers.factor.size(); ++c) {
        const double bias = numbers.bias[c];
        // Twice: the sum starts at -zero point * sum of w.
        if (std::abs(bias) + 2.0 * largest_sum(numbers, c) < std::numeric_limits<std::int32_t>::max()) continue;
        numbers.offset[c] = static_cast<float>(bias * double{numbers.factor[c]});
        numbers.bias[c] = 0;
    }
}

DepthwiseNumbers numbers_of(const KernelRequest& request) {
    const QuantParams& x = *request.inputs[0].params;
    const QuantParams& y = *request.outputs[0].params;
    const auto shift = [](const QuantParams& params) { return params.dtype == DType::s8 ? kSignShift : 0; };
    DepthwiseNumbers numbers;
    numbers.x_is_signed = x.dtype == DType::s8;
    numbers.y_is_signed = y.dtype == DType::s8;
    // Everything is seen as unsigned: signed codes and their zero point move by 128 together, which changes no
    // difference.
    numbers.x_zero_point = x.zero_point[0] + shift(x);
    numbers.y_zero_point = y.zero_point[0] + shift(y);
    const codes::CodesResult result = codes::codes_result(request.outputs[0], request.epilogue.clamp);
    numbers.y_low = static_cast<std::uint8_t>(result.low + shift(y));
    numbers.y_high = static_cast<std::uint8_t>(result.high + shift(y));
    const auto weights = request.weight.values.as<std::int8_t>();
    numbers.weights.assign(weights.begin(), weights.end());
    const auto channels = static_cast<std::size_t>(request.weight.values.shape()[0]);
    if (!request.bias.is_empty()) {
        const auto bias = request.bias.as<std::int32_t>();
        const std::size_t step = bias.size() == 1 ? 0 : 1;
        for (std::size_t c = 0; c < channels; ++c) numbers.bias.push_back(bias[c * step]);
    }
    const std::vector<float>& scales = request.weight.params->scale;
    for (std::size_t c = 0; c < channels; ++c) {
        // One factor from sum to code. It is made in double and rounded once; the README says what that means at ties.
        const double scale = double{x.scale[0]} * scales[scales.size() == 1 ? 0 : c] / y.scale[0];
        numbers.factor.push_back(static_cast<float>(scale));
    }
    move_large_biases(numbers);
    return numbers;
}

/// The result becomes an int32, which it must not leave.
bool stays_in_range(const DepthwiseNumbers& numbers) {
    constexpr double kLimit = 2.0e9;
    for (std::size_t c = 0; c < numbers.factor.size(); ++c) {
        const double bias = numbers.bias.empty() ? 0.0 : std::abs(static_cast<double>(numbers.bias[c]));
        const double largest = (bias + 2.0 * largest_sum(numbers, c)) * double{numbers.factor[c]};
        if (!(largest + std::abs(double{numbers.offset[c]}) < kLimit)) return false;
    }
    return true;
}

class ConvOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (!has_avx2()) return Support::no("own kernels need AVX2 (this machine: " + isa_name() + ")");
        if (request.weight.values.is_empty()) return Support::no("the weights are not constant");
        if (Support support = check_geometry(request); !support.is_supported) return support;
        if (Support support = check_numbers(request); !support.is_supported) return support;
        // Weights of reduced range are multiplied exactly by oneDNN's vpmaddubsw, four at once; vpmaddwd does two.
        if (!has_avx512_vnni() && !needs_widening(request)) {
            return Support::no("oneDNN's int8 kernel is exact for these weights, and as fast");
        }
        // cvtps gives 0x80000000 for what does not fit into int32, which would be the wrong end of the range.
        if (!stays_in_range(numbers_of(request))) return Support::no("the results may leave int32");
        return Support::yes();
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        const DepthwiseShape shape = shape_of(request, window_of(request));
        const bool is_avx512 = has_avx512_vnni();
        const auto pack = is_avx512 ? pack_depthwise : pack_depthwise_pairs;
        const auto run = is_avx512 ? run_depthwise_avx512_vnni : run_depthwise_avx2;
        const auto body = [packed = pack(shape, numbers_of(request)), run](auto inputs, auto outputs) {
            run(packed, reinterpret_cast<const std::uint8_t*>(inputs[0]), reinterpret_cast<std::uint8_t*>(outputs[0]));
        };
        return std::make_unique<LoopStep>(is_avx512 ? "native_depthwise:avx512_vnni" : "native_depthwise:avx2",
                                          std::vector{channels_last_layout(request.inputs[0].type)},
                                          channels_last_layout(request.outputs[0].type), body);
    }
};

}  // namespace

const FastOp& conv_op() {
    static const ConvOp op;
    return op;
}

}  // namespace halftone::native
