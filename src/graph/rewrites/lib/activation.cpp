// Source: onnxruntime/core/providers/cpu/activation/activations.cc (names and order of the parameters) and
// onnxruntime/docs/ContribOperators.md, com.microsoft.FusedConv.
#include "graph/rewrites/lib/activation.hpp"

namespace halftone {
namespace {

/// ONNX Runtime writes the parameters of all activations into one list, in the order of the operator's attributes.
std::vector<float> activation_params(const Rewriter& rewriter, std::size_t count) {
    std::vector<float> params;
    const auto found = rewriter.node().attributes.find("activation_params");
    if (found != rewriter.node().attributes.end()) {
        const auto* given = std::get_if<std::vector<float>>(&found->second);
        if (given == nullptr) rewriter.refuse("attribute 'activation_params' must be a list of floats");
        params = *given;
    }
    if (params.size() < count) rewriter.refuse("attribute 'activation_params' is too short for its activation");
    return params;
}

}  // namespace

void finish_with_activation(Rewriter& rewriter, ValueId value) {
    const std::string word = string_attribute(rewriter.node(), "activation", "");
    // No activation: an Identity keeps the form of the rewrite, and the pass remove_identity takes it out.
    if (word.empty()) {
        rewriter.finish("Identity", {value});
    } else if (word == "Relu" || word == "Tanh" || word == "Sigmoid") {
        rewriter.finish(word, {value});
    } else if (word == "LeakyRelu") {
        rewriter.finish(word, {value}, {{"alpha", activation_params(rewriter, 1)[0]}});
    } else if (word == "Clip") {
        const std::vector<float> limits = activation_params(rewriter, 2);
        const ValueId low = rewriter.constant("min", Tensor::scalar(limits[0]));
        const ValueId high = rewriter.constant("max", Tensor::scalar(limits[1]));
        rewriter.finish(word, {value, low, high});
    } else if (word == "HardSigmoid") {
        const std::vector<float> line = activation_params(rewriter, 2);
        rewriter.finish(word, {value}, {{"alpha", line[0]}, {"beta", line[1]}});
    } else {
        rewriter.refuse("activation '" + word + "' is not supported");
    }
}

Attributes without_activation(const Node& node) {
    Attributes attributes = node.attributes;
    attributes.erase("activation");
    attributes.erase("activation_params");
    return attributes;
}

}  // namespace halftone
