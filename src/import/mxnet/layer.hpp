#pragma once
// Private to import/mxnet: one MXNet node that becomes ONNX nodes, as the rules of the operators see it.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/builder.hpp"
#include "import/mxnet/attributes.hpp"

namespace halftone {

/// What a rule needs of the conversion beyond its own node.
class MxnetContext {
public:
    virtual ~MxnetContext() = default;
    [[nodiscard]] virtual GraphBuilder& builder() = 0;
    /// Returns the shape, in which -1 is the batch; nothing if it cannot be told.
    [[nodiscard]] virtual std::optional<Shape> shape_of(ValueId id) = 0;
    /// Returns the array of this name, for nodes of old files that do not list all of their inputs.
    [[nodiscard]] virtual ValueId parameter(const std::string& name) = 0;
};

class MxnetLayer {
public:
    MxnetLayer(const MxnetNode& node, std::vector<ValueId> inputs, std::string_view argument, MxnetContext& context)
        : attributes(node), node_(node), inputs_(std::move(inputs)), argument_(argument), context_(context) {}

    const MxnetAttributes attributes;

    [[nodiscard]] const MxnetNode& node() const { return node_; }
    /// The word that the rule's row names beside the operator: mostly an ONNX operator, for rules of several rows.
    [[nodiscard]] std::string argument() const { return std::string(argument_); }
    [[nodiscard]] std::size_t input_count() const { return inputs_.size(); }
    /// @throws ModelError when the node has fewer inputs
    [[nodiscard]] ValueId input(std::size_t i = 0) const;
    [[nodiscard]] const std::vector<ValueId>& inputs() const { return inputs_; }
    /// Returns a weight's tensor. @throws ModelError when the input is none of the file's arrays
    [[nodiscard]] const Tensor& weight(std::size_t i) const;
    [[nodiscard]] ValueId parameter(const std::string& name) const { return context_.parameter(name); }
    /// @throws ModelError that asks for the shapes of the inputs, when it cannot be told
    [[nodiscard]] Shape shape(ValueId id) const;
    /// Returns an axis counted from 0. @throws ModelError when it is negative and the rank is not known, or beyond it
    [[nodiscard]] std::int64_t axis(std::int64_t axis, ValueId id) const;

    /// Adds a node and returns its output. An empty `part` makes it the one that carries the layer's name; all others
    /// are called "layer/part".
    ValueId emit(const std::string& op, std::vector<ValueId> inputs, Attributes values = {},
                 const std::string& part = "");
    ValueId numbers(const std::vector<std::int64_t>& values, const std::string& part);
    ValueId scalar(float value, const std::string& part);
    /// Adds a constant called "layer/part".
    ValueId constant(Tensor tensor, const std::string& part);

    /// Says what the layer's outputs are. Every rule calls one of them. `emit_all` is emit for several outputs.
    void finish(ValueId output) { outputs_ = {output}; }
    void finish(std::vector<ValueId> outputs) { outputs_ = std::move(outputs); }
    [[nodiscard]] std::vector<ValueId> emit_all(const std::string& op, std::vector<ValueId> inputs, Attributes values,
                                                std::size_t count, const std::string& part = "");
    [[nodiscard]] const std::vector<ValueId>& outputs() const { return outputs_; }

    /// @throws ModelError "Convolution node 'conv0': <why>"
    [[noreturn]] void refuse(const std::string& why) const;
    /// Refuses an attribute that has another value than its default, for forms that are not converted.
    void require_default(const std::string& key, const std::string& only) const;

private:
    const MxnetNode& node_;
    std::vector<ValueId> inputs_;
    std::string_view argument_;
    MxnetContext& context_;
    std::vector<ValueId> outputs_;
};

/// How the nodes of one operator are converted.
struct MxnetRule {
    std::string_view op;  ///< MXNet's
    void (*convert)(MxnetLayer&) = nullptr;
    std::string_view argument = {};  ///< see MxnetLayer::argument
};

/// The rules, by groups of operators. No operator stands in two of them.
[[nodiscard]] std::span<const MxnetRule> mxnet_layer_rules();       ///< with weights, and pooling
[[nodiscard]] std::span<const MxnetRule> mxnet_activation_rules();  ///< activations, softmax, losses
[[nodiscard]] std::span<const MxnetRule> mxnet_arithmetic_rules();  ///< element by element, and reductions
[[nodiscard]] std::span<const MxnetRule> mxnet_shape_rules();       ///< what only moves values

}  // namespace halftone
