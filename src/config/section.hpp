#pragma once
// Private to this room. A Section reads one map of the schema with a Reader and at the same time writes the same keys,
// in the schema's order and with defaults filled in, to the effective config. So --print-config shows every key that is
// read.

#include <memory>
#include <span>

#include "config/reader.hpp"

namespace halftone::config_detail {

/// The values that are read but not available yet; only a run with them is refused.
class Notes {
public:
    explicit Notes(std::vector<std::string>& messages) : messages_(messages) {}
    /// "file:1:2: a.b <what>"
    void add(const ConfigNode& node, const std::string& what, bool at_key = false);

private:
    std::vector<std::string>& messages_;
};

class Section {
public:
    explicit Section(const ConfigNode& map);

    [[nodiscard]] const ConfigNode& node() const { return *node_; }
    /// Null when absent or empty.
    [[nodiscard]] const ConfigNode* given(std::string_view key);

    std::string text(std::string_view key, std::string_view fallback);
    std::string required_text(std::string_view key);
    bool boolean(std::string_view key, bool fallback);
    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t lowest,
                         std::int64_t highest = INT64_MAX);
    double number(std::string_view key, double fallback);
    std::optional<double> percent(std::string_view key);
    std::vector<std::int64_t> integers(std::string_view key, std::vector<std::int64_t> fallback);
    std::vector<double> numbers(std::string_view key, std::vector<double> fallback);
    std::vector<std::string> words(std::string_view key, std::vector<std::string> fallback);
    /// One of `allowed`, else a ConfigError "a.b 'x' is unknown; allowed: …".
    std::string word(std::string_view key, std::string_view fallback, std::span<const std::string_view> allowed);
    /// Each one of `allowed`; the error points at the list's item.
    std::vector<std::string> words_among(std::string_view key, std::span<const std::string_view> allowed);

    /// The map below `key`, empty if absent. Give its finish() to put().
    [[nodiscard]] Section section(std::string_view key);
    /// Copies the key to the effective config as it is written, if it exists and is not empty.
    const ConfigNode* keep(std::string_view key);
    void put(std::string_view key, ConfigNode value);
    /// For maps whose keys are the user's: no key is unknown. The caller walks node().entries.
    void allow_any_key() { allows_any_key_ = true; }
    /// Leaves out empty lists, which stand for "no constraint". For maps whose keys are the user's.
    void drop_empty_lists();

    /// The effective map. @throws ConfigError for keys that were not read
    [[nodiscard]] ConfigNode finish();

private:
    std::unique_ptr<const ConfigNode> node_;  // on the heap, because the Reader refers to it while sections move
    Reader reader_;
    ConfigNode effective_;
    bool allows_any_key_ = false;
};

[[nodiscard]] ConfigNode list_node(const std::vector<std::string>& words);

}  // namespace halftone::config_detail
