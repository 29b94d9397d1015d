#pragma once
// Typed, strict access to one map of the config: finish() refuses every key that was not asked for, and suggests the
// nearest key that was. Each plug-in (dataset, transform, metric, strategy) reads its own node with a Reader, so a new
// plug-in never edits a central schema. Coercions are LPOT's (docs/configuration.md lists them).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_node.hpp"

namespace halftone {

class Reader {
public:
    /// @throws ConfigError unless `node` is a map (empty is fine)
    explicit Reader(const ConfigNode& node);

    [[nodiscard]] const ConfigNode& node() const { return node_; }
    [[nodiscard]] const ConfigNode* child(std::string_view key);  ///< null when absent

    // Each returns the fallback when the key is absent or empty; a wrong value is a ConfigError with place, key path,
    // value and what is allowed.
    [[nodiscard]] std::string text(std::string_view key, std::string_view fallback);
    [[nodiscard]] std::optional<std::string> optional_text(std::string_view key);
    [[nodiscard]] std::string required_text(std::string_view key);
    [[nodiscard]] bool boolean(std::string_view key, bool fallback);
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t lowest,
                                       std::int64_t highest = INT64_MAX);
    [[nodiscard]] double number(std::string_view key, double fallback);
    /// 0.01, "1%", 1% -> 0.01
    [[nodiscard]] std::optional<double> percent(std::string_view key);
    [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key, std::vector<std::int64_t> fallback);
    [[nodiscard]] std::vector<double> numbers(std::string_view key, std::vector<double> fallback);
    /// A list of words: YAML list, "a, b", "a b", or one word.
    [[nodiscard]] std::vector<std::string> words(std::string_view key, std::vector<std::string> fallback);

    /// One of a fixed set of words. `names` is an EnumNames, or anything else that can parse() a word into an optional
    /// Value and tell what is allowed().
    template <class Names, class Value>
    [[nodiscard]] Value word(std::string_view key, const Names& names, Value fallback) {
        const auto given = optional_text(key);
        if (!given) return fallback;
        const auto value = names.parse(*given);
        if (!value) fail(key, "must be one of: " + names.allowed());
        return *value;
    }

    /// Refuses every key that was not asked for. Call last. @throws ConfigError
    void finish() const;

    /// "file:1:2: a.b.c <what>, got 'value'"
    [[noreturn]] void fail(std::string_view key, const std::string& what) const;

private:
    const ConfigNode& node_;
    std::vector<std::string> asked_;
};

/// Error at a node: "file:line:col: path what". `at_key`: place of the key instead of the value.
[[noreturn]] void fail_at(const ConfigNode& node, const std::string& what, bool at_key = false);

/// Words of a list-like node (see Reader::words). @throws ConfigError
[[nodiscard]] std::vector<std::string> words_of(const ConfigNode& node);

}  // namespace halftone
