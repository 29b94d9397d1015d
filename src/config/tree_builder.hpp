#pragma once
// Private to this room. TreeBuilder makes a ConfigNode tree of the events of a parser: it knows where each value
// belongs, refuses duplicate keys, follows aliases and merge keys, and limits depth and size while the text is read.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config_node.hpp"

namespace halftone::config_detail {

/// Number of an anchor (&name) in a text; 0 means that a value has none.
using Anchor = std::size_t;

// No config needs more than a few levels and a few hundred values. The limits keep a hostile file from filling memory
// or the stack. Aliases are counted where they are used, so that a "billion laughs" file (a list of aliases of a list
// of aliases …) ends at the limit too.
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxKeyBytes = 1000;  ///< YAML 1.2 allows 1024 characters on one line
inline constexpr std::size_t kMaxPathBytes = 2000;

[[noreturn]] void refuse_at(const Mark& mark, const std::string& what);

class TreeBuilder {
public:
    explicit TreeBuilder(std::size_t most_values) : most_values_(most_values) {}

    /// Returns whether the next scalar is the key of a map.
    [[nodiscard]] bool expects_key() const { return in_map() && !frames_.back().key; }
    /// Returns the place of the key whose value is due, or null when no key waits for a value.
    [[nodiscard]] const Mark* pending_key() const {
        return in_map() && frames_.back().key ? &frames_.back().key_mark : nullptr;
    }

    // Each of the following takes one event. @throws ConfigError at `mark` for what a config must not hold
    void add_key(const Mark& mark, const std::string& text);
    void add_null(const Mark& mark, Anchor anchor);
    void add_scalar(const Mark& mark, const std::string& text, bool is_quoted, Anchor anchor);
    void add_alias(const Mark& mark, Anchor anchor);
    void open(const Mark& mark, ConfigNode::Kind kind, Anchor anchor);
    void close();

    /// Returns the tree; an empty node without a place when there was no event.
    [[nodiscard]] ConfigNode take_root() && { return std::move(root_); }

private:
    struct Frame {  ///< a list or map that is being read
        ConfigNode node;
        Anchor anchor = 0;
        std::optional<std::string> key{};  ///< of the value to come
        Mark key_mark{};
        std::map<std::string, Mark, std::less<>> keys{};
    };

    [[nodiscard]] bool in_map() const { return !frames_.empty() && frames_.back().node.kind == ConfigNode::Kind::map; }
    void count(const ConfigNode& node, const Mark& mark);
    void count_tree(const ConfigNode& node);
    [[nodiscard]] ConfigNode start(const Mark& mark);
    void finish(ConfigNode node, Anchor anchor);
    void merge_maps(Frame& frame);
    void move_to(ConfigNode& node, const std::string& path, std::size_t depth, const Mark& used_at);

    ConfigNode root_;
    std::vector<Frame> frames_;
    std::map<Anchor, ConfigNode> anchors_;
    std::size_t most_values_;
    std::size_t nodes_ = 0;
};

}  // namespace halftone::config_detail
