// Activations, softmax in its five forms, and layers that only compute a loss while a net is trained.
#include <fmt/format.h>

#include "import/mxnet/layer.hpp"

namespace halftone {
namespace {

/// One ONNX operator with the same meaning, which the rule's row names.
void same_operator(MxnetLayer& layer) { layer.finish(layer.emit(layer.argument(), {layer.input(0)})); }

/// One operator of MXNet for five functions.
void activation(MxnetLayer& layer) {
    const std::string type = layer.attributes.word("act_type", "relu");
    constexpr std::pair<const char*, const char*> kOperators[] = {
        {"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"softrelu", "Softplus"}, {"softsign", "Softsign"}};
    for (const auto& [word, op] : kOperators) {
        if (type != word) continue;
        layer.finish(layer.emit(op, {layer.input(0)}));
        return;
    }
    layer.refuse("act_type " + type + " is not supported");
}

/// 0.5 x (1 + erf(x / sqrt 2)): operator sets before 20 have no Gelu. The passes find this form again.
void gelu(MxnetLayer& layer) {
    const ValueId scaled = layer.emit("Div", {layer.input(0), layer.scalar(1.41421356F, "sqrt2")}, {}, "div");
    const ValueId erf = layer.emit("Erf", {scaled}, {}, "erf");
    const ValueId sum = layer.emit("Add", {erf, layer.scalar(1.0F, "one")}, {}, "add");
    const ValueId product = layer.emit("Mul", {layer.input(0), sum}, {}, "mul");
    layer.finish(layer.emit("Mul", {product, layer.scalar(0.5F, "half")}));
}

/// MXNet has one slope for each channel, [C]; ONNX broadcasts from the last axis, so it becomes [C, 1, 1].
void prelu(MxnetLayer& layer) {
    const std::int64_t channels = layer.weight(1).elements();
    std::vector<std::int64_t> dims(channels == 1 ? 1 : layer.shape(layer.input(0)).rank() - 1, 1);
    if (dims.empty()) layer.refuse("its input has no channels");
    dims[0] = channels;
    const ValueId slope = layer.emit("Reshape", {layer.input(1), layer.numbers(dims, "slope_shape")}, {}, "slope");
    layer.finish(layer.emit("PRelu", {layer.input(0), slope}));
}

/// The whole family of functions with a slope below zero, and GELU.
void leaky_relu(MxnetLayer& layer) {
    const std::string type = layer.attributes.word("act_type", "leaky");
    const float slope = layer.attributes.number("slope", 0.25F);
    if (type == "gelu") return gelu(layer);
    if (type == "prelu") return prelu(layer);
    if (type == "leaky") return layer.finish(layer.emit("LeakyRelu", {layer.input(0)}, {{"alpha", slope}}));
    if (type == "elu") return layer.finish(layer.emit("Elu", {layer.input(0)}, {{"alpha", slope}}));
    if (type == "selu") return layer.finish(layer.emit("Selu", {layer.input(0)}));
    if (type == "rrelu") {
        // The slope is random while the net is trained, and the middle of its interval after that.
        const float low = layer.attributes.number("lower_bound", 0.125F);
        const float high = layer.attributes.number("upper_bound", 0.334F);
        return layer.finish(layer.emit("LeakyRelu", {layer.input(0)}, {{"alpha", (low + high) / 2.0F}}));
    }
    layer.refuse("act_type " + type + " is not supported");
}

/// ReLU6 of MobileNet is clip(x, 0, 6). Both limits are required, so the fallbacks are never taken in valid files.
void clip(MxnetLayer& layer) {
    const ValueId low = layer.scalar(layer.attributes.number("a_min", 0.0F), "a_min");
    const ValueId high = layer.scalar(layer.attributes.number("a_max", 0.0F), "a_max");
    layer.finish(layer.emit("Clip", {layer.input(0), low, high}));
}

/// max(0, min(1, alpha x + beta)); the defaults are those of ONNX, too.
void hard_sigmoid(MxnetLayer& layer) {
    layer.finish(layer.emit(
        "HardSigmoid", {layer.input(0)},
        {{"alpha", layer.attributes.number("alpha", 0.2F)}, {"beta", layer.attributes.number("beta", 0.5F)}}));
}

/// softmax and log_softmax, over one axis of any array.
void softmax(MxnetLayer& layer) {
    if (layer.attributes.flag("use_length", false)) layer.refuse("use_length is not supported");
    ValueId x = layer.input(0);
    const float temperature = layer.attributes.number("temperature", 1.0F);
    if (temperature != 1.0F) x = layer.emit("Div", {x, layer.scalar(temperature, "temperature")}, {}, "div");
    layer.finish(layer.emit(layer.argument(), {x}, {{"axis", layer.attributes.integer("axis", -1)}}));
}

/// Softmax over everything but the batch, in the shape of the input.
void softmax_of_all(MxnetLayer& layer) {
    const Shape shape = layer.shape(layer.input(0));
    if (shape.rank() <= 2) {
        layer.finish(layer.emit("Softmax", {layer.input(0)}, {{"axis", std::int64_t{-1}}}));
        return;
    }
    const ValueId rows = layer.emit("Flatten", {layer.input(0)}, {{"axis", std::int64_t{1}}}, "flatten");
    const ValueId result = layer.emit("Softmax", {rows}, {{"axis", std::int64_t{-1}}}, "softmax");
    std::vector<std::int64_t> dims = shape.dims();
    dims[0] = -1;  // the batch
    layer.finish(layer.emit("Reshape", {result, layer.numbers(dims, "shape")}));
}

/// An early form of softmax; "instance" means all but the batch, "channel" means axis 1.
void softmax_activation(MxnetLayer& layer) {
    if (layer.attributes.word("mode", "instance") == "instance") return softmax_of_all(layer);
    layer.finish(layer.emit("Softmax", {layer.input(0)}, {{"axis", std::int64_t{1}}}));
}

/// Nets that Module trained end in it. The label, its second input, is only read while the net is trained.
void softmax_output(MxnetLayer& layer) {
    if (layer.attributes.flag("multi_output", false)) {
        layer.finish(layer.emit("Softmax", {layer.input(0)}, {{"axis", std::int64_t{1}}}));
    } else if (layer.attributes.flag("preserve_shape", false)) {
        layer.finish(layer.emit("Softmax", {layer.input(0)}, {{"axis", std::int64_t{-1}}}));
    } else {
        softmax_of_all(layer);
    }
}

/// Layers that are nothing once the net is trained.
void pass_on(MxnetLayer& layer) { layer.finish(layer.input(0)); }

constexpr MxnetRule kActivationRules[] = {
    {"Activation", &activation},
    {"LeakyReLU", &leaky_relu},
    {"clip", &clip},
    {"hard_sigmoid", &hard_sigmoid},
    {"relu", &same_operator, "Relu"},
    {"sigmoid", &same_operator, "Sigmoid"},
    {"tanh", &same_operator, "Tanh"},
    {"softsign", &same_operator, "Softsign"},
    {"softmax", &softmax, "Softmax"},
    {"log_softmax", &softmax, "LogSoftmax"},
    {"SoftmaxActivation", &softmax_activation},
    {"SoftmaxOutput", &softmax_output},
    {"Softmax", &softmax_output},  // the same operator's name before 0.9
    {"LogisticRegressionOutput", &same_operator, "Sigmoid"},
    {"LinearRegressionOutput", &pass_on},
    {"MAERegressionOutput", &pass_on},
    {"MakeLoss", &pass_on},
    {"make_loss", &pass_on},
    {"BlockGrad", &pass_on},
    {"stop_gradient", &pass_on},
    {"Dropout", &pass_on},
    {"identity", &pass_on},
    {"_copy", &pass_on},
};

}  // namespace

std::span<const MxnetRule> mxnet_activation_rules() { return kActivationRules; }

}  // namespace halftone
