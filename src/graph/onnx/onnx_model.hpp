#pragma once
// ONNX files to Graph and back. The only place that knows protobuf.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_bytes.hpp"
#include "graph/graph.hpp"
#include "graph/input_sizes.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Parses a ModelProto, checks it and normalises it to opset-13 forms (Clip/Dropout/Unsqueeze… attributes to inputs,
/// Constant nodes to initialisers, old Softmax to the new meaning). `name` is used in messages (a path).
/// Local functions and an If whose condition is known are replaced by their nodes; float16 and bfloat16 become fp32.
/// Refused with a ModelError naming node/tensor and reason: IR < 3, opset outside 1..23, unknown ops and domains (each
/// with its opset), external data, sparse tensors, other subgraphs, sequence/optional types, wrong tensor sizes,
/// missing or double definitions, cycles, an empty file. Types are inferred only where the meaning of a node depends on
/// them; run infer_types on the result.
/// @param keeper  of the bytes (SharedBytes): the weights of a model that inline_external_data() has mapped are then
///        views of them. Null: every tensor is a copy
[[nodiscard]] Graph import_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops,
                                const Keeper& keeper = nullptr);

/// A graph input or output as a file declares it.
struct ModelPort {
    std::string name;
    std::string type;               ///< a word: "fp32", "fp16", "int64"; "?" where the file names none
    std::vector<std::string> dims;  ///< numbers, and names of open dimensions; "?" for an open one without a name
};

/// A fault of a file, for which its import is refused.
struct ModelFault {
    std::string kind;  ///< "file", "function", "operator", "constant", "input", "output", "open dimension", "graph"
    std::string what;  ///< the whole message
    std::int64_t count = 1;  ///< of an operator: how often it stands in the graph
    std::string where;       ///< the node, constant, input or output; empty for the file as a whole
};

/// Facts about a file, and all its faults that can be found without the types of its values.
struct ModelSurvey {
    std::int64_t opset = 0;                  ///< 0: the file names none
    std::vector<ModelPort> inputs, outputs;  ///< in the order of the file, without initialisers
    std::vector<ModelFault> faults;          ///< in the order of the kinds above
};

/// Checks all parts of a file, while import_onnx stops at the first fault. A survey without faults does not mean that
/// the import succeeds: it does not infer types of values, and does not check branches of If.
/// @param sizes  of dimensions that the file leaves open. One behind the first without a size is a fault.
/// @throws ModelError for bytes that are no ONNX model at all
[[nodiscard]] ModelSurvey survey_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops,
                                      const InputSizes& sizes = {}, const Keeper& keeper = nullptr);

/// Serialises with opset max(13, info.opset), IR version to match, deterministic bytes.
[[nodiscard]] std::string export_onnx(const Graph& graph);

}  // namespace halftone
