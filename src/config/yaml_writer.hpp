#pragma once
// Trees to YAML text, and helpers that build trees. Every YAML file that the program writes comes from here, because
// the rules for quotes are easy to get wrong and the output is a format that users keep.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_node.hpp"

namespace halftone {

/// Returns a scalar that holds `text`, in quotes if YAML would otherwise read something else.
[[nodiscard]] ConfigNode text_node(std::string text);
/// Returns a scalar without quotes: a number, true, false or a word. @pre can_be_plain(text)
[[nodiscard]] ConfigNode plain_node(std::string text);
/// Returns whether the text can stand in YAML without quotes; false in doubt.
[[nodiscard]] bool can_be_plain(std::string_view text);

/// Returns the YAML text of a tree: keys in their order, each node in its style, lines end with a line feed.
/// parse_yaml(to_yaml(x)) is x again but for marks, styles, comments and, where a style asks for them, quotes.
[[nodiscard]] std::string to_yaml(const ConfigNode& node);

/// Short names for building trees.
namespace yaml {

[[nodiscard]] ConfigNode map(std::vector<ConfigEntry> entries);
[[nodiscard]] ConfigNode list(std::vector<ConfigNode> items);
/// A map in one line, {key: value}; what is inside is written in the same line.
[[nodiscard]] ConfigNode flow_map(std::vector<ConfigEntry> entries);
/// A list in one line, [a, b].
[[nodiscard]] ConfigNode flow_list(std::vector<ConfigNode> items);
/// A list with each item on lines of its own; its dashes stand below the first letter of its key.
[[nodiscard]] ConfigNode flush_list(std::vector<ConfigNode> items);
/// A text in double quotes.
[[nodiscard]] ConfigNode quoted(std::string_view text);
/// A word of ours that needs no quotes. @pre can_be_plain(text)
[[nodiscard]] ConfigNode word(std::string_view text);
/// The shortest text that reads back as the same number (float_text).
[[nodiscard]] ConfigNode number(float value);
[[nodiscard]] ConfigNode number(double value);
[[nodiscard]] ConfigNode integer(std::int64_t value);
[[nodiscard]] ConfigNode boolean(bool value);
/// The word null.
[[nodiscard]] ConfigNode null();

}  // namespace yaml
}  // namespace halftone
