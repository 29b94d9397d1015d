#pragma once
// What the graph room must know of operators, given to it from outside (the room kernel implements it): whether an op
// is known, its shape rule, and its value on constants. So passes need no kernel headers.

#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace halftone {

/// A node with what is known of its inputs. `constants[i]` is null unless input i is a constant (missing optional
/// inputs have rank-0 type and null constant; check node.inputs[i].is_valid()).
struct OpContext {
    const Node& node;
    std::vector<TensorType> inputs;
    std::vector<const Tensor*> constants;

    [[nodiscard]] std::size_t input_count() const { return inputs.size(); }
    [[nodiscard]] bool has_input(std::size_t i) const { return i < node.inputs.size() && node.inputs[i].is_valid(); }
};

class OpLibrary {
public:
    virtual ~OpLibrary() = default;

    [[nodiscard]] virtual bool knows(std::string_view op) const = 0;
    /// Types of all outputs. Checks attributes, input count, dtypes and shapes. Symbolic dimensions propagate.
    /// @throws ModelError naming node and reason
    [[nodiscard]] virtual std::vector<TensorType> infer(const OpContext& op) const = 0;
    /// Outputs on constant inputs, by plain loops. @pre types are static and infer() accepted them
    [[nodiscard]] virtual std::vector<Tensor> evaluate(const OpContext& op,
                                                       const std::vector<Tensor>& inputs) const = 0;
};

}  // namespace halftone
