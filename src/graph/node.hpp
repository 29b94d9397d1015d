#pragma once
// The parts of a graph as plain data: attribute values, values (edges) and nodes. The builder checks them.

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

using NodeId = Id<struct NodeTag>;
using ValueId = Id<struct ValueTag>;
using UnitId = Id<struct UnitTag>;

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, Tensor>;
using Attributes = std::map<std::string, Attribute>;  // ordered: export and hashes are deterministic

/// An edge: produced by a node, or a graph input, or an initialiser (then `constant` is set).
struct Value {
    std::string name;
    TensorType type;  ///< known after shape inference; dtype f32 and rank 0 before, see `has_type`
    bool has_type = false;
    Tensor constant;  ///< not empty for initialisers
    [[nodiscard]] bool is_constant() const { return !constant.is_empty(); }
};

class Graph;

/// The graphs inside of a control-flow operator (If, Loop, Scan).
struct NodeBodies {
    /// By attribute: "then_branch", "else_branch" or "body". The inputs of such a graph are those that ONNX gives it,
    /// then the captured values. Its values have no types.
    std::map<std::string, std::shared_ptr<const Graph>> graphs;
    /// How many values of the surrounding graph the bodies read. They are the last inputs of the node.
    std::size_t captured = 0;
};

/// One operator. `op` is ONNX's type in the default domain with opset-13 semantics (the importer upgrades older forms).
/// Missing optional inputs are invalid ids.
struct Node {
    std::string name;
    std::string op;
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;
    Attributes attributes;
    std::shared_ptr<const NodeBodies> bodies{};  ///< null for all but control flow
};

/// Whether the node has an i-th input. ONNX lets a node leave out an optional input, at the end or in the middle.
[[nodiscard]] inline bool has_input(const Node& node, std::size_t i) {
    return i < node.inputs.size() && node.inputs[i].is_valid();
}

/// Typed access. A present attribute of another type is a ModelError naming node and attribute.
[[nodiscard]] std::int64_t int_attribute(const Node& node, const std::string& name, std::int64_t fallback);
[[nodiscard]] float float_attribute(const Node& node, const std::string& name, float fallback);
[[nodiscard]] std::string string_attribute(const Node& node, const std::string& name, const std::string& fallback);
[[nodiscard]] std::vector<std::int64_t> ints_attribute(const Node& node, const std::string& name,
                                                       const std::vector<std::int64_t>& fallback);

/// Returns the node's name for messages: "Conv node '/0/conv'".
[[nodiscard]] std::string describe(const Node& node);

}  // namespace halftone
