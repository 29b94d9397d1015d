#include "config/config_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "config/tree_builder.hpp"
#include "config/yaml_text.hpp"

namespace halftone {
namespace {

constexpr std::string_view kOverridePrefix = "--set ";

/// Gives a tree that was parsed alone the place it takes in another tree.
/// @throws ConfigError if a path becomes longer than it may be in a file
void graft(ConfigNode& node, const std::string& path, const Mark& mark) {
    if (path.size() > config_detail::kMaxPathBytes) {
        throw ConfigError(
            fmt::format("{}: a key path of more than {} bytes", mark.to_text(), config_detail::kMaxPathBytes));
    }
    node.path = path;
    node.mark = mark;
    node.key_mark = mark;
    for (auto& [key, value] : node.entries) graft(value, path + "." + key, mark);
    for (std::size_t i = 0; i < node.items.size(); ++i) graft(node.items[i], fmt::format("{}[{}]", path, i), mark);
}

/// Maps and lists around the innermost scalar.
std::size_t depth_of(const ConfigNode& node) {
    std::size_t depth = 0;
    for (const auto& [key, value] : node.entries) depth = std::max(depth, depth_of(value));
    for (const ConfigNode& item : node.items) depth = std::max(depth, depth_of(item));
    return node.kind == ConfigNode::Kind::scalar ? 0 : depth + 1;
}

}  // namespace

// The form that editors and terminals turn into a link.
std::string Mark::to_text() const { return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file; }

// Linear: maps of a config have a few keys, and their order must stay.
const ConfigNode* ConfigNode::find(std::string_view key) const {
    const auto at = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
    return at == entries.end() ? nullptr : &at->second;
}

// The path is followed from map to map, and what is missing is made on the way: an override may add a section that the
// file does not have. A list in the path is an error, because its items have no keys.
void apply_override(ConfigNode& root, std::string_view assignment) {
    const Mark mark{.file = std::string(kOverridePrefix) + std::string(assignment)};
    const auto refuse = [&](const std::string& what) { throw ConfigError(mark.to_text() + ": " + what); };
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos) refuse("must be KEY.PATH=VALUE");
    // A key becomes a part of the config, so it must be a text that a file may hold. parse_yaml checks the value.
    const std::string_view path = trim(assignment.substr(0, equals));
    static_cast<void>(config_detail::check_yaml_text(path, mark.file));
    const std::vector<std::string> keys = split(path, '.');
    if (std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.empty(); })) {
        refuse("the path before '=' has an empty key");
    }
    // A file cannot hold the following keys either, so what is printed could not be read.
    if (std::find(keys.begin(), keys.end(), "<<") != keys.end()) {
        refuse("'<<' takes over the keys of another map of a file; --set has to name each key");
    }
    const bool has_long_key =
        std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.size() > config_detail::kMaxKeyBytes; });
    if (has_long_key) refuse(fmt::format("a key has more than {} bytes", config_detail::kMaxKeyBytes));
    // The file name makes errors read "--set a.b=VALUE:1:5: …"; the place counts from the start of the value.
    ConfigNode value = parse_yaml(assignment.substr(equals + 1), mark.file);

    ConfigNode* map = &root;
    for (std::size_t i = 0;; ++i) {
        if (map->kind != ConfigNode::Kind::map) {
            refuse((map->path.empty() ? "the config" : map->path) + " is not a map, so it has no key '" + keys[i] +
                   "'");
        }
        auto at =
            std::find_if(map->entries.begin(), map->entries.end(), [&](const auto& e) { return e.first == keys[i]; });
        if (at == map->entries.end()) {
            ConfigNode added;
            graft(added, map->path.empty() ? keys[i] : map->path + "." + keys[i], mark);
            map->entries.emplace_back(keys[i], std::move(added));
            at = std::prev(map->entries.end());
        }
        map = &at->second;
        if (i + 1 == keys.size()) break;
    }
    if (keys.size() + depth_of(value) > config_detail::kMaxDepth) {
        refuse(fmt::format("nested deeper than {} levels", config_detail::kMaxDepth));
    }
    graft(value, map->path, mark);
    *map = std::move(value);
}

// Places are left out: the printed form of a config is the same config in another file.
bool is_same_tree(const ConfigNode& a, const ConfigNode& b) {
    if (a.kind != b.kind || a.scalar != b.scalar || a.is_quoted != b.is_quoted) return false;
    return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), is_same_tree) &&
           std::equal(
               a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
               [](const auto& x, const auto& y) { return x.first == y.first && is_same_tree(x.second, y.second); });
}

// A file's paths are relative to the file, so that it works from any folder. On the command line they are relative to
// the working directory, as everywhere on a command line.
std::string resolve_path(const ConfigNode& scalar) {
    HALFTONE_CHECK(scalar.kind == ConfigNode::Kind::scalar, "a path is a scalar");
    if (scalar.scalar.empty() || scalar.mark.file.starts_with(kOverridePrefix)) return scalar.scalar;
    return joined_path(parent_path(scalar.mark.file), scalar.scalar);
}

}  // namespace halftone
