#pragma once
// Private to graph/onnx: the checks of a model before its tensors and nodes are read.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/onnx/functions.hpp"
#include "graph/op_library.hpp"

namespace onnx {
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace halftone {

/// Returns a node as messages name it: "Conv node '/0/conv'". A node without a name is named after its first output.
[[nodiscard]] std::string text_of(const onnx::NodeProto& node);

/// Returns the version of the default operator set that the file names (of several, the last one), or 0 if none.
[[nodiscard]] std::int64_t named_opset(const onnx::ModelProto& model);

/// Returns the version of the default operator set, which is one that this room can read.
/// @throws ModelError for two versions, and for one that is too old or too new
[[nodiscard]] std::int64_t checked_opset(const onnx::ModelProto& model);

/// Checks all names of the graph: nodes, operators, attributes, values, initialisers, dimensions. A name may have
/// 4096 bytes. In a file that Halftone wrote it may have 256 more, because the export adds suffixes to names of the
/// model.
/// @throws ModelError naming the kind of name, its length and how it begins
void check_name_lengths(const onnx::ModelProto& model);

/// Returns `version` if it is one that this room can read: 1 to 23. @throws ModelError
[[nodiscard]] std::int64_t checked_opset_version(std::int64_t version);

/// An operator of a file that is not supported.
struct UnknownOperator {
    std::string op;          ///< "Foo", or "Foo of domain 'com.example'"
    std::int64_t opset = 0;  ///< of the default domain where it stands
    std::int64_t count = 0;
    std::string first;  ///< the first node, as text_of names it
    /// "Foo (opset 13, 2 times, first: Foo node 'f')"
    [[nodiscard]] std::string text() const;
};

/// Returns every operator that is not supported, in the order of their names.
/// @throws ModelError when a name is no text
[[nodiscard]] std::vector<UnknownOperator> unknown_operators(const std::vector<FlatNode>& nodes, const OpLibrary& ops);

/// @throws ModelError that lists every operator which is not supported, with its count and its first node
void check_operators(const std::vector<FlatNode>& nodes, const OpLibrary& ops);

}  // namespace halftone
