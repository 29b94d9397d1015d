#pragma once
// Texts in answers: where metrics find them, and how they are kept.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metric/metric.hpp"

namespace halftone {

/// Returns the field of a text that a postprocess makes. Its value is the text's bytes in UTF-8.
[[nodiscard]] Field text_output(std::string name);
/// Returns the bytes as such a value, and back.
[[nodiscard]] Tensor text_tensor(std::string_view text);
[[nodiscard]] std::string text_of(const TensorView& bytes);

/// Returns the texts of a target. @throws DataError, naming the sample, if it holds numbers
[[nodiscard]] const std::vector<std::string>& texts_of(const FieldValue& target, std::int64_t sample);

/// Returns the position of the field with this name, or nothing.
[[nodiscard]] std::optional<std::size_t> position_of(const std::vector<Field>& fields, std::string_view name);

}  // namespace halftone
