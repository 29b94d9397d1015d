#pragma once
// Private to graph/onnx: attributes of nodes as protobuf holds them, and as this room does.

#include <optional>
#include <string>

#include "graph/node.hpp"

namespace onnx {
class AttributeProto;
}

namespace halftone {

/// Returns the attribute's value. `owner` is the node, as messages name it.
/// @throws ModelError for subgraphs, references and other kinds that are not supported
[[nodiscard]] Attribute attribute_from_proto(const onnx::AttributeProto& proto, const std::string& owner);

/// Returns the tensor that an attribute of a Constant node stands for: `value`, or one of the short forms
/// `value_float`, `value_int`, `value_floats` and `value_ints`. Returns nothing for any other attribute.
[[nodiscard]] std::optional<Tensor> constant_from(const std::string& name, const Attribute& attribute);

}  // namespace halftone
