// Layers with weights, and pooling. Defaults of attributes are those of MXNet 1.9.1's operator documentation.
//
//   convolution, deconvolution, fully_connected, embedding   weights as ONNX has them
//   batch_norm, layer_norm, instance_norm, l2_normalization, lrn
//   pooling, adaptive_average
#include <fmt/format.h>

#include <algorithm>

#include "import/mxnet/layer.hpp"

namespace halftone {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr std::int64_t kMostWindowSize = std::int64_t{1} << 31U;  // what lies beyond is refused when types are inferred

/// MXNet pads both sides alike; ONNX wants all begins, then all ends.
Ints both_sides(Ints pads) {
    const std::size_t rank = pads.size();
    pads.resize(2 * rank);
    std::copy_n(pads.begin(), rank, pads.begin() + static_cast<std::ptrdiff_t>(rank));
    return pads;
}

/// Returns a tuple with one number for each axis of the window. A missing tuple, and "()", is `fallback` everywhere.
Ints window_tuple(const MxnetLayer& layer, const std::string& key, std::size_t rank, std::int64_t fallback) {
    Ints values = layer.attributes.integers(key);
    if (values.empty()) values.assign(rank, fallback);
    if (values.size() != rank) {
        layer.refuse(fmt::format("{} has {} numbers, the kernel has {}", key, values.size(), rank));
    }
    return values;
}

/// MXNet writes NHWC only for tensor cores of GPUs, whose files nobody has asked for.
void require_channels_first(const MxnetLayer& layer) {
    const std::string layout = layer.attributes.word("layout", "NCHW");
    if (layout == "NCW" || layout == "NCHW" || layout == "NCDHW") return;
    layer.refuse("layout " + layout + " is not supported; supported: NCW, NCHW, NCDHW");
}

/// Kernel, strides and pads in the form that convolutions and pooling share.
Attributes window_attributes(const MxnetLayer& layer, const Ints& kernel) {
    return {{"kernel_shape", kernel},
            {"strides", window_tuple(layer, "stride", kernel.size(), 1)},
            {"pads", both_sides(window_tuple(layer, "pad", kernel.size(), 0))}};
}

/// Data, weight and, unless no_bias says that there is none, bias.
std::vector<ValueId> weighted_inputs(const MxnetLayer& layer, bool has_bias) {
    std::vector<ValueId> inputs{layer.input(0), layer.input(1)};
    if (has_bias) inputs.push_back(layer.input(2));
    return inputs;
}

/// The weight is [outputs, inputs / groups, kernel…] in both formats, so it is taken as it is.
void convolution(MxnetLayer& layer) {
    require_channels_first(layer);
    const Ints kernel = layer.attributes.integers("kernel");
    Attributes attributes = window_attributes(layer, kernel);
    attributes["dilations"] = window_tuple(layer, "dilate", kernel.size(), 1);
    attributes["group"] = layer.attributes.integer("num_group", 1);
    const bool has_bias = !layer.attributes.flag("no_bias", false);
    layer.finish(layer.emit("Conv", weighted_inputs(layer, has_bias), attributes));
}

/// The weight is [inputs, outputs / groups, kernel…] in both formats. target_shape would replace pad and adj by others
/// that are computed from the input; no net of the model zoo has it.
void deconvolution(MxnetLayer& layer) {
    require_channels_first(layer);
    if (!layer.attributes.integers("target_shape").empty()) layer.refuse("target_shape is not supported");
    const Ints kernel = layer.attributes.integers("kernel");
    Attributes attributes = window_attributes(layer, kernel);
    attributes["dilations"] = window_tuple(layer, "dilate", kernel.size(), 1);
    attributes["output_padding"] = window_tuple(layer, "adj", kernel.size(), 0);
    attributes["group"] = layer.attributes.integer("num_group", 1);
    const bool has_bias = !layer.attributes.flag("no_bias", true);  // the default differs from Convolution's
    layer.finish(layer.emit("ConvTranspose", weighted_inputs(layer, has_bias), attributes));
}

/// With flatten, all axes but the batch become one, as in MXNet's early nets; without it, GluonNLP multiplies the last
/// axis only.
void fully_connected(MxnetLayer& layer) {
    const bool has_bias = !layer.attributes.flag("no_bias", false);
    std::vector<ValueId> inputs = weighted_inputs(layer, has_bias);
    if (layer.attributes.flag("flatten", true)) {
        inputs[0] = layer.emit("Flatten", {inputs[0]}, {{"axis", std::int64_t{1}}}, "flatten");
        layer.finish(layer.emit("Gemm", inputs, {{"transB", std::int64_t{1}}}));
        return;
    }
    // Only the last axis is multiplied, which Gemm cannot do. The weight is [outputs, inputs].
    const ValueId weight = layer.emit("Transpose", {inputs[1]}, {{"perm", Ints{1, 0}}}, "transpose");
    if (!has_bias) {
        layer.finish(layer.emit("MatMul", {inputs[0], weight}));
        return;
    }
    const ValueId product = layer.emit("MatMul", {inputs[0], weight});
    layer.finish(layer.emit("Add", {product, inputs[2]}, {}, "bias"));
}

/// The weight is [entries, size]; the result has one more axis than the indices.
void embedding(MxnetLayer& layer) {
    // MXNet passes indices as floats; ONNX's Gather wants integers.
    constexpr std::int64_t kOnnxInt64 = 7;
    const ValueId indices = layer.emit("Cast", {layer.input(0)}, {{"to", kOnnxInt64}}, "indices");
    layer.finish(layer.emit("Gather", {layer.input(1), indices}, {{"axis", std::int64_t{0}}}));
}

/// Files of MXNet 0.8 do not list the moving mean and variance; they are called after the layer.
ValueId moving(const MxnetLayer& layer, std::size_t i, const char* suffix) {
    return i < layer.input_count() ? layer.input(i) : layer.parameter(layer.node().name + suffix);
}

/// What is computed is always the trained form, with the moving mean and variance: use_global_stats only says whether
/// training does so, too.
void batch_norm(MxnetLayer& layer) {
    if (layer.attributes.integer("axis", 1) != 1) layer.refuse("only axis 1 is supported");
    ValueId gamma = layer.input(1);
    // The trap of this operator: by default gamma counts as 1, whatever the file stores for it.
    if (layer.attributes.flag("fix_gamma", true)) {
        const Tensor& stored = layer.weight(1);
        const std::vector<float> ones(static_cast<std::size_t>(stored.elements()), 1.0F);
        gamma = layer.constant(Tensor::of<float>(stored.shape(), ones), "fixed_gamma");
    }
    const ValueId mean = moving(layer, 3, "_moving_mean");
    const ValueId variance = moving(layer, 4, "_moving_var");
    layer.finish(layer.emit("BatchNormalization", {layer.input(0), gamma, layer.input(2), mean, variance},
                            {{"epsilon", layer.attributes.number("eps", 1e-3F)}}));
}

/// ONNX could normalize from any axis to the last; MXNet normalizes one axis only, so both agree on the last.
void layer_norm(MxnetLayer& layer) {
    const std::int64_t axis = layer.attributes.integer("axis", -1);
    if (axis != -1 && axis + 1 != static_cast<std::int64_t>(layer.shape(layer.input(0)).rank())) {
        layer.refuse("only the last axis is supported");
    }
    layer.finish(layer.emit("LayerNormalization", {layer.input(0), layer.input(1), layer.input(2)},
                            {{"axis", std::int64_t{-1}}, {"epsilon", layer.attributes.number("eps", 1e-5F)}}));
}

/// Its eps is 1e-3 by default as in BatchNorm, not 1e-5 as ONNX has it, so it is always written.
void instance_norm(MxnetLayer& layer) {
    layer.finish(layer.emit("InstanceNormalization", {layer.input(0), layer.input(1), layer.input(2)},
                            {{"epsilon", layer.attributes.number("eps", 1e-3F)}}));
}

/// x / sqrt(sum of squares + eps); ONNX's LpNormalization has no eps.
void l2_normalization(MxnetLayer& layer) {
    const std::string mode = layer.attributes.word("mode", "instance");
    Ints axes{1};
    if (mode != "channel") {
        const auto rank = static_cast<std::int64_t>(layer.shape(layer.input(0)).rank());
        axes.clear();
        for (std::int64_t i = mode == "spatial" ? 2 : 1; i < rank; ++i) axes.push_back(i);
    }
    const ValueId square = layer.emit("Mul", {layer.input(0), layer.input(0)}, {}, "square");
    const ValueId sum = layer.emit("ReduceSum", {square, layer.numbers(axes, "axes")}, {}, "sum");
    const ValueId eps = layer.scalar(layer.attributes.number("eps", 1e-10F), "eps");
    const ValueId norm = layer.emit("Sqrt", {layer.emit("Add", {sum, eps}, {}, "add_eps")}, {}, "norm");
    layer.finish(layer.emit("Div", {layer.input(0), norm}));
}

/// Both formats divide alpha by the size of the window.
void lrn(MxnetLayer& layer) {
    layer.finish(layer.emit("LRN", {layer.input(0)},
                            {{"size", layer.attributes.integer("nsize", 5)},
                             {"alpha", layer.attributes.number("alpha", 1e-4F)},
                             {"beta", layer.attributes.number("beta", 0.75F)},
                             {"bias", layer.attributes.number("knorm", 2.0F)}}));
}

/// MXNet makes a window also where it would lie in the padding as a whole, and fills it with nonsense. ONNX has no such
/// window, so its output would have another shape.
void refuse_window_in_padding(const MxnetLayer& layer, const Ints& kernel) {
    const Shape shape = layer.shape(layer.input(0));
    const Ints strides = window_tuple(layer, "stride", kernel.size(), 1);
    const Ints pads = window_tuple(layer, "pad", kernel.size(), 0);
    for (std::size_t i = 0; i < kernel.size() && i + 2 < shape.rank(); ++i) {
        const std::int64_t size = shape[i + 2];
        if (size < 1 || size > kMostWindowSize || strides[i] < 1 || strides[i] > kMostWindowSize) continue;
        if (pads[i] < 0 || pads[i] > kMostWindowSize || kernel[i] < 1 || kernel[i] > size + 2 * pads[i]) continue;
        const std::int64_t last = (size + 2 * pads[i] - kernel[i] + strides[i] - 1) / strides[i];
        if (last * strides[i] - pads[i] >= size) layer.refuse("its last window lies in the padding as a whole");
    }
}

/// A global pool ignores kernel, stride and pad, which files still hold.
void pooling(MxnetLayer& layer) {
    require_channels_first(layer);
    const std::string type = layer.attributes.word("pool_type", "max");
    if (type != "max" && type != "avg") layer.refuse("pool_type " + type + " is not supported; supported: max, avg");
    if (layer.attributes.flag("global_pool", false)) {
        layer.finish(layer.emit(type == "max" ? "GlobalMaxPool" : "GlobalAveragePool", {layer.input(0)}));
        return;
    }
    const std::string convention = layer.attributes.word("pooling_convention", "valid");
    if (convention != "valid" && convention != "full") {
        layer.refuse("pooling_convention " + convention + " is not supported; supported: valid, full");
    }
    // "full" rounds the number of windows up. Both formats then cut the last window at the end of the padding.
    Attributes attributes = window_attributes(layer, layer.attributes.integers("kernel"));
    if (convention == "full") refuse_window_in_padding(layer, layer.attributes.integers("kernel"));
    attributes["ceil_mode"] = std::int64_t{convention == "full" ? 1 : 0};
    if (type == "avg") {
        // MXNet counts zeros of the padding by default, ONNX does not.
        attributes["count_include_pad"] = std::int64_t{layer.attributes.flag("count_include_pad", true) ? 1 : 0};
    }
    layer.finish(layer.emit(type == "max" ? "MaxPool" : "AveragePool", {layer.input(0)}, attributes));
}

/// Without output_size it is 1 x 1, which is how nets of the model zoo end.
void adaptive_average(MxnetLayer& layer) {
    for (const std::int64_t size : layer.attributes.integers("output_size")) {
        if (size != 1) layer.refuse("only output_size 1 is supported");
    }
    layer.finish(layer.emit("GlobalAveragePool", {layer.input(0)}));
}

constexpr MxnetRule kLayerRules[] = {
    {"Convolution", &convolution},
    {"Convolution_v1", &convolution},
    {"Deconvolution", &deconvolution},
    {"FullyConnected", &fully_connected},
    {"Embedding", &embedding},
    {"BatchNorm", &batch_norm},
    {"BatchNorm_v1", &batch_norm},
    {"LayerNorm", &layer_norm},
    {"InstanceNorm", &instance_norm},
    {"L2Normalization", &l2_normalization},
    {"LRN", &lrn},
    {"Pooling", &pooling},
    {"Pooling_v1", &pooling},
    {"_contrib_AdaptiveAvgPooling2D", &adaptive_average},
};

}  // namespace

std::span<const MxnetRule> mxnet_layer_rules() { return kLayerRules; }

}  // namespace halftone
