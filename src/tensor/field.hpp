#pragma once
// Fields: the parts of a sample. A model's inputs, a data set's targets and a model's outputs are lists of fields. The
// rooms data, metric and eval use these types.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tensor/tensor.hpp"

namespace halftone {

/// One named part of every sample.
struct Field {
    std::string name;
    /// The type in one sample, without a batch dimension. A size of kSymbolic differs from sample to sample.
    TensorType type{};
    bool is_text = false;  ///< whether its values are texts; `type` has no meaning then
    friend bool operator==(const Field&, const Field&) = default;
};

/// The fields of every sample of a data set, in order.
struct Schema {
    std::vector<Field> inputs;   ///< what a model takes
    std::vector<Field> targets;  ///< the right answers that a metric compares with; empty: the samples have no labels
    friend bool operator==(const Schema&, const Schema&) = default;
};

/// The value of one field in one sample: numbers, or texts (a question may have several right answers).
using FieldValue = std::variant<Tensor, std::vector<std::string>>;

/// Returns which field of `fields` serves each of the wanted names. If the fields have all the names, names decide, and
/// other fields are ignored. Next, a field may have a word of the wanted name ("style" of "style_input"), if each
/// wanted name has exactly one such field and no two the same. Otherwise the order decides, if there are as many fields
/// as names and no name stands at another position. Returns nothing if none of these rules applies.
[[nodiscard]] std::optional<std::vector<std::size_t>> match_fields(const std::vector<std::string>& wanted,
                                                                   const std::vector<Field>& fields);

/// Returns fields as text for users: "input_ids int64 [96], label text"; "none" for an empty list.
[[nodiscard]] std::string to_text(const std::vector<Field>& fields);

/// One sample as a metric sees it. All spans are valid during the call only.
struct SampleAnswer {
    std::int64_t id = 0;                     ///< number of the sample in its data set
    std::span<const TensorView> outputs{};   ///< the model's, by output, without the batch dimension
    std::span<const FieldValue> targets{};   ///< the data set's, by target
    std::span<const TensorView> baseline{};  ///< the fp32 model's outputs; empty unless the metric asks for them
};

}  // namespace halftone
