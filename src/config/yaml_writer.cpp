// to_yaml and the rules for quotes. The writer is ours because its output is a format: it must not move with a library.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/check.hpp"
#include "base/text.hpp"
#include "config/config_node.hpp"

namespace halftone {
namespace {

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Words that some YAML reader takes for null or a boolean.
bool is_reserved_word(std::string_view text) {
    static constexpr std::array<std::string_view, 7> kReserved{"true", "false", "yes", "no", "on", "off", "null"};
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end();
}

std::string yaml_quoted(std::string_view text) {
    std::string out;
    if (std::none_of(text.begin(), text.end(), is_control)) {
        for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
        return "'" + out + "'";
    }
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (is_control(c)) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return '"' + out + '"';
}

std::string scalar_text(const ConfigNode& node) {
    return node.is_quoted || !can_be_plain(node.scalar) ? yaml_quoted(node.scalar) : node.scalar;
}

bool is_inline(const ConfigNode& node) {
    return node.kind == ConfigNode::Kind::scalar || (node.items.empty() && node.entries.empty());
}

std::string inline_text(const ConfigNode& node) {
    if (node.kind == ConfigNode::Kind::scalar) return scalar_text(node);
    return node.kind == ConfigNode::Kind::list ? "[]" : "{}";
}

bool is_short_list(const ConfigNode& node) {
    const auto is_simple = [](const ConfigNode& item) {
        return item.kind == ConfigNode::Kind::scalar && item.scalar.find(',') == std::string::npos &&
               can_be_plain(item.scalar);
    };
    return node.kind == ConfigNode::Kind::list && node.items.size() <= 16 &&
           std::all_of(node.items.begin(), node.items.end(), is_simple);
}

std::string short_list_text(const ConfigNode& node) {
    std::vector<std::string> texts;
    for (const ConfigNode& item : node.items) texts.push_back(scalar_text(item));
    return "[" + join(texts, ", ") + "]";
}

/// The value after "key:" or "-", starting with a blank or, as a block of its own, with a line end.
std::string value_text(const ConfigNode& value, std::size_t indent);

/// Lines of a map or list, each starting with `indent` blanks.
std::string block_text(const ConfigNode& node, std::size_t indent) {
    const std::string blanks(indent, ' ');
    std::string out;
    for (const auto& [key, value] : node.entries) {
        const std::string name = can_be_plain(key) && !is_reserved_word(key) ? key : yaml_quoted(key);
        out += blanks + name + ":" + value_text(value, indent + 2);
    }
    for (const ConfigNode& item : node.items) {
        if (item.entries.empty()) {
            out += blanks + "-" + value_text(item, indent + 2);
        } else {
            out += blanks + "- " + block_text(item, indent + 2).substr(indent + 2);  // "- first_key: …"
        }
    }
    return out;
}

std::string value_text(const ConfigNode& value, std::size_t indent) {
    if (is_inline(value)) return " " + inline_text(value) + "\n";
    if (is_short_list(value)) return " " + short_list_text(value) + "\n";
    return "\n" + block_text(value, indent);
}

}  // namespace

bool can_be_plain(std::string_view text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return false;
    // "-" and "." start YAML's own marks ("- x", "---", "..."), unless something like a number or a name follows.
    if (text[0] == '-' || text[0] == '.' || text[0] == '+') {
        if (text.size() < 2 || (!is_alphanumeric(text[1]) && text[1] != '/' && text[1] != '.')) return false;
        if (text.starts_with("...") || text.starts_with("-..")) return false;
    } else if (!is_alphanumeric(text[0]) && text[0] != '_' && text[0] != '/') {
        return false;
    }
    if (text.back() == ' ') return false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_inner_colon =
            c == ':' && i + 1 < text.size() && (is_alphanumeric(text[i + 1]) || text[i + 1] == '/');
        if (!is_alphanumeric(c) && !is_inner_colon &&
            std::string_view(" _./+-%@*,=()~^$").find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

ConfigNode text_node(std::string text) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::scalar;
    node.is_quoted = !can_be_plain(text) || is_reserved_word(text) || parse_double(text).has_value();
    node.scalar = std::move(text);
    return node;
}

ConfigNode plain_node(std::string text) {
    HALFTONE_CHECK(can_be_plain(text), "a plain scalar needs no quotes: " + text);
    ConfigNode node;
    node.kind = ConfigNode::Kind::scalar;
    node.scalar = std::move(text);
    return node;
}

std::string to_yaml(const ConfigNode& node) {
    if (is_inline(node)) return inline_text(node) + "\n";
    return block_text(node, 0);
}

}  // namespace halftone
