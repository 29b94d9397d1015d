// A pattern (the first line) over names (the other lines). A glob must match what a matcher by the definition matches;
// as the key of a rule, any text is refused with a ConfigError or means at least one unit of a small model.
#include <string>
#include <vector>

#include "base/error.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/small_model.hpp"
#include "fuzz/target.hpp"
#include "space/unit_match.hpp"

namespace halftone::fuzz {
namespace {

/// Longer texts take the matcher by the definition too much time, which is exponential in the number of stars.
constexpr std::size_t kMostForOracle = 12;

/// The first byte of a set: behind '[' and '!'; a ']' that comes first is a member. npos: '[' stands for itself.
std::size_t set_end(std::string_view pattern) {
    const std::size_t first = pattern.size() > 1 && pattern[1] == '!' ? 3 : 2;
    return first > pattern.size() ? std::string_view::npos : pattern.find(']', first);
}

bool set_holds(std::string_view set, char byte) {
    const bool negated = !set.empty() && set[0] == '!';
    if (negated) set.remove_prefix(1);
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
            if (set[i] <= byte && byte <= set[i + 2]) return !negated;
            i += 2;
        } else if (set[i] == byte) {
            return !negated;
        }
    }
    return negated;
}

/// The definition, written as it is read: slow and simple.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') {
        for (std::size_t taken = 0; taken <= text.size(); ++taken) {
            if (matches_by_definition(pattern.substr(1), text.substr(taken))) return true;
        }
        return false;
    }
    if (text.empty()) return false;
    if (pattern[0] == '[') {
        const std::size_t end = set_end(pattern);
        if (end != std::string_view::npos) {
            return set_holds(pattern.substr(1, end - 1), text[0]) &&
                   matches_by_definition(pattern.substr(end + 1), text.substr(1));
        }
    }
    return (pattern[0] == '?' || pattern[0] == text[0]) && matches_by_definition(pattern.substr(1), text.substr(1));
}

void check_rule(const std::string& key) {
    static const PreparedModel model = make_small_model();
    ConstraintRule rule;
    rule.key = key;
    try {
        const UnitMatch match = match_units(rule, "quantization.op_wise", model.graph, model.units);
        expect(!match.units.empty(), "a rule means no unit and is not refused");
        for (const std::size_t unit : match.units)
            expect(unit < model.units.size(), "a rule means a unit that is none");
    } catch (const ConfigError&) {
        // refused
    }
    try {
        (void)match_op_type(rule, "quantization.optype_wise", model.units);
    } catch (const ConfigError&) {
        return;
    }
}

void run_unit_match(std::string_view bytes) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view pattern = bytes.substr(0, end);
    const std::string_view text = bytes.substr(std::min(end + 1, bytes.size()));
    const bool matches = matches_glob(pattern, text);
    if (pattern.size() <= kMostForOracle && text.size() <= kMostForOracle) {
        expect(matches == matches_by_definition(pattern, text), "a glob matches what its definition does not");
    }
    check_rule(std::string(pattern));
    check_rule("re:" + std::string(pattern));
}

}  // namespace

FuzzTarget make_unit_match_target() { return {.run = &run_unit_match, .mutate = &mutate_text}; }

}  // namespace halftone::fuzz
