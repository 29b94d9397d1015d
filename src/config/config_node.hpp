#pragma once
// A YAML tree with the place of every node, free of yaml-cpp. Duplicate keys are errors at parse time; `null` and empty
// values are maps without keys, as in LPOT. Key order is the file's.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halftone {

struct Mark {
    std::string file;  ///< as given by the user; "--set a.b.c=VALUE" for overrides
    int line = 0;      ///< from 1; 0 = unknown, as in overrides
    int column = 0;
    [[nodiscard]] std::string to_text() const;  ///< "configs/a.yaml:12:15"; only the file if the line is unknown
};

struct ConfigEntry;

class ConfigNode {
public:
    enum class Kind { scalar, list, map };

    Kind kind = Kind::map;
    Mark mark;                         ///< of the value
    Mark key_mark;                     ///< of the key in its map; the value's mark elsewhere
    std::string path;                  ///< "tuning.exit_policy.max_trials"; list items "a.b[2]"
    std::string scalar;                ///< text of a scalar
    bool is_quoted = false;            ///< a scalar that is text whatever it looks like
    std::vector<ConfigNode> items;     ///< of a list
    std::vector<ConfigEntry> entries;  ///< of a map

    [[nodiscard]] const ConfigNode* find(std::string_view key) const;
    [[nodiscard]] bool is_empty() const;  ///< a map without keys: `null`, `{}` or nothing
};

/// One key of a map. Not a std::pair: a pair of an incomplete type is not allowed. Binds as [key, value].
struct ConfigEntry {
    ConfigEntry(std::string key, ConfigNode value) : first(std::move(key)), second(std::move(value)) {}

    std::string first;
    ConfigNode second;
};

inline bool ConfigNode::is_empty() const { return kind == Kind::map && entries.empty(); }

/// A tree of any kind; an empty text gives an empty map.
/// @throws ConfigError with file:line:column for bad YAML, duplicate keys, several documents, tabs in the indentation,
///         anchors that recurse, and trees that are too deep or, aliases expanded, too large
[[nodiscard]] ConfigNode parse_yaml(std::string_view text, const std::string& file);

/// Applies one "--set a.b.c=YAML" to the tree; missing maps are created. @throws ConfigError
void apply_override(ConfigNode& root, std::string_view assignment);

/// The same kinds, keys, values and order; marks and paths are not compared, quotes are.
[[nodiscard]] bool is_same_tree(const ConfigNode& a, const ConfigNode& b);

/// A path written in a config: relative ones are relative to the folder of the file that holds the node (overrides: to
/// the working directory). @pre `scalar` is a scalar
[[nodiscard]] std::string resolve_path(const ConfigNode& scalar);

/// A scalar that holds `text`; quoted where YAML would otherwise read something else.
[[nodiscard]] ConfigNode text_node(std::string text);
/// A scalar that is not quoted: a number, true, false or a word. @pre can_be_plain(text)
[[nodiscard]] ConfigNode plain_node(std::string text);
/// Whether the text can stand in YAML without quotes; conservative.
[[nodiscard]] bool can_be_plain(std::string_view text);

/// YAML text of a tree (block style, keys in order); parse_yaml(to_yaml(x)) is x again but for marks.
[[nodiscard]] std::string to_yaml(const ConfigNode& node);

}  // namespace halftone
