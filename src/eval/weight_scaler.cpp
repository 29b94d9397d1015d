#include "eval/weight_scaler.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "eval/awq_inputs.hpp"
#include "exec/recipes.hpp"
#include "exec/weight_params.hpp"
#include "space/quant_plan.hpp"

namespace halftone {
namespace {

bool is_scaled_by_data(const UnitConfig& unit) { return unit.weight.algorithm == kAwq; }

}  // namespace

bool needs_scaler(const QuantPlan& plan) {
    return std::any_of(plan.units.begin(), plan.units.end(), is_scaled_by_data);
}

std::pair<PreparedModel, QuantPlan> scaled_model(const PreparedModel& model, const QuantPlan& plan,
                                                 const std::vector<SmoothedValue>& smoothing) {
    std::map<std::string_view, std::size_t> index;
    for (std::size_t u = 0; u < model.units.size(); ++u) index.emplace(model.units[u].name, u);
    std::pair<PreparedModel, QuantPlan> scaled{model, plan};
    apply_recipes(scaled.first, {.equalization = {}, .smoothing = smoothing});
    // As the reader of a plan file makes it: the file that is delivered is then the one that is rebuilt, bit for bit.
    for (std::size_t u = 0; u < plan.units.size(); ++u) {
        scaled.second.units[u] = plan.units[index.at(scaled.first.units[u].name)];
    }
    scaled.second.tensors = PlanTopology(scaled.first.graph, scaled.first.units).tensors(scaled.second.units);
    return scaled;
}

WeightScaler::WeightScaler(const PreparedModel& model, SampleSource& samples, std::int64_t count)
    : model_(model), samples_(samples), count_(count), places_(smoothing_places(model.graph, model.units)) {}

void WeightScaler::scale(const QuantPlan& plan, PlanNumbers& numbers) {
    numbers.smoothing = factors_of(plan);
    if (numbers.smoothing.empty()) return;
    const auto [model, own] = scaled_model(model_, plan, numbers.smoothing);
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        if (!is_scaled_by_data(own.units[u])) continue;
        const Unit& unit = model.units[u];
        numbers.units.at(unit.name).weight = choose_weight_params(model.graph.value(unit.weight).constant,
                                                                  own.units[u].weight, unit.weight_channel_axis);
    }
}

std::vector<SmoothedValue> WeightScaler::factors_of(const QuantPlan& plan) {
    std::vector<std::pair<Key, std::string>> wanted;
    std::set<std::string> missing;
    for (const SmoothingPlace& place : places_) {
        Key key{place.value, {}};
        bool is_free = true;
        for (const std::size_t u : place.readers) {
            if (is_scaled_by_data(plan.units[u])) key.second.emplace_back(u, plan.units[u].weight);
            // Its codes or its range belong to the value as it is.
            if (!is_scaled_by_data(plan.units[u]) && plan.units[u].is_quantized()) is_free = false;
        }
        if (!is_free || key.second.empty()) continue;
        const std::string& input = model_.graph.value(place.input).name;
        if (!inputs_.contains(input)) missing.insert(input);
        wanted.emplace_back(std::move(key), input);
    }
    if (!missing.empty()) inputs_.merge(awq_inputs(model_.graph, {missing.begin(), missing.end()}, samples_, count_));
    std::vector<SmoothedValue> smoothing;
    for (const auto& [key, input] : wanted) {
        auto known = factors_.find(key);
        if (known == factors_.end()) known = factors_.emplace(key, found_factors(key, input)).first;
        if (!known->second.empty()) smoothing.push_back({key.first, known->second});
    }
    return smoothing;
}

std::vector<float> WeightScaler::found_factors(const Key& key, const std::string& input) const {
    std::vector<AwqWeight> weights;
    for (const auto& [u, config] : key.second) {
        weights.push_back({model_.graph.value(model_.units[u].weight).constant,
                           {.dtype = stored_dtype(config), .axis = 0, .block_size = config.group_size}});
    }
    return awq_factors(weights, inputs_.at(input));
}

}  // namespace halftone
