#pragma once
// Recipes: preparations that change the fp32 model before it is quantized, without changing what it computes. This is
// the one list of them. A search and the reader of a plan file both walk it, because a later recipe works on what an
// earlier one has left: in another order, a plan's numbers would belong to another model.

#include <span>
#include <string_view>
#include <vector>

#include "exec/equalize.hpp"
#include "exec/prepared_model.hpp"
#include "exec/smooth.hpp"

namespace halftone {

/// Which recipes a search wants.
struct RecipeRequest {
    bool equalizes = false;  ///< cross_layer_equalization
    bool smooths = false;    ///< smooth_quant: the model gets places for factors, which are found later for each alpha
};

/// What the recipes did to a model: with these numbers, the same can be done again.
struct RecipeNumbers {
    std::vector<EqualizedPair> equalization;  ///< empty: not equalized
    std::vector<SmoothedValue> smoothing;     ///< empty: not smoothed
    friend bool operator==(const RecipeNumbers&, const RecipeNumbers&) = default;
};

struct Recipe {
    std::string_view name;  ///< of its section in a plan file
    /// In a search: finds the recipe's numbers if the request wants it, changes the model, and notes the numbers.
    void (*find)(PreparedModel& model, const RecipeRequest& request, RecipeNumbers& numbers);
    /// From a plan file: changes the model by the given numbers. Without numbers the model stays as it is.
    void (*apply)(PreparedModel& model, const RecipeNumbers& numbers);
};

/// All recipes, in the order of application.
[[nodiscard]] std::span<const Recipe> recipes();

/// Prepares the model for a search, recipe by recipe. Returns the numbers that are known now; those of smoothing depend
/// on the calibration and on alpha, so that the evaluator finds them.
[[nodiscard]] RecipeNumbers find_recipes(PreparedModel& model, const RecipeRequest& request);

/// Prepares the model as an earlier search did. @throws ModelError when the numbers do not fit the model
void apply_recipes(PreparedModel& model, const RecipeNumbers& numbers);

}  // namespace halftone
