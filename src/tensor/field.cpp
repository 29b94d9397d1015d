#include "tensor/field.hpp"

#include <algorithm>

namespace halftone {
namespace {

/// The position of the field with this name; the size of the list where none has it.
std::size_t position_of(const std::string& name, const std::vector<Field>& fields) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
    return static_cast<std::size_t>(found - fields.begin());
}

}  // namespace

std::optional<std::vector<std::size_t>> match_fields(const std::vector<std::string>& wanted,
                                                     const std::vector<Field>& fields) {
    std::vector<std::size_t> by_name;
    std::vector<std::size_t> by_order;
    bool is_crossed = false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::size_t found = position_of(wanted[i], fields);
        by_name.push_back(found);
        by_order.push_back(i);
        // Fields of which one bears the name of another one's input were meant by name. Feeding them by order would
        // swap two inputs without a word.
        is_crossed = is_crossed || (found != fields.size() && found != i);
    }
    const bool has_all_names = std::find(by_name.begin(), by_name.end(), fields.size()) == by_name.end();
    if (has_all_names) return by_name;
    if (wanted.size() == fields.size() && !is_crossed) return by_order;
    return std::nullopt;
}

std::string to_text(const std::vector<Field>& fields) {
    std::string text;
    for (const Field& field : fields) {
        if (!text.empty()) text += ", ";
        text += field.name + ' ';
        text += field.is_text ? "text" : std::string(to_string(field.type.dtype)) + ' ' + field.type.shape.to_text();
    }
    return text.empty() ? "none" : text;
}

}  // namespace halftone
