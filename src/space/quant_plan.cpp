// PlanTopology: the graph read once, so that a plan's tensors follow from its unit configurations without a graph walk.
//
//   PlanTopology   notes every read of a unit, outputs of Convs, and inner values in front of a residual addition
//   add_joins      finds Concats whose inputs all come from Convs (rule 4)
//   tensors        applies rules 1 to 3 to one choice of configurations: which unit decides each value
//   groups         applies rule 4: groups of values with one range (shared: their names)
//
// A search asks for the tensors of thousands of plans; the walk along chains is done here, once.
#include "space/quant_plan.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"

namespace halftone {
namespace {

/// Returns for each value the start of the chain of code-transparent nodes that ends in it; the value itself without a
/// chain. One walk over all nodes: a chain may be as long as the graph, and each of its values may have a reader.
std::vector<ValueId> chain_tops(const Graph& graph) {
    std::vector<ValueId> tops(graph.values().size());
    for (std::size_t v = 0; v < tops.size(); ++v) tops[v] = make_id<ValueId>(v);
    for (const Node& node : graph.nodes()) {
        if (is_code_transparent(node)) tops[node.outputs[0].index()] = tops[node.inputs[0].index()];
    }
    return tops;
}

}  // namespace

std::size_t QuantPlan::high_precision_units() const {
    return static_cast<std::size_t>(
        std::count_if(units.begin(), units.end(), [](const UnitConfig& unit) { return !unit.is_quantized(); }));
}

PlanTopology::PlanTopology(const Graph& graph, const std::vector<Unit>& units, bool joins_concats) {
    const std::vector<ValueId> tops = chain_tops(graph);
    std::map<ValueId, std::size_t> unit_of_output;
    for (std::size_t u = 0; u < units.size(); ++u) unit_of_output[units[u].output] = u;

    const auto remember_name = [&](ValueId value) { names_[value] = graph.value(value).name; };
    const auto add_read = [&](std::size_t unit, ValueId value) {
        Read read{.unit = unit, .value = value, .chain_top = tops[value.index()]};
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
        // Rule 1: a Conv's output is quantized whoever reads it, but a graph output stays as its user expects it.
        if (units[u].op == "Conv" && !graph.is_output(units[u].output)) {
            remember_name(units[u].output);
            outputs_.emplace(units[u].output, u);
        }
        if (!units[u].residual.is_valid()) continue;
        // With a residual, the file rounds twice: the main output and the sum (src/exec/README.md, "One path").
        add_read(u, units[u].residual);
        remember_name(units[u].main_output);
        inners_.push_back({.unit = u, .value = units[u].main_output});
    }
    if (joins_concats) add_joins(graph, tops, unit_of_output, units);
}

void PlanTopology::add_joins(const Graph& graph, const std::vector<ValueId>& tops,
                             const std::map<ValueId, std::size_t>& unit_of_output, const std::vector<Unit>& units) {
    std::map<ValueId, std::vector<std::size_t>> readers;  // by the top of what they read
    for (const Read& read : reads_) readers[read.chain_top].push_back(read.unit);
    for (const Node& node : graph.nodes()) {
        if (node.op != "Concat") continue;
        Join join{.output = node.outputs[0], .producers = {}, .readers = {}, .values = {node.outputs[0]}};
        for (const ValueId input : node.inputs) {
            const auto unit = unit_of_output.find(tops[input.index()]);
            if (unit != unit_of_output.end() && units[unit->second].op == "Conv")
                join.producers.push_back(unit->second);
        }
        // A Concat that no unit reads is nobody's input in int8: it would be quantized for nothing.
        const auto read_by = readers.find(join.output);
        if (join.producers.size() != node.inputs.size() || read_by == readers.end()) continue;
        join.readers = read_by->second;
        for (const std::size_t unit : join.producers) {
            if (outputs_.contains(units[unit].output)) join.values.push_back(units[unit].output);
        }
        names_[join.output] = graph.value(join.output).name;
        joins_.push_back(std::move(join));
    }
}

bool PlanTopology::is_active(const Join& join, const std::vector<UnitConfig>& units) {
    // A Concat moves codes only if all of it is codes, and somebody must want them.
    const auto is_int8 = [&](std::size_t unit) { return units[unit].is_static(); };
    return std::all_of(join.producers.begin(), join.producers.end(), is_int8) &&
           std::any_of(join.readers.begin(), join.readers.end(), is_int8);
}

// A value in two Concats makes their groups one. A group is known by the last of its Concats, and groups stand in that
// order; `last` leads from each Concat to a later one of its group, as in a union-find structure, so that the time does
// not grow with the square of the number of Concats.
std::vector<std::vector<ValueId>> PlanTopology::groups(const std::vector<UnitConfig>& units) const {
    std::vector<std::size_t> last(joins_.size());
    const auto find_last = [&](std::size_t join) {
        for (; last[join] != join; join = last[join]) last[join] = last[last[join]];
        return join;
    };
    std::map<ValueId, std::size_t> join_of;
    for (std::size_t j = 0; j < joins_.size(); ++j) {
        last[j] = j;
        if (!is_active(joins_[j], units)) continue;
        for (const ValueId value : joins_[j].values) {
            const auto [entry, is_new] = join_of.try_emplace(value, j);
            if (!is_new) last[find_last(entry->second)] = j;
        }
    }
    std::map<std::size_t, std::vector<ValueId>> by_last;
    for (const auto& [value, join] : join_of) by_last[find_last(join)].push_back(value);
    std::vector<std::vector<ValueId>> result;
    for (auto& [join, values] : by_last) result.push_back(std::move(values));
    return result;
}

std::vector<std::vector<std::string>> PlanTopology::shared(const std::vector<UnitConfig>& units) const {
    std::vector<std::vector<std::string>> result;
    for (const std::vector<ValueId>& group : groups(units)) {
        std::vector<std::string> names;
        for (const ValueId value : group) names.push_back(names_.at(value));
        std::sort(names.begin(), names.end());
        result.push_back(std::move(names));
    }
    return result;
}

std::vector<TensorPlan> PlanTopology::tensors(const std::vector<UnitConfig>& units) const {
    std::map<ValueId, std::size_t> decided_by;
    std::set<ValueId> joined;  // outputs of Concats that move codes
    for (const Join& join : joins_) {
        if (is_active(join, units)) joined.insert(join.output);
    }
    for (const Read& read : reads_) {
        HALFTONE_CHECK(read.unit < units.size(), "one configuration per unit");
        if (!units[read.unit].is_static()) continue;  // dynamic units read real values
        if (read.has_top_unit && units[read.top_unit].is_static()) {
            decided_by[read.chain_top] =
                read.top_unit;  // rule 3: the unit that makes the value beats those that read it
        } else if (joined.contains(read.chain_top)) {
            decided_by.try_emplace(read.chain_top, read.unit);  // overwritten below by the group's first Conv
        } else {
            decided_by.try_emplace(read.value, read.unit);  // reads_ is in unit order: the lowest index stays
        }
    }
    for (const auto& [output, unit] : outputs_) {
        if (units[unit].is_static()) decided_by[output] = unit;
    }
    for (const Inner& inner : inners_) {
        if (units[inner.unit].is_static()) decided_by[inner.value] = inner.unit;
    }
    std::vector<TensorPlan> plans;
    plans.reserve(decided_by.size());
    // Rule 4: values of one group must agree in everything, so all take the configuration of the first Conv among them.
    for (const std::vector<ValueId>& group : groups(units)) {
        std::size_t first = units.size();
        for (const ValueId value : group) {
            if (const auto output = outputs_.find(value); output != outputs_.end())
                first = std::min(first, output->second);
        }
        // Convs whose outputs all are outputs of the graph stay real behind them. Then the Concat's reader decides.
        if (first == units.size()) continue;
        for (const ValueId value : group) decided_by.at(value) = first;
    }
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
