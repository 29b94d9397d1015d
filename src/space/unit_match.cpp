// The meaning of a rule's key, from the most specific one to the last resort.
//
//   matches_glob          shell patterns, without a regular expression
//   find_matching_units   unit names, node names, then patterns, then names of the framework
//   match_units           the same, and an error with the nearest names where nothing matches (hint)
//   names_file_node       a node of the file that no unit has
//   match_op_type         all units of one operator
#include "space/unit_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/name_regex.hpp"
#include "space/framework_names.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMostNames = 5;                // in a message: a model has hundreds
constexpr std::size_t kMostHintSteps = 100'000'000;  // about a second

/// Does `byte` belong to the set between '[' and ']'?
bool is_in_set(std::string_view set, char byte) {
    const bool is_negated = !set.empty() && set[0] == '!';
    if (is_negated) set.remove_prefix(1);
    bool is_found = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
        // 'a-z' is a range; a '-' at either end of the set is itself.
        if (i + 2 < set.size() && set[i + 1] == '-') {
            is_found = is_found || (set[i] <= byte && byte <= set[i + 2]);
            i += 2;
        } else {
            is_found = is_found || set[i] == byte;
        }
    }
    return is_found != is_negated;
}

/// Matches one pattern element that is not '*' against `byte`. @return its length in the pattern, 0 if it does not
/// match
std::size_t match_one(std::string_view pattern, char byte) {
    if (pattern[0] == '?') return 1;
    if (pattern[0] == '[') {
        // A ']' that comes first in the set is one of its members.
        const std::size_t first = pattern.size() > 1 && pattern[1] == '!' ? 3 : 2;
        const auto end = pattern.find(']', std::min(first, pattern.size()));
        if (end != std::string_view::npos) return is_in_set(pattern.substr(1, end - 1), byte) ? end + 1 : 0;
    }
    return pattern[0] == byte ? 1 : 0;
}

/// The names by which a rule may mean the unit: its own, then those of its nodes. Exporters name nodes; users read them
/// in their framework, and the unit's name is that of its main node only.
std::vector<std::string> names_of(const Graph& graph, const Unit& unit) {
    std::vector<std::string> names{unit.name};
    for (const NodeId node : unit.nodes) {
        if (!graph.node(node).name.empty()) names.push_back(graph.node(node).name);
    }
    return names;
}

std::vector<std::size_t> units_where(const std::vector<Unit>& units, const std::function<bool(const Unit&)>& holds) {
    std::vector<std::size_t> matched;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (holds(units[u])) matched.push_back(u);
    }
    return matched;
}

std::vector<std::size_t> units_with_name(const Graph& graph, const std::vector<Unit>& units,
                                         const std::function<bool(const std::string&)>& holds) {
    return units_where(units, [&](const Unit& unit) {
        const auto names = names_of(graph, unit);
        return std::any_of(names.begin(), names.end(), holds);
    });
}

/// "'a', 'b', … (22 in all)"
std::string some_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
        text += (i == 0 ? "'" : ", '") + names[i] + "'";
    return names.size() <= kMostNames ? text : fmt::format("{}, … ({} in all)", text, names.size());
}

/// What the user may have meant, or what there is.
std::string hint(const std::string& key, const Graph& graph, const std::vector<Unit>& units) {
    std::vector<std::string> names;
    std::unordered_set<std::string> known;  // a model may have 100,000 units
    std::size_t bytes = 0;
    for (const Unit& unit : units) {
        for (auto& name : names_of(graph, unit)) {
            if (!known.insert(name).second) continue;
            bytes += name.size();
            names.push_back(std::move(name));
        }
    }
    // The most helpful answer first: the name is right, but nothing of that node can be quantized.
    for (const Node& node : graph.nodes()) {
        if (node.name == key) return fmt::format("{} belongs to no unit that could be quantized", describe(node));
    }
    if (names.empty()) return "the model has no units";
    std::vector<std::string> nearest;
    std::vector<std::string> rest = names;
    // nearest_name() gives one name, or none that is near enough: it is asked again without what it gave.
    // The distance of two names takes the product of their lengths, so a hint for a large model could take minutes.
    const bool is_cheap = bytes * key.size() < kMostHintSteps;
    while (is_cheap && nearest.size() < 3) {
        const auto name = nearest_name(key, rest);
        if (!name) break;
        nearest.push_back(*name);
        rest.erase(std::find(rest.begin(), rest.end(), *name));
    }
    return nearest.empty() ? "the names are " + some_of(names) : "nearest: " + some_of(nearest);
}

/// @pre rule_key_error(rule.key) is empty
std::vector<std::size_t> match_regex(const ConstraintRule& rule, const Graph& graph, const std::vector<Unit>& units) {
    // A match of the whole name, as with globs: 're:conv' does not mean every name that contains "conv".
    const NameRegex regex(std::string_view(rule.key).substr(kRegexPrefix.size()));
    return units_with_name(graph, units, [&](const std::string& name) { return regex.matches(name); });
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
    // Greedy with one way back: when a byte does not fit, the last '*' takes one byte more. Earlier stars need no
    // second try, because the last one can take whatever they gave up. So the time is at most |pattern| x |text|.
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t after_star = std::string_view::npos;  // where to go on when the last '*' takes one byte more
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            star_text = t;
            continue;
        }
        const std::size_t length = p < pattern.size() ? match_one(pattern.substr(p), text[t]) : 0;
        if (length > 0) {
            p += length;
            ++t;
        } else if (after_star != std::string_view::npos) {
            p = after_star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string describe_rule(const ConstraintRule& rule, std::string_view section) {
    return fmt::format("{}: {} '{}'", rule.key_mark.to_text(), section, shown_key(rule.key));
}

UnitMatch find_matching_units(const ConstraintRule& rule, std::string_view section, const Graph& graph,
                              const std::vector<Unit>& units) {
    UnitMatch match;
    // Exact names first: a name may hold '[' or '*', which a glob would read otherwise.
    match.is_exact = true;
    match.units = units_where(units, [&](const Unit& unit) { return unit.name == rule.key; });
    if (match.units.empty()) {  // only then nodes: a unit's own name is the more specific meaning
        match.units = units_with_name(graph, units, [&](const std::string& name) { return name == rule.key; });
    }
    if (!match.units.empty()) return match;

    // The config's rules were checked when it was read; patterns of the command line were not.
    if (const std::string error = rule_key_error(rule.key); !error.empty()) {
        throw ConfigError(describe_rule(rule, section) + " " + error);
    }
    match.is_exact = false;
    if (rule.key.starts_with(kRegexPrefix)) {
        match.units = match_regex(rule, graph, units);
        return match;
    }
    match.units = units_with_name(graph, units, [&](const std::string& name) { return matches_glob(rule.key, name); });
    if (!match.units.empty()) return match;
    // Last the names of the framework, so that they never change what a key means that ONNX's names explain.
    match.is_exact = rule.key.find_first_of("*?[") == std::string::npos;
    match.units =
        units_with_name(graph, units, [&](const std::string& name) { return is_framework_name(rule.key, name); });
    return match;
}

UnitMatch match_units(const ConstraintRule& rule, std::string_view section, const Graph& graph,
                      const std::vector<Unit>& units) {
    UnitMatch match = find_matching_units(rule, section, graph, units);
    if (match.units.empty()) {
        throw ConfigError(
            fmt::format("{} matches no unit; {}", describe_rule(rule, section), hint(rule.key, graph, units)));
    }
    return match;
}

bool names_file_node(const ConstraintRule& rule, const Graph& graph) {
    const std::set<std::string>& names = graph.info().node_names;
    if (names.contains(rule.key)) return true;
    if (rule.key.starts_with(kRegexPrefix)) {
        const NameRegex regex(std::string_view(rule.key).substr(kRegexPrefix.size()));
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return regex.matches(name); });
    }
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return matches_glob(rule.key, name) || is_framework_name(rule.key, name);
    });
}

std::vector<std::size_t> match_op_type(const ConstraintRule& rule, std::string_view section,
                                       const std::vector<Unit>& units) {
    std::vector<std::size_t> matched = units_where(units, [&](const Unit& unit) { return unit.op == rule.key; });
    if (!matched.empty()) return matched;
    std::vector<std::string> ops;
    for (const Unit& unit : units) {
        if (std::find(ops.begin(), ops.end(), unit.op) == ops.end()) ops.push_back(unit.op);
    }
    throw ConfigError(fmt::format("{} matches no unit; {}", describe_rule(rule, section),
                                  ops.empty() ? "the model has no units" : "the model has units of " + some_of(ops)));
}

}  // namespace halftone
