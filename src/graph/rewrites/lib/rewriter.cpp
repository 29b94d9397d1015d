#include "graph/rewrites/lib/rewriter.hpp"

#include "base/error.hpp"

namespace halftone {

ValueId Rewriter::input(std::size_t i) const {
    if (!has_input(i)) refuse("input " + std::to_string(i) + " is missing");
    return node_.inputs[i];
}

ValueId Rewriter::optional_input(std::size_t i) const { return has_input(i) ? node_.inputs[i] : ValueId{}; }

Shape Rewriter::shape_of(ValueId id) const {
    auto shape = shape_of_(id);
    if (!shape) refuse("the shape of '" + builder_.value(id).name + "' must be known");
    return *std::move(shape);
}

void Rewriter::refuse(const std::string& why) const { throw ModelError(describe(node_) + ": " + why); }

// A node may have no name, but one of its outputs always has one.
std::string Rewriter::stem() const {
    for (const ValueId id : node_.outputs) {
        if (id.is_valid()) return builder_.value(id).name;
    }
    return node_.op;
}

ValueId Rewriter::add_node(const std::string& name, const std::string& op, std::vector<ValueId> inputs,
                           Attributes attributes) {
    // The new names derive from the output's name, so equal files give equal graphs on every rank.
    const ValueId output = builder_.add_value(builder_.fresh_value_name(stem() + "_" + op));
    builder_.add_node({.name = name,
                       .op = op,
                       .inputs = std::move(inputs),
                       .outputs = {output},
                       .attributes = std::move(attributes)});
    return output;
}

ValueId Rewriter::add(const std::string& op, std::vector<ValueId> inputs, Attributes attributes) {
    return add_node("", op, std::move(inputs), std::move(attributes));
}

ValueId Rewriter::add_named(const std::string& op, std::vector<ValueId> inputs, Attributes attributes) {
    name_is_used_ = true;
    // The node that does the main work inherits the name, because users name units in their configs by it.
    return add_node(node_.name, op, std::move(inputs), std::move(attributes));
}

void Rewriter::finish(const std::string& op, std::vector<ValueId> inputs, Attributes attributes, std::size_t output) {
    if (!has_output(output)) refuse("output " + std::to_string(output) + " is missing");
    // The last node writes the old node's own output, so nobody who reads that value needs an edit.
    builder_.add_node({.name = name_is_used_ ? "" : node_.name,
                       .op = op,
                       .inputs = std::move(inputs),
                       .outputs = {node_.outputs[output]},
                       .attributes = std::move(attributes)});
    name_is_used_ = true;
}

ValueId Rewriter::constant(const std::string& suffix, Tensor tensor) {
    return builder_.add_constant(builder_.fresh_value_name(stem() + "_" + suffix), std::move(tensor));
}

}  // namespace halftone
