#pragma once
// Private to graph/onnx: the graphs inside of control flow (If, Loop, Scan), each read as a small model of its own.

#include <cstdint>
#include <string>
#include <vector>

namespace onnx {
class GraphProto;
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace halftone {

/// Returns whether the node is an If, a Loop or a Scan of ONNX's own domain.
[[nodiscard]] bool is_control_flow(const onnx::NodeProto& node);

/// Returns the graph that an attribute of a node holds. @throws ModelError if it has none of that name
[[nodiscard]] const onnx::GraphProto& body_of(const onnx::NodeProto& node, const std::string& name);

/// Returns the names that the graphs inside of a node read from the graph around them, each once, in the order in
/// which they are met.
[[nodiscard]] std::vector<std::string> captured_names(const onnx::NodeProto& node);

/// Returns a model that has this graph, with the captured names as further inputs behind its own.
/// @param around  the model that the graph stands in: for the operator sets and the functions
[[nodiscard]] onnx::ModelProto model_of_body(const onnx::ModelProto& around, const onnx::GraphProto& body,
                                             const std::vector<std::string>& captured);

/// Checks the number of inputs and the attributes of a control-flow node, and that each graph has the outputs that the
/// node needs. @throws ModelError
void check_control_flow(const onnx::NodeProto& node, std::int64_t opset);

}  // namespace halftone
