#pragma once
// ONNX files to Graph and back. The only place that knows protobuf.

#include <string>
#include <string_view>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Parses a ModelProto, checks it and normalises it to opset-13 forms (Clip/Dropout/Unsqueeze… attributes to inputs,
/// Constant nodes to initialisers, old Softmax to the new meaning). `name` is used in messages (a path).
/// Refused with a ModelError naming node/tensor and reason: IR < 3, opset outside 11..21, other domains, unknown ops
/// (each with its opset), external data, sparse tensors, subgraphs, functions, sequence/optional types, NaN or infinite
/// weights, wrong tensor sizes, missing or double definitions, cycles, an empty file.
/// Does not infer shapes.
[[nodiscard]] Graph import_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops);

/// Serialises with opset max(13, info.opset), IR version to match, deterministic bytes.
[[nodiscard]] std::string export_onnx(const Graph& graph);

}  // namespace halftone
