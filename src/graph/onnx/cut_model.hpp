#pragma once
// A part of a model: the nodes between given tensors (model.inputs and model.outputs of a config).

#include <string>
#include <string_view>
#include <vector>

#include "graph/input_sizes.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Names of tensors between which a model is used. They may be inputs and outputs of the model, or lie inside of it.
/// TensorFlow's ":0" behind a name may be left out or added.
struct ModelEnds {
    std::vector<std::string> inputs = {};   ///< empty: those of the model that the outputs need
    std::vector<std::string> outputs = {};  ///< empty: those of the model
    [[nodiscard]] bool is_empty() const { return inputs.empty() && outputs.empty(); }
};

/// Returns the model between these ends as an ONNX file: its inputs and outputs are the named tensors, in the order of
/// the lists, and nodes that no output needs are gone. If nothing would change, the bytes are returned as they are.
/// @param name   of the file, for messages
/// @param sizes  of inputs: they say how many dimensions an inner tensor has that becomes an input, where the file does
///        not. All of them stay open, so that the bytes do not depend on the sizes
/// @throws ConfigError for a name that the model does not have, listing similar names; for an input that no
///         output needs, and for one that the outputs need and the list leaves out
/// @throws ModelError for a file that cannot be read, and where the shape of a new input is not known
[[nodiscard]] std::string cut_onnx(std::string_view bytes, const std::string& name, const ModelEnds& ends,
                                   const InputSizes& sizes, const OpLibrary& ops);

/// Returns the names of `ends` that no tensor of the model has.
/// @throws ModelError for a file that cannot be read
[[nodiscard]] std::vector<std::string> unknown_ends(std::string_view bytes, const std::string& name,
                                                    const ModelEnds& ends);

}  // namespace halftone
