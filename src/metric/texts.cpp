// An output is a view of numbers, also where it is a text: so answers have one form, and travel as tensors do.
#include "metric/texts.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace halftone {

Field text_output(std::string name) {
    return {.name = std::move(name), .type = {DType::u8, Shape{kSymbolic}}, .is_text = true};
}

Tensor text_tensor(std::string_view text) {
    Tensor tensor({DType::u8, Shape{static_cast<std::int64_t>(text.size())}});
    std::copy(text.begin(), text.end(), tensor.mutable_view().as<std::uint8_t>().begin());
    return tensor;
}

std::string text_of(const TensorView& bytes) {
    const auto characters = bytes.as<std::uint8_t>();
    return {characters.begin(), characters.end()};
}

const std::vector<std::string>& texts_of(const FieldValue& target, std::int64_t sample) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&target)) return *texts;
    throw DataError("sample " + std::to_string(sample) + ": the target holds numbers, the metric compares texts");
}

std::optional<std::size_t> position_of(const std::vector<Field>& fields, std::string_view name) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
    if (found == fields.end()) return std::nullopt;
    return static_cast<std::size_t>(found - fields.begin());
}

}  // namespace halftone
