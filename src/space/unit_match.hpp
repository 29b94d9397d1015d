#pragma once
// Which units the key of a rule means: an exact unit or node name, else `re:` and a regex, else a glob, else a name of
// the framework (framework_names.hpp). A pattern matches a unit by its name or by the name of any of its nodes.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// Returns whether the shell pattern matches the whole text. `*` matches any text (also '/'), `?` one byte, `[a-z]` and
/// `[!a-z]` one byte of a set. A '[' without its ']' matches '['.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

struct UnitMatch {
    bool is_exact = false;           ///< by name, not by pattern
    std::vector<std::size_t> units;  ///< ascending
};

/// Returns the units that the rule's key means, which may be none. @param section  for messages:
/// "quantization.op_wise" @throws ConfigError with the key's place: a bad regex or a key of more than 4 KiB
[[nodiscard]] UnitMatch find_matching_units(const ConstraintRule& rule, std::string_view section, const Graph& graph,
                                            const std::vector<Unit>& units);

/// Returns the units that the rule's key means, at least one.
/// @throws ConfigError as find_matching_units does; and, with the nearest names, if nothing matches
[[nodiscard]] UnitMatch match_units(const ConstraintRule& rule, std::string_view section, const Graph& graph,
                                    const std::vector<Unit>& units);

/// Returns whether the key means a node of the model's file. The node may belong to no unit, it may be in the tail, or
/// a pass may have removed it. @pre the key is a valid regex if it begins with `re:`
[[nodiscard]] bool names_file_node(const ConstraintRule& rule, const Graph& graph);

/// Returns the units whose op is the key. @throws ConfigError when there are none, naming the ops that the model has
[[nodiscard]] std::vector<std::size_t> match_op_type(const ConstraintRule& rule, std::string_view section,
                                                     const std::vector<Unit>& units);

/// Returns the beginning of messages about a rule: "file:1:2: quantization.op_wise 'conv1'".
[[nodiscard]] std::string describe_rule(const ConstraintRule& rule, std::string_view section);

}  // namespace halftone
