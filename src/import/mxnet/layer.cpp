#include "import/mxnet/layer.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace halftone {

void MxnetLayer::refuse(const std::string& why) const {
    throw ModelError(fmt::format("{} node '{}': {}", node_.op, node_.name, why));
}

ValueId MxnetLayer::input(std::size_t i) const {
    if (i >= inputs_.size()) refuse(fmt::format("has {} inputs and needs {}", inputs_.size(), i + 1));
    return inputs_[i];
}

const Tensor& MxnetLayer::weight(std::size_t i) const {
    const Value& value = context_.builder().value(input(i));
    // Rules that compute with a weight (folding, transposing) need its numbers now, not when the network runs.
    if (!value.is_constant()) refuse("its weight '" + value.name + "' is not in the .params file");
    return value.constant;
}

Shape MxnetLayer::shape(ValueId id) const {
    const auto shape = context_.shape_of(id);
    if (!shape) refuse("what it means depends on the shape of its input, which cannot be told");
    return *shape;
}

std::int64_t MxnetLayer::axis(std::int64_t axis, ValueId id) const {
    if (axis >= 0) return axis;
    const auto rank = static_cast<std::int64_t>(shape(id).rank());
    if (axis < -rank) refuse(fmt::format("axis {} of an array with {} dimensions", axis, rank));
    return axis + rank;
}

ValueId MxnetLayer::emit(const std::string& op, std::vector<ValueId> inputs, Attributes values,
                         const std::string& part) {
    // `part` names a node beside the one that keeps MXNet's name, so that names in configs and plans stay those that
    // users know.
    return emit_all(op, std::move(inputs), std::move(values), 1, part)[0];
}

std::vector<ValueId> MxnetLayer::emit_all(const std::string& op, std::vector<ValueId> inputs, Attributes values,
                                          std::size_t count, const std::string& part) {
    GraphBuilder& builder = context_.builder();
    const std::string name = part.empty() ? node_.name : node_.name + "/" + part;
    std::vector<ValueId> outputs;
    for (std::size_t i = 0; i < count; ++i) {
        // MXNet's own names of a network's outputs: softmax_output, slice0_output0, slice0_output1.
        const std::string number = count == 1 ? "" : std::to_string(i);
        outputs.push_back(builder.add_value(builder.fresh_value_name(name + "_output" + number)));
    }
    builder.add_node(
        {.name = name, .op = op, .inputs = std::move(inputs), .outputs = outputs, .attributes = std::move(values)});
    return outputs;
}

ValueId MxnetLayer::constant(Tensor tensor, const std::string& part) {
    GraphBuilder& builder = context_.builder();
    return builder.add_constant(builder.fresh_value_name(node_.name + "/" + part), std::move(tensor));
}

ValueId MxnetLayer::numbers(const std::vector<std::int64_t>& values, const std::string& part) {
    return constant(Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(values.size())}, values), part);
}

ValueId MxnetLayer::scalar(float value, const std::string& part) { return constant(Tensor::scalar(value), part); }

void MxnetLayer::require_default(const std::string& key, const std::string& only) const {
    // An attribute with another value would change the result, and nobody would notice.
    const std::string value = attributes.word(key, only);
    if (value != only) refuse(fmt::format("{} = {} is not supported; supported: {}", key, value, only));
}

}  // namespace halftone
