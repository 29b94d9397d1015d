#pragma once
// Arrays with names, and which of them feed a model's inputs and which are labels.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graph/onnx/onnx_model.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// An array whose rows are samples.
struct FoundArray {
    std::string name;    ///< without the word of its split: "x" of "x_train.npy" and of "/train/x"
    std::string source;  ///< as it stands in the config: a path, or a name in an archive
    Field row{};         ///< what one row is
    std::int64_t rows = 0;
};

/// Which arrays are what.
struct ArrayMatch {
    std::vector<std::pair<std::string, FoundArray>> inputs;   ///< by name of the model's input
    std::vector<std::pair<std::string, FoundArray>> targets;  ///< by name of the target
    std::vector<std::string> left_out;                        ///< sources of the others
    std::vector<std::string> missing;                         ///< inputs without an array
    std::vector<std::string> guessed;  ///< "x feeds the input 'pixels'": matched by shape, not by name
};

/// Matches arrays with the model's inputs: first by name, then by shape and type where only one array fits. What is
/// left and looks like labels, by its name or because it has the shape of an output, becomes a target.
[[nodiscard]] ArrayMatch match_arrays(const std::vector<FoundArray>& arrays, const ModelSurvey& model);

/// Divides a name at '_', '-' and '.' and takes out the word of a split: "x_train" is "x" and "train".
/// @return the rest of the name, and the word; an empty word if there is none
[[nodiscard]] std::pair<std::string, std::string> without_split_word(const std::string& name);

}  // namespace halftone
