#include "tensor/field.hpp"

#include <algorithm>
#include <cctype>

namespace halftone {
namespace {

/// The position of the field with this name; the size of the list where none has it.
std::size_t position_of(const std::string& name, const std::vector<Field>& fields) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
    return static_cast<std::size_t>(found - fields.begin());
}

/// Whether a name holds a word that ends at both sides: "style" stands so in "style_input:0", and not in "styles".
bool has_word(const std::string& name, const std::string& word) {
    const auto is_border = [&](std::size_t at) {
        return at >= name.size() || std::isalnum(static_cast<unsigned char>(name[at])) == 0;
    };
    for (std::size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
        if ((at == 0 || is_border(at - 1)) && is_border(at + word.size())) return true;
    }
    return false;
}

/// The only field whose name is a word of each wanted name. Empty where a name has none or several, or two share one.
std::vector<std::size_t> match_words(const std::vector<std::string>& wanted, const std::vector<Field>& fields) {
    std::vector<std::size_t> matched;
    for (const std::string& name : wanted) {
        std::vector<std::size_t> found;
        for (std::size_t f = 0; f < fields.size(); ++f) {
            if (!fields[f].name.empty() && has_word(name, fields[f].name)) found.push_back(f);
        }
        if (found.size() != 1 || std::find(matched.begin(), matched.end(), found[0]) != matched.end()) return {};
        matched.push_back(found[0]);
    }
    return matched;
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
    // LPOT's model of style transfer takes style_input and content_input, its data set yields content and style. The
    // order alone would feed each into the other's place.
    if (auto by_word = match_words(wanted, fields); !by_word.empty()) return by_word;
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
