#include "config/tree_builder.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"

namespace halftone::config_detail {
namespace {

std::string child_path(const std::string& parent, const std::string& key) {
    return parent.empty() ? key : parent + "." + key;
}

}  // namespace

void refuse_at(const Mark& mark, const std::string& what) { throw ConfigError(mark.to_text() + ": " + what); }

// A key is kept until its value comes. The set of keys of the map tells where a duplicate was given first.
void TreeBuilder::add_key(const Mark& mark, const std::string& text) {
    Frame& frame = frames_.back();
    if (text.empty()) refuse_at(mark, "a key must not be empty");
    if (text.size() > kMaxKeyBytes) refuse_at(mark, fmt::format("a key has more than {} bytes", kMaxKeyBytes));
    const auto [at, is_new] = frame.keys.emplace(text, mark);
    if (!is_new) {
        refuse_at(mark, child_path(frame.node.path, text) + " is given twice; first at " + at->second.to_text());
    }
    frame.key = text;
    frame.key_mark = mark;
}

void TreeBuilder::add_null(const Mark& mark, Anchor anchor) { finish(start(mark), anchor); }

void TreeBuilder::add_scalar(const Mark& mark, const std::string& text, bool is_quoted, Anchor anchor) {
    ConfigNode node = start(mark);
    node.kind = ConfigNode::Kind::scalar;
    node.is_quoted = is_quoted;
    node.scalar = text;
    finish(std::move(node), anchor);
}

void TreeBuilder::add_alias(const Mark& mark, Anchor anchor) {
    if (expects_key()) refuse_at(mark, "a key must be plain text, not an alias");
    const auto anchored = anchors_.find(anchor);
    if (anchored == anchors_.end()) refuse_at(mark, "an alias inside its own anchor never ends");
    // An alias is a copy with places of its own in the tree; messages then show where the value is used and written.
    ConfigNode node = anchored->second;
    const ConfigNode here = start(mark);
    node.key_mark = here.key_mark;
    move_to(node, here.path, frames_.size(), here.mark);
    finish(std::move(node), 0);
}

void TreeBuilder::open(const Mark& mark, ConfigNode::Kind kind, Anchor anchor) {
    if (expects_key()) refuse_at(mark, "a key must be plain text, not a list or map; or a bracket is never closed");
    if (frames_.size() >= kMaxDepth) refuse_at(mark, fmt::format("nested deeper than {} levels", kMaxDepth));
    Frame frame{.node = start(mark), .anchor = anchor};
    frame.node.kind = kind;
    frames_.push_back(std::move(frame));
}

// Only now are all keys known, so only now can a merge key be told what it must not replace.
void TreeBuilder::close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.node.kind == ConfigNode::Kind::map) merge_maps(frame);
    finish(std::move(frame.node), frame.anchor);
}

// Called for every node before it is kept.
void TreeBuilder::count(const ConfigNode& node, const Mark& mark) {
    if (++nodes_ > most_values_) {
        refuse_at(mark, fmt::format("more than {} values (aliases count where they are used)", most_values_));
    }
    if (node.path.size() > kMaxPathBytes)
        refuse_at(mark, fmt::format("a key path of more than {} bytes", kMaxPathBytes));
}

void TreeBuilder::count_tree(const ConfigNode& node) {
    count(node, node.mark);
    for (const auto& [key, value] : node.entries) count_tree(value);
    for (const ConfigNode& item : node.items) count_tree(item);
}

/// Returns an empty node at `mark`, with the path and the key of the value that is due.
ConfigNode TreeBuilder::start(const Mark& mark) {
    ConfigNode node;
    node.mark = mark;
    node.key_mark = mark;
    if (frames_.empty()) return node;
    const Frame& parent = frames_.back();
    if (parent.node.kind == ConfigNode::Kind::list) {
        node.path = fmt::format("{}[{}]", parent.node.path, parent.node.items.size());
    } else {
        node.path = child_path(parent.node.path, parent.key.value_or(""));
        node.key_mark = parent.key_mark;
    }
    count(node, mark);
    return node;
}

/// Puts a finished node where it belongs: into the list or map that is open, or as the root.
void TreeBuilder::finish(ConfigNode node, Anchor anchor) {
    if (anchor != 0) {
        count_tree(node);  // the copy takes memory too
        anchors_[anchor] = node;
    }
    if (frames_.empty()) {
        root_ = std::move(node);
        return;
    }
    Frame& parent = frames_.back();
    if (parent.node.kind == ConfigNode::Kind::list) {
        parent.node.items.push_back(std::move(node));
    } else {
        parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
        parent.key.reset();
    }
}

/// YAML 1.1's merge key, which PyYAML (so LPOT) knows: "<<: *other" adds the keys that the map does not give itself.
void TreeBuilder::merge_maps(Frame& frame) {
    auto& entries = frame.node.entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].first != "<<") continue;
        const ConfigNode merged = std::move(entries[i].second);
        entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
        if (merged.kind == ConfigNode::Kind::scalar) refuse_at(merged.key_mark, "<< needs a map or a list of maps");
        const bool is_list = merged.kind == ConfigNode::Kind::list;
        for (const ConfigNode& map : is_list ? merged.items : std::vector<ConfigNode>{merged}) {
            if (map.kind != ConfigNode::Kind::map) refuse_at(merged.key_mark, "<< needs a map or a list of maps");
            for (const auto& [key, value] : map.entries) {
                // The set of keys, not the list of entries: a merge of large maps would take quadratic time.
                if (!frame.keys.emplace(key, value.key_mark).second) continue;
                ConfigNode copy = value;
                move_to(copy, child_path(frame.node.path, key), frames_.size() + 1, merged.key_mark);
                entries.emplace_back(key, std::move(copy));
            }
        }
        return;  // "<<" cannot be given twice
    }
}

/// Rewrites the paths of a copied tree for its new home; its marks stay where the values are written.
void TreeBuilder::move_to(ConfigNode& node, const std::string& path, std::size_t depth, const Mark& used_at) {
    if (depth > kMaxDepth) refuse_at(used_at, fmt::format("nested deeper than {} levels", kMaxDepth));
    node.path = path;
    count(node, used_at);
    for (auto& [key, value] : node.entries) move_to(value, child_path(path, key), depth + 1, used_at);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        move_to(node.items[i], fmt::format("{}[{}]", path, i), depth + 1, used_at);
    }
}

}  // namespace halftone::config_detail
