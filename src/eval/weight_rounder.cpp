#include "eval/weight_rounder.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/budget.hpp"
#include "eval/input_products.hpp"

namespace halftone {
namespace {

/// Products of inputs that are measured in one run of the samples take at most so many bytes, however large the memory
/// is: the sessions need some, too.
constexpr std::uint64_t kMostProductBytes = std::uint64_t{2} << 30U;

bool is_rounded_by_data(const UnitConfig& unit) { return unit.weight.algorithm == kGptq; }

/// Bytes of X^T X of the unit's input. Rounding needs the same once more for the factor.
std::uint64_t product_bytes(const PreparedModel& model, const Unit& unit) {
    const Shape& shape = model.graph.value(unit.weight).type.shape;
    const auto channels = static_cast<std::uint64_t>(shape[static_cast<std::size_t>(1 - unit.weight_channel_axis)]);
    return channels * channels * sizeof(double);
}

}  // namespace

bool needs_rounder(const QuantPlan& plan) {
    return std::any_of(plan.units.begin(), plan.units.end(), is_rounded_by_data);
}

void WeightRounder::round(const QuantPlan& plan, PlanNumbers& numbers) {
    // Units in graph order, cut where the next one's input has no room any more. Units that read one value share it.
    const std::uint64_t room = std::min(kMostProductBytes, process_budget().bytes_left() / 2);
    std::vector<std::size_t> batch;
    std::set<ValueId> inputs;
    std::uint64_t bytes = 0;
    for (std::size_t u = 0; u < model_.units.size(); ++u) {
        const Unit& unit = model_.units[u];
        if (!is_rounded_by_data(plan.units[u]) || rounded_.contains({unit.name, plan.units[u].weight})) continue;
        const std::uint64_t needed = product_bytes(model_, unit);
        if (2 * needed > room) throw process_budget().refusal(2 * needed, "gptq of unit '" + unit.name + "'");
        // Half of the room is for the factors, of which there is one at a time.
        if (!inputs.contains(unit.input) && bytes + needed > room / 2) {
            round_units(plan, batch);
            batch.clear();
            inputs.clear();
            bytes = 0;
        }
        if (inputs.insert(unit.input).second) bytes += needed;
        batch.push_back(u);
    }
    round_units(plan, batch);
    for (std::size_t u = 0; u < model_.units.size(); ++u) {
        if (!is_rounded_by_data(plan.units[u])) continue;
        const std::string& name = model_.units[u].name;
        const BlockCodes& rounded = rounded_.at({name, plan.units[u].weight});
        UnitNumbers& unit = numbers.units.at(name);
        unit.weight = rounded.params;
        unit.codes = rounded.codes;
    }
}

void WeightRounder::round_units(const QuantPlan& plan, const std::vector<std::size_t>& units) {
    if (units.empty()) return;
    std::vector<std::string> values;
    std::set<ValueId> inputs;
    for (const std::size_t u : units) {
        const ValueId input = model_.units[u].input;
        if (inputs.insert(input).second) values.push_back(model_.graph.value(input).name);
    }
    const auto products = input_products(model_.graph, values, samples_, count_);
    for (const std::size_t u : units) {
        const Unit& unit = model_.units[u];
        const WeightConfig& config = plan.units[u].weight;
        const BlockRule rule{
            .dtype = stored_dtype(config), .axis = 1 - unit.weight_channel_axis, .block_size = config.group_size};
        rounded_[{unit.name, config}] = gptq_codes(model_.graph.value(unit.weight).constant, rule,
                                                   products.at(model_.graph.value(unit.input).name));
    }
}

}  // namespace halftone
