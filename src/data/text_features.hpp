#pragma once
// Texts that scripts/prepare_text.py has tokenised: the samples of the data sets GLUE and bert.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "data/dataset.hpp"

namespace halftone {

/// What a section says about the features that it wants.
struct TextFeatureRules {
    std::string path{};                      ///< of the HDF5 file
    std::optional<std::int64_t> length{};    ///< of the token lists; nothing: the file decides
    std::optional<std::string> tokenizer{};  ///< path of the file that the features must be made with
    std::optional<std::string> task{};       ///< what the file must say of itself, such as "mrpc"
    bool has_token_types = true;             ///< whether the model takes token_type_ids; RoBERTa and DistilBERT do not
    bool has_dynamic_length = false;         ///< whether padding is cut off, so that samples differ in length
};

/// Opens the features. Inputs are input_ids, attention_mask and token_type_ids, int64 [length]; targets are `label`, or
/// for SQuAD question_id, answers, context and offsets (README.md of this room).
/// @throws DataError naming the file: no such file, another format, another tokenizer, length or task than the rules
///         say. Reading a sample throws it with the record when an id lies outside of the tokenizer's vocabulary.
[[nodiscard]] std::unique_ptr<Dataset> open_text_features(const TextFeatureRules& rules);

/// Returns whether models of this type (LPOT's key `model_type`) take token_type_ids.
[[nodiscard]] bool takes_token_types(const std::string& model_type);

/// Returns the tokenizer's file that `name` means: the file itself, or the tokenizer.json or vocab.txt of a folder.
/// Nothing where there is none, as for a name like "bert-base-uncased", which is nothing on this machine.
[[nodiscard]] std::optional<std::string> tokenizer_file(const std::string& name);

}  // namespace halftone
