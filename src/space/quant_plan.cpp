#include "space/quant_plan.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace halftone {
namespace {

/// Start of the chain of code-transparent nodes that ends in `value`; `value` itself without a chain.
ValueId chain_top_of(const Graph& graph, ValueId value) {
    while (true) {
        const NodeId producer = graph.producer(value);
        if (!producer.is_valid() || !is_code_transparent(graph.node(producer))) return value;
        value = graph.node(producer).inputs[0];
    }
}

}  // namespace

std::size_t QuantPlan::high_precision_units() const {
    return static_cast<std::size_t>(
        std::count_if(units.begin(), units.end(), [](const UnitConfig& unit) { return !unit.is_quantized(); }));
}

PlanTopology::PlanTopology(const Graph& graph, const std::vector<Unit>& units) {
    std::map<ValueId, std::size_t> unit_of_output;
    for (std::size_t u = 0; u < units.size(); ++u) unit_of_output[units[u].output] = u;

    const auto remember_name = [&](ValueId value) { names_[value] = graph.value(value).name; };
    const auto add_read = [&](std::size_t unit, ValueId value) {
        Read read{.unit = unit, .value = value, .chain_top = chain_top_of(graph, value)};
        if (const auto top = unit_of_output.find(read.chain_top); top != unit_of_output.end()) {
            read.has_top_unit = true;
            read.top_unit = top->second;
            remember_name(read.chain_top);
        }
        remember_name(value);
        reads_.push_back(read);
    };
    for (std::size_t u = 0; u < units.size(); ++u) {
        add_read(u, units[u].input);
        if (!units[u].residual.is_valid()) continue;
        add_read(u, units[u].residual);
        remember_name(units[u].main_output);
        inners_.push_back({.unit = u, .value = units[u].main_output});
    }
}

std::vector<TensorPlan> PlanTopology::tensors(const std::vector<UnitConfig>& units) const {
    std::map<ValueId, std::size_t> decided_by;
    for (const Read& read : reads_) {
        HALFTONE_CHECK(read.unit < units.size(), "one configuration per unit");
        if (!units[read.unit].is_quantized()) continue;
        if (read.has_top_unit && units[read.top_unit].is_quantized()) {
            decided_by[read.chain_top] = read.top_unit;
        } else {
            decided_by.try_emplace(read.value, read.unit);  // reads_ is in unit order: the lowest index stays
        }
    }
    for (const Inner& inner : inners_) {
        if (units[inner.unit].is_quantized()) decided_by[inner.value] = inner.unit;
    }
    std::vector<TensorPlan> plans;
    plans.reserve(decided_by.size());
    for (const auto& [value, unit] : decided_by) plans.push_back({value, names_.at(value), units[unit].activation});
    return plans;
}

std::vector<TensorPlan> PlanTopology::observable() const {
    std::vector<TensorPlan> plans;
    plans.reserve(names_.size());
    for (const auto& [value, name] : names_) plans.push_back({value, name, {}});
    return plans;
}

}  // namespace halftone
