#pragma once
// ONNX files to Graph and back. The only place that knows protobuf.

#include <string>
#include <string_view>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Parses a ModelProto, checks it and normalises it to opset-13 forms (Clip/Dropout/Unsqueeze… attributes to inputs,
/// Constant nodes to initialisers, old Softmax to the new meaning). `name` is used in messages (a path).
/// Local functions and an If whose condition is known are replaced by their nodes; float16 and bfloat16 become fp32.
/// Refused with a ModelError naming node/tensor and reason: IR < 3, opset outside 1..23, unknown ops and domains (each
/// with its opset), external data, sparse tensors, other subgraphs, sequence/optional types, wrong tensor sizes,
/// missing or double definitions, cycles, an empty file. Types are inferred only where the meaning of a node depends on
/// them; run infer_types on the result.
[[nodiscard]] Graph import_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops);

/// Serialises with opset max(13, info.opset), IR version to match, deterministic bytes.
[[nodiscard]] std::string export_onnx(const Graph& graph);

}  // namespace halftone
