// Trees to YAML text. The writer is ours because its output is a format: it must not move with a library.
//
//   scalar_text, flow_text   what stands in one line: scalars with their quotes, [a, b], {key: value}
//   block_text, value_text   maps and lists on lines of their own, indented; they call each other
//   can_be_plain             the rule that decides about quotes
//   namespace yaml           helpers that build trees in a style
#include "config/yaml_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/check.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

// The cast matters: isalnum of a negative char, as the bytes of UTF-8 text are, is undefined.
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

/// Text in double quotes, the only quotes in which YAML knows escapes. A raw line feed would be read back as a blank.
std::string double_quoted_text(std::string_view text, bool has_short_line_feed) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n' && has_short_line_feed) {
            out += "\\n";
        } else if (is_control(c)) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return '"' + out + '"';
}

/// Text in single quotes, which need no escapes; in double quotes only if there are control characters.
std::string quoted_text(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), is_control)) return double_quoted_text(text, false);
    std::string out;
    for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
    return "'" + out + "'";
}

std::string scalar_text(const ConfigNode& node) {
    if (node.style == YamlStyle::double_quoted) return double_quoted_text(node.scalar, true);
    return node.is_quoted || !can_be_plain(node.scalar) ? quoted_text(node.scalar) : node.scalar;
}

std::string key_text(const std::string& key) {
    return can_be_plain(key) && !is_reserved_word(key) ? key : quoted_text(key);
}

/// Whether the value fits behind its key. An empty map or list has no lines of its own.
bool is_inline(const ConfigNode& node) {
    return node.kind == ConfigNode::Kind::scalar || node.style == YamlStyle::flow ||
           (node.items.empty() && node.entries.empty());
}

/// A node in one line. Within [ ] and { } a comma ends the item, so a plain scalar that holds one gets quotes there.
std::string flow_text(const ConfigNode& node, bool is_within) {
    if (node.kind == ConfigNode::Kind::scalar) {
        const bool is_split = is_within && node.scalar.find(',') != std::string::npos;
        return is_split && node.style == YamlStyle::automatic ? quoted_text(node.scalar) : scalar_text(node);
    }
    if (node.style == YamlStyle::null) return "null";
    std::vector<std::string> parts;
    for (const ConfigNode& item : node.items) parts.push_back(flow_text(item, true));
    for (const auto& [key, value] : node.entries) parts.push_back(key_text(key) + ": " + flow_text(value, true));
    const std::string inner = join(parts, ", ");
    return node.kind == ConfigNode::Kind::list ? "[" + inner + "]" : "{" + inner + "}";
}

std::string inline_text(const ConfigNode& node) { return flow_text(node, false); }

std::string comment_text(const ConfigNode& node) { return node.comment.empty() ? "" : "  # " + node.comment; }

/// Lists of a few plain words read better on one line. A comma in a word would end the item there.
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
        out += blanks + key_text(key) + ":" + value_text(value, indent + 2);
    }
    for (const ConfigNode& item : node.items) {
        if (item.entries.empty() || is_inline(item)) {
            out += blanks + "-" + value_text(item, indent + 2);
        } else {
            out += blanks + "- " + block_text(item, indent + 2).substr(indent + 2);  // "- first_key: …"
        }
    }
    return out;
}

std::string value_text(const ConfigNode& value, std::size_t indent) {
    const std::string end = comment_text(value) + "\n";
    if (is_inline(value)) return " " + inline_text(value) + end;
    if (value.style == YamlStyle::flush) return end + block_text(value, indent - 2);
    if (is_short_list(value)) return " " + short_list_text(value) + end;
    return end + block_text(value, indent);
}

}  // namespace

// Stricter than YAML: what is plain here is the same text for every reader of YAML 1.1 and 1.2 in use. Too many quotes
// are harmless, one too few changes a value.
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
        // ": " would end a key, so a colon needs something behind it that cannot be a blank.
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
    // A text that looks like a number needs quotes, or it comes back as one.
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

namespace yaml {
namespace {

ConfigNode with_style(ConfigNode node, YamlStyle style) {
    node.style = style;
    return node;
}

}  // namespace

ConfigNode map(std::vector<ConfigEntry> entries) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::map;
    node.entries = std::move(entries);
    return node;
}
ConfigNode list(std::vector<ConfigNode> items) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::list;
    node.items = std::move(items);
    return node;
}
ConfigNode flow_map(std::vector<ConfigEntry> entries) { return with_style(map(std::move(entries)), YamlStyle::flow); }
ConfigNode flow_list(std::vector<ConfigNode> items) { return with_style(list(std::move(items)), YamlStyle::flow); }
ConfigNode flush_list(std::vector<ConfigNode> items) { return with_style(list(std::move(items)), YamlStyle::flush); }
ConfigNode quoted(std::string_view text) {
    ConfigNode node = with_style(text_node(std::string(text)), YamlStyle::double_quoted);
    node.is_quoted = true;  // as parse_yaml will find it
    return node;
}
ConfigNode word(std::string_view text) { return plain_node(std::string(text)); }
ConfigNode number(float value) { return plain_node(float_text(value)); }
ConfigNode number(double value) { return plain_node(float_text(value)); }
ConfigNode integer(std::int64_t value) { return plain_node(std::to_string(value)); }
ConfigNode boolean(bool value) { return plain_node(value ? "true" : "false"); }
ConfigNode null() { return with_style(map({}), YamlStyle::null); }

}  // namespace yaml
}  // namespace halftone
