#pragma once
// The interface through which the graph room uses operators: whether an op is known, its shape rule, and its value on
// constants. The room kernel implements it, so passes need no kernel headers.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// A shape rule needs a value that is not known before the network runs. Such a node belongs to the tail of the model.
struct DataDependentShape : ModelError {
    using ModelError::ModelError;
};

/// An element of a small integer tensor that was computed from shapes.
struct PartialInt {
    enum class Kind { number, batch, unknown } kind = Kind::unknown;
    std::int64_t number = 0;  ///< of Kind::number
    friend bool operator==(const PartialInt&, const PartialInt&) = default;
};
using PartialInts = std::vector<PartialInt>;  ///< row-major

/// A node with the facts that are known about its inputs. `constants[i]` is null unless input i has the same value for
/// every batch (missing optional inputs have rank-0 type and null constant; check node.inputs[i].is_valid()).
/// `partials` has an entry per input, or none at all; it is null unless input i holds integers of which some depend on
/// the batch.
struct OpContext {
    const Node& node;
    std::vector<TensorType> inputs;
    std::vector<const Tensor*> constants;
    std::vector<const PartialInts*> partials{};

    [[nodiscard]] std::size_t input_count() const { return inputs.size(); }
    [[nodiscard]] bool has_input(std::size_t i) const { return i < node.inputs.size() && node.inputs[i].is_valid(); }
    [[nodiscard]] const PartialInts* partial(std::size_t i) const {
        return i < partials.size() ? partials[i] : nullptr;
    }
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
