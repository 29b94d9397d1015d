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

/// How to_yaml writes a node. parse_yaml always gives `automatic`, and is_same_tree does not compare styles.
enum class YamlStyle {
    automatic,      ///< block style; short lists in one line; quotes where YAML would read something else
    flow,           ///< a list or map in one line: [a, b], {key: value}
    flush,          ///< a list whose dashes stand below the first letter of its key, not two columns further in
    double_quoted,  ///< a scalar in double quotes, whatever it holds
    null,           ///< the word null, for a map without keys
};

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
    YamlStyle style = YamlStyle::automatic;
    std::string comment;  ///< to_yaml writes it behind the key, after "# "; one line; parse_yaml drops comments

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

/// What bounds the memory that a text of a stranger can take. The largest config of LPOT's examples has 5 KiB.
struct YamlLimits {
    std::size_t bytes = std::size_t{1} << 20U;
    std::size_t values = 100'000;  ///< aliases count where they are used
};

/// A tree of any kind; an empty text gives an empty map.
/// @throws ConfigError with file:line:column for bad YAML, duplicate keys, several documents, tabs in the indentation,
///         anchors that recurse, and trees that are too deep or, aliases expanded, too large
[[nodiscard]] ConfigNode parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

/// Applies one "--set a.b.c=YAML" to the tree; missing maps are created. @throws ConfigError
void apply_override(ConfigNode& root, std::string_view assignment);

/// The same kinds, keys, values and order; marks and paths are not compared, quotes are.
[[nodiscard]] bool is_same_tree(const ConfigNode& a, const ConfigNode& b);

/// A path written in a config: relative ones are relative to the folder of the file that holds the node (overrides: to
/// the working directory). @pre `scalar` is a scalar
[[nodiscard]] std::string resolve_path(const ConfigNode& scalar);

}  // namespace halftone
