#include "strategy/model_wise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMostCombinations = 65536;

/// The option of each op type, in the order of the types' first units. In the mode `uniform` all units are of one type.
using Combination = std::vector<UnitConfig>;

/// The op types of a space, with the quantized options that their units offer, in the order of first appearance.
struct OpTypes {
    std::vector<std::string> names;
    std::vector<std::vector<UnitConfig>> offers;  ///< by type, not empty
    std::vector<std::size_t> type_of;             ///< by decision; kNoType: the unit has no quantized option

    static constexpr std::size_t kNoType = static_cast<std::size_t>(-1);
};

OpTypes find_types(const SearchSpace& space, ModelWise mode) {
    OpTypes types;
    for (const Decision& decision : space.decisions()) {
        if (!decision.has_quantized()) {
            types.type_of.push_back(OpTypes::kNoType);
            continue;
        }
        const std::string name = mode == ModelWise::product ? decision.op : "";
        const auto at = std::find(types.names.begin(), types.names.end(), name);
        const auto type = static_cast<std::size_t>(at - types.names.begin());
        if (at == types.names.end()) {
            types.names.push_back(name);
            types.offers.emplace_back();
        }
        types.type_of.push_back(type);
        std::vector<UnitConfig>& offers = types.offers[type];
        for (const UnitConfig& option : decision.options) {
            if (option.is_quantized() && std::find(offers.begin(), offers.end(), option) == offers.end()) {
                offers.push_back(option);
            }
        }
    }
    // A unit that has no given option would else put another option first for all that have one.
    for (std::vector<UnitConfig>& offers : types.offers) {
        std::stable_partition(offers.begin(), offers.end(), [](const UnitConfig& option) { return is_given(option); });
    }
    return types;
}

/// Returns the product over the types, the last one fastest, sorted so that more uniform ones come first: they are the
/// likely winners, because a scheme that suits one layer usually suits the others. What the model's file gives counts
/// as uniform, whatever it is. The sort is stable, so the order within equals stays that of the product.
std::vector<Combination> combine(const OpTypes& types) {
    std::vector<Combination> combinations{{}};
    for (const std::vector<UnitConfig>& offers : types.offers) {
        if (combinations.size() * offers.size() > kMostCombinations) {
            throw ConfigError(
                fmt::format("tuning.strategy.model_wise: product has more than {} combinations over the op types {}; "
                            "use uniform, or "
                            "narrow the options",
                            kMostCombinations, fmt::join(types.names, ", ")));
        }
        std::vector<Combination> longer;
        for (const Combination& combination : combinations) {
            for (const UnitConfig& option : offers) {
                longer.push_back(combination);
                longer.back().push_back(option);
            }
        }
        combinations = std::move(longer);
    }
    const auto different = [](const Combination& combination) {
        std::set<UnitConfig> chosen(combination.begin(), combination.end());
        std::erase_if(chosen, [](const UnitConfig& option) { return is_given(option); });
        return chosen.size();
    };
    std::stable_sort(combinations.begin(), combinations.end(),
                     [&](const Combination& a, const Combination& b) { return different(a) < different(b); });
    return combinations;
}

/// Returns each unit's option for a combination.
std::vector<std::uint16_t> choose(const SearchSpace& space, const OpTypes& types, const Combination& combination) {
    std::vector<std::uint16_t> choice(space.decisions().size(), 0);  // the first option is the first quantized one
    for (std::size_t d = 0; d < choice.size(); ++d) {
        if (types.type_of[d] == OpTypes::kNoType) continue;
        const std::vector<UnitConfig>& options = space.decisions()[d].options;
        const auto at = std::find(options.begin(), options.end(), combination[types.type_of[d]]);
        if (at != options.end()) choice[d] = static_cast<std::uint16_t>(at - options.begin());
    }
    return choice;
}

}  // namespace

std::vector<Candidate> model_wise_candidates(const SearchSpace& space, ModelWise mode) {
    const OpTypes types = find_types(space, mode);
    const std::vector<Combination> combinations = combine(types);
    std::vector<Candidate> candidates;
    std::set<std::uint64_t> seen;
    for (std::size_t size = 0; size < space.calibration_sizes().size(); ++size) {
        for (const Combination& combination : combinations) {
            // Units that lack an option take another one, so different combinations may give the same plan.
            Candidate candidate = space.make(static_cast<std::int64_t>(size), choose(space, types, combination));
            if (seen.insert(candidate.hash).second) candidates.push_back(std::move(candidate));
        }
    }
    return candidates;
}

}  // namespace halftone
