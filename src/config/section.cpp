#include "config/section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/names.hpp"
#include "config/yaml_writer.hpp"

namespace halftone::config_detail {
namespace {

/// Numbers: written without quotes.
ConfigNode plain_list(const std::vector<std::string>& texts) {
    ConfigNode list;
    list.kind = ConfigNode::Kind::list;
    for (const std::string& text : texts) list.items.push_back(plain_node(text));
    return list;
}

}  // namespace

// Words: quoted where a YAML reader would take them for something else.
ConfigNode list_node(const std::vector<std::string>& words) {
    ConfigNode list;
    list.kind = ConfigNode::Kind::list;
    for (const std::string& word : words) list.items.push_back(text_node(word));
    return list;
}

void Notes::add(const ConfigNode& node, const std::string& what, bool at_key) {
    messages_.push_back(fmt::format("{}: {} {}", (at_key ? node.key_mark : node.mark).to_text(), node.path, what));
}

// A copy, because the tree that it was found in may be gone while the section is still read.
Section::Section(const ConfigNode& map) : node_(std::make_unique<const ConfigNode>(map)), reader_(*node_) {}

// Asking for a key also makes it known: a key that is looked at is never called unknown.
const ConfigNode* Section::given(std::string_view key) {
    const ConfigNode* value = reader_.child(key);
    return value == nullptr || value->is_empty() ? nullptr : value;
}

std::string Section::text(std::string_view key, std::string_view fallback) {
    std::string value = reader_.text(key, fallback);
    const ConfigNode* node = given(key);
    put(key, node != nullptr ? *node : text_node(value));  // as written: 1.0 stays a number, '1.0' a text
    return value;
}

std::string Section::required_text(std::string_view key) {
    std::string value = reader_.required_text(key);
    put(key, *given(key));
    return value;
}

// One spelling for YAML's eighteen, so that equal configs print equally.
bool Section::boolean(std::string_view key, bool fallback) {
    const bool value = reader_.boolean(key, fallback);
    put(key, plain_node(value ? "true" : "false"));
    return value;
}

std::int64_t Section::integer(std::string_view key, std::int64_t fallback, std::int64_t lowest, std::int64_t highest) {
    const std::int64_t value = reader_.integer(key, fallback, lowest, highest);
    put(key, plain_node(std::to_string(value)));
    return value;
}

double Section::number(std::string_view key, double fallback) {
    const double value = reader_.number(key, fallback);
    // Whole numbers without a point: LPOT's timeout is an integer.
    const bool is_whole = std::abs(value) < 1e15 && value == std::floor(value);
    put(key, plain_node(is_whole ? std::to_string(static_cast<std::int64_t>(value)) : float_text(value)));
    return value;
}

std::optional<double> Section::percent(std::string_view key) {
    const auto value = reader_.percent(key);
    if (value) put(key, plain_node(float_text(*value)));
    return value;
}

std::vector<std::int64_t> Section::integers(std::string_view key, std::vector<std::int64_t> fallback) {
    auto values = reader_.integers(key, std::move(fallback));
    std::vector<std::string> texts;
    for (const std::int64_t value : values) texts.push_back(std::to_string(value));
    put(key, plain_list(texts));
    return values;
}

// Numbers are printed in the shortest form that reads back exactly, whatever form the user chose.
std::vector<double> Section::numbers(std::string_view key, std::vector<double> fallback) {
    auto values = reader_.numbers(key, std::move(fallback));
    std::vector<std::string> texts;
    for (const double value : values) texts.push_back(float_text(value));
    put(key, plain_list(texts));
    return values;
}

std::vector<std::string> Section::words(std::string_view key, std::vector<std::string> fallback) {
    auto values = reader_.words(key, std::move(fallback));
    put(key, list_node(values));
    return values;
}

// A default needs no check. It may even be a word that users cannot write.
std::string Section::word(std::string_view key, std::string_view fallback, std::span<const std::string_view> allowed) {
    std::string value = text(key, fallback);
    if (const ConfigNode* node = given(key); node != nullptr && !is_among(value, allowed)) {
        refuse_unknown(node->mark, node->path, value, to_strings(allowed));
    }
    return value;
}

std::vector<std::string> Section::words_among(std::string_view key, std::span<const std::string_view> allowed) {
    // Reader knows the texts, the node knows where each stands: the message points at the one word that is wrong.
    auto values = words(key, {});
    const ConfigNode* node = given(key);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (is_among(values[i], allowed)) continue;
        const Mark& mark = node->kind == ConfigNode::Kind::list ? node->items[i].mark : node->mark;
        refuse_unknown(mark, node->path, values[i], to_strings(allowed));
    }
    return values;
}

Section Section::section(std::string_view key) {
    // A section owns its map, so sections may be moved and returned.
    if (const ConfigNode* value = reader_.child(key)) return Section(*value);
    // A section that is not there is read as an empty one, so that its defaults are printed too. Errors inside it name
    // the path that it would have.
    ConfigNode absent;
    absent.path = node_->path.empty() ? std::string(key) : node_->path + "." + std::string(key);
    absent.mark = node_->mark;
    absent.key_mark = node_->key_mark;
    return Section(absent);
}

const ConfigNode* Section::keep(std::string_view key) {
    const ConfigNode* value = given(key);
    if (value != nullptr) put(key, *value);
    return value;
}

void Section::put(std::string_view key, ConfigNode value) {
    effective_.entries.emplace_back(std::string(key), std::move(value));
}

// Under keys that the user invents, every rule would otherwise print six lists that say nothing.
void Section::drop_empty_lists() {
    std::erase_if(effective_.entries, [](const auto& entry) {
        return entry.second.kind == ConfigNode::Kind::list && entry.second.items.empty();
    });
}

// Strictness and the effective config end together: no key can be in one and not in the other.
ConfigNode Section::finish() {
    if (!allows_any_key_) reader_.finish();
    return std::move(effective_);
}

}  // namespace halftone::config_detail
