// Reader: typed, strict access to one map, and the coercions that LPOT's files need.
//
//   shown_value, fail_at       how messages show what they are about
//   words_of                   the four spellings of a list
//   boolean, integer, number   one value; percent, integers, numbers, words: values with coercions
//   finish                     refuses every key that nobody asked for
//
// Every function returns the fallback for a key that is absent or empty, and throws a ConfigError with the place of a
// value that is wrong.
#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

// A message is one line of a terminal. A long value is cut, so that what is wrong with it stays in view.
constexpr std::size_t kMaxShownValue = 60;

/// The value as the user wrote it, or a word for its kind: a list that is shown in full helps nobody.
std::string shown_value(const ConfigNode& node) {
    if (node.kind == ConfigNode::Kind::list) return "a list";
    if (node.kind == ConfigNode::Kind::map) return node.entries.empty() ? "nothing" : "a map";
    if (node.scalar.size() <= kMaxShownValue) return "'" + node.scalar + "'";
    return "'" + node.scalar.substr(0, kMaxShownValue) + "…'";
}

[[noreturn]] void fail_with_value(const ConfigNode& node, const std::string& what) {
    fail_at(node, what + ", got " + shown_value(node));
}

/// Limits that are only those of the type are not shown.
std::string allowed_integers(std::int64_t lowest, std::int64_t highest) {
    if (highest != INT64_MAX) return fmt::format("must be an integer from {} to {}", lowest, highest);
    if (lowest == INT64_MIN) return "must be an integer";
    if (lowest == 1) return "must be an integer > 0";
    return fmt::format("must be an integer >= {}", lowest);
}

/// A float as YAML users write it: "1", "-0.5", "+.5", "1e-5".
std::optional<double> parse_number(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    return parse_double(text);
}

/// Always a fraction: "1%" and "0.01" are both 0.01. LPOT writes percentages both ways.
std::optional<double> parse_percent(std::string_view text) {
    if (!text.ends_with('%')) return parse_number(text);
    text.remove_suffix(1);
    const auto value = parse_number(trim(text));
    return value ? std::optional(*value / 100.0) : std::nullopt;
}

}  // namespace

void fail_at(const ConfigNode& node, const std::string& what, bool at_key) {
    const Mark& mark = at_key ? node.key_mark : node.mark;
    throw ConfigError(fmt::format("{}: {} {}", mark.to_text(), node.path.empty() ? "the config" : node.path, what));
}

// LPOT takes a list in four spellings: [a, b], "a, b", "a b" and a. A comma decides: with one in the text, blanks
// belong to the words, and an empty word between two commas is a typing error rather than nothing.
std::vector<std::string> words_of(const ConfigNode& node) {
    std::vector<std::string> words;
    if (node.kind == ConfigNode::Kind::scalar) {
        if (node.scalar.find(',') != std::string::npos) {
            words = split(node.scalar, ',');
            if (std::find(words.begin(), words.end(), "") != words.end()) fail_with_value(node, "has an empty item");
            return words;
        }
        for (std::string& part : split(node.scalar, ' ')) {
            if (!part.empty()) words.push_back(std::move(part));
        }
        return words;
    }
    if (!node.entries.empty()) fail_with_value(node, "must be a list or a text like 'a, b'");
    for (const ConfigNode& item : node.items) {
        if (item.kind != ConfigNode::Kind::scalar) fail_with_value(item, "must be a word or number");
        words.push_back(item.scalar);
    }
    return words;
}

Reader::Reader(const ConfigNode& node) : node_(node) {
    if (node.kind != ConfigNode::Kind::map) fail_with_value(node, "must be a map of keys and values");
}

// Every access goes through here. What was asked for is what is known: there is no second list of the allowed keys.
const ConfigNode* Reader::child(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
    return node_.find(key);
}

// "key:" without a value, "null" and "~" mean the default, as if the key were not there.
std::optional<std::string> Reader::optional_text(std::string_view key) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return std::nullopt;
    if (value->kind != ConfigNode::Kind::scalar) fail_with_value(*value, "must be a text");
    return value->scalar;
}

std::string Reader::text(std::string_view key, std::string_view fallback) {
    return optional_text(key).value_or(std::string(fallback));
}

std::string Reader::required_text(std::string_view key) {
    const auto value = optional_text(key);
    if (!value) {
        const std::string prefix = node_.path.empty() ? "" : node_.path + ".";
        // There is no value to point at, so the message points at the map's own key.
        throw ConfigError(fmt::format("{}: {}{} is missing", node_.key_mark.to_text(), prefix, key));
    }
    return *value;
}

bool Reader::boolean(std::string_view key, bool fallback) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    // YAML 1.1's words in its three spellings each, as PyYAML reads them.
    static constexpr std::array<std::string_view, 9> kTrue{"true", "True", "TRUE", "yes", "Yes",
                                                           "YES",  "on",   "On",   "ON"};
    static constexpr std::array<std::string_view, 9> kFalse{"false", "False", "FALSE", "no", "No",
                                                            "NO",    "off",   "Off",   "OFF"};
    if (value->kind == ConfigNode::Kind::scalar && !value->is_quoted) {
        if (std::find(kTrue.begin(), kTrue.end(), value->scalar) != kTrue.end()) return true;
        if (std::find(kFalse.begin(), kFalse.end(), value->scalar) != kFalse.end()) return false;
    }
    fail_with_value(*value, "must be True or False");
}

// A quoted number is a text. PyYAML, and so LPOT, makes the same difference.
std::int64_t Reader::integer(std::string_view key, std::int64_t fallback, std::int64_t lowest, std::int64_t highest) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    if (value->kind == ConfigNode::Kind::scalar && !value->is_quoted) {
        const auto number = parse_int(value->scalar);
        if (number && *number >= lowest && *number <= highest) return *number;
    }
    fail_with_value(*value, allowed_integers(lowest, highest));
}

double Reader::number(std::string_view key, double fallback) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    if (value->kind == ConfigNode::Kind::scalar && !value->is_quoted) {
        if (const auto number = parse_number(value->scalar)) return *number;
    }
    fail_with_value(*value, "must be a number");
}

// Quotes are allowed here, because "1%" needs none and many users write them.
std::optional<double> Reader::percent(std::string_view key) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return std::nullopt;
    if (value->kind == ConfigNode::Kind::scalar) {
        if (const auto fraction = parse_percent(value->scalar)) return *fraction;
    }
    fail_with_value(*value, "must be a number or a percentage like 1%");
}

std::vector<std::int64_t> Reader::integers(std::string_view key, std::vector<std::int64_t> fallback) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    std::vector<std::int64_t> out;
    for (const std::string& word : words_of(*value)) {
        const auto number = parse_int(word);
        if (!number) fail_at(*value, "must be integers like 100, 200, got '" + word + "'");
        out.push_back(*number);
    }
    return out;
}

std::vector<double> Reader::numbers(std::string_view key, std::vector<double> fallback) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    std::vector<double> out;
    for (const std::string& word : words_of(*value)) {
        const auto number = parse_number(word);
        if (!number) fail_at(*value, "must be numbers like 0.5 0.25, got '" + word + "'");
        out.push_back(*number);
    }
    return out;
}

std::vector<std::string> Reader::words(std::string_view key, std::vector<std::string> fallback) {
    const ConfigNode* value = child(key);
    if (value == nullptr || value->is_empty()) return fallback;
    return words_of(*value);
}

// The keys that were asked for stand in the order of asking, which is the order of the schema: that is how the message
// lists them.
void Reader::finish() const {
    for (const auto& [key, value] : node_.entries) {
        if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
        const auto nearest = nearest_name(key, asked_);
        const std::string hint = nearest ? "; did you mean '" + *nearest + "'?" : "";
        fail_at(value, "is unknown; allowed: " + (asked_.empty() ? "no keys" : join(asked_, " ")) + hint, true);
    }
}

void Reader::fail(std::string_view key, const std::string& what) const {
    if (const ConfigNode* value = node_.find(key)) fail_with_value(*value, what);
    const std::string prefix = node_.path.empty() ? "" : node_.path + ".";
    throw ConfigError(fmt::format("{}: {}{} {}", node_.key_mark.to_text(), prefix, key, what));
}

}  // namespace halftone
