#include "config/yaml_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/config_node.hpp"
#include "config/tree_builder.hpp"

namespace halftone::config_detail {
namespace {

/// Returns the bytes of the UTF-8 character at the start of `text`, or 0 if it is not UTF-8. The limits of the first
/// byte leave out overlong forms and what lies beyond U+10FFFF.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80                      ? 1
                               : byte(0) >= 0xc2 && byte(0) < 0xe0 ? 2
                               : byte(0) >= 0xe0 && byte(0) < 0xf0 ? 3
                               : byte(0) >= 0xf0 && byte(0) < 0xf5 ? 4
                                                                   : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return 0;
    }
    return length;
}

bool is_control_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

}  // namespace

std::size_t check_yaml_text(std::string_view text, const std::string& file) {
    // Columns count characters, not bytes, as editors do.
    Mark mark{.file = file, .line = 1, .column = 1};
    bool in_indentation = true;
    std::size_t blank_end = 0;  // up to here nothing but blanks of a blank line was found
    std::size_t looked_at = 0;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const std::size_t length = utf8_length(text.substr(i, 4));
        if (length == 0) refuse_at(mark, "not UTF-8 text");
        if (is_control_character(c)) {
            refuse_at(mark, fmt::format("a control character (0x{:02x})", static_cast<unsigned char>(c)));
        }
        // Tabs are harmless in a line that holds nothing else or only a comment. The line is searched at its first tab
        // only: a search from each tab would take quadratic time.
        if (c == '\t' && in_indentation && i >= blank_end) {
            blank_end = std::min(text.find_first_not_of(" \t\r", i), text.size());
            looked_at += blank_end - i;
            const bool is_blank_line = blank_end == text.size() || text[blank_end] == '\n' || text[blank_end] == '#';
            if (!is_blank_line) refuse_at(mark, "a tab in the indentation; YAML indents with spaces");
        }
        if (c == '\n') {
            mark = {.file = file, .line = mark.line + 1, .column = 1};
            in_indentation = true;
        } else {
            ++mark.column;
            if (c != ' ' && c != '\t') in_indentation = false;
        }
        i += length;
        looked_at += length;
    }
    return looked_at;
}

}  // namespace halftone::config_detail
