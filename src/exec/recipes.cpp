#include "exec/recipes.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace halftone {
namespace {

/// A recipe changes nodes and constants, so the units, which refer to them, are found anew after each.
void replace_graph(PreparedModel& model, const Graph& graph) {
    model.graph = graph;
    model.units = find_units(model.graph);
}

void find_equalized(PreparedModel& model, const RecipeRequest& request, RecipeNumbers& numbers) {
    if (!request.equalizes) return;
    numbers.equalization = find_equalization(model.graph, model.units);
    replace_graph(model, equalize(model.graph, model.units, numbers.equalization));
}

void apply_equalized(PreparedModel& model, const RecipeNumbers& numbers) {
    if (numbers.equalization.empty()) return;
    replace_graph(model, equalize(model.graph, model.units, numbers.equalization));
}

void find_smoothed(PreparedModel& model, const RecipeRequest& request, RecipeNumbers& /*numbers*/) {
    if (!request.smooths) return;
    replace_graph(model, prepare_smoothing(model.graph, model.units));
}

/// A search that tries the model with and without smoothing puts no places in, because a candidate that is not smoothed
/// would pay for them. It smooths the values that need none. Places make new values, so their names tell.
bool needs_places(const PreparedModel& model, const RecipeNumbers& numbers) {
    const std::vector<std::string> names = smoothable_values(model.graph, model.units);
    const std::set<std::string_view> found(names.begin(), names.end());
    return std::any_of(numbers.smoothing.begin(), numbers.smoothing.end(),
                       [&](const SmoothedValue& smoothed) { return !found.contains(smoothed.value); });
}

void apply_smoothed(PreparedModel& model, const RecipeNumbers& numbers) {
    if (numbers.smoothing.empty()) return;
    if (needs_places(model, numbers)) {
        replace_graph(model, prepare_smoothing(model.graph, model.units, numbers.smoothing));
    }
    replace_graph(model, smooth(model.graph, model.units, numbers.smoothing));
}

// The order must not change: plan files hold numbers that were found in it.
constexpr std::array<Recipe, 2> kRecipes{{
    {"equalization", find_equalized, apply_equalized},
    {"smoothing", find_smoothed, apply_smoothed},
}};

}  // namespace

std::span<const Recipe> recipes() { return kRecipes; }

RecipeNumbers find_recipes(PreparedModel& model, const RecipeRequest& request) {
    RecipeNumbers numbers;
    for (const Recipe& recipe : kRecipes) recipe.find(model, request, numbers);
    return numbers;
}

void apply_recipes(PreparedModel& model, const RecipeNumbers& numbers) {
    for (const Recipe& recipe : kRecipes) recipe.apply(model, numbers);
}

}  // namespace halftone
