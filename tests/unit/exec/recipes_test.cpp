// The list of recipes: its order, and that a plan's numbers prepare the model as the search did.
#include "exec/recipes.hpp"

#include <gmock/gmock.h>

#include "graph/onnx/onnx_model.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::random_tensor;

/// Two convolutions that can be equalized.
PreparedModel two_convs() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 6, 6});
    const ValueId a = g.node("Relu", "relu", {g.conv("a", x, random_tensor({8, 3, 3, 3}, 1), random_tensor({8}, 2))});
    PreparedModel model;
    model.graph = infer_types(g.build({g.conv("b", a, random_tensor({4, 8, 1, 1}, 3))}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

/// A MatMul whose input can be smoothed.
PreparedModel mat_mul() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 6, 16});
    const ValueId weight = g.constant("w", random_tensor({16, 8}, 4));
    PreparedModel model;
    model.graph = infer_types(g.build({g.node("MatMul", "m", {x, weight})}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

TEST(Recipes, AreEqualizationAndThenSmoothing) {
    std::vector<std::string> names;
    for (const Recipe& recipe : recipes()) names.emplace_back(recipe.name);
    EXPECT_EQ(names, (std::vector<std::string>{"equalization", "smoothing"}));
}

TEST(Recipes, WithoutARequestNothingChanges) {
    PreparedModel model = two_convs();
    EXPECT_EQ(find_recipes(model, {}), RecipeNumbers{});
    EXPECT_EQ(export_onnx(model.graph), export_onnx(two_convs().graph));
    apply_recipes(model, {});
    EXPECT_EQ(export_onnx(model.graph), export_onnx(two_convs().graph));
}

TEST(Recipes, AppliedNumbersGiveTheModelOfTheSearch) {
    PreparedModel searched = two_convs();
    const RecipeNumbers numbers = find_recipes(searched, {.equalizes = true});
    ASSERT_EQ(numbers.equalization.size(), 1U);
    PreparedModel rebuilt = two_convs();
    apply_recipes(rebuilt, numbers);
    EXPECT_EQ(export_onnx(rebuilt.graph), export_onnx(searched.graph));
    EXPECT_EQ(rebuilt.units.size(), searched.units.size());
    EXPECT_NE(export_onnx(rebuilt.graph), export_onnx(two_convs().graph));
}

TEST(Recipes, SmoothingPreparesInASearchAndFillsInFromAPlan) {
    PreparedModel searched = mat_mul();
    const RecipeNumbers none = find_recipes(searched, {.smooths = true});
    EXPECT_TRUE(none.smoothing.empty());
    const std::vector<std::string> values = smoothable_values(searched.graph, searched.units);
    ASSERT_EQ(values.size(), 1U);
    RecipeNumbers numbers;
    numbers.smoothing = {{.value = values[0], .factor = std::vector<float>(16, 2.0F)}};
    PreparedModel rebuilt = mat_mul();
    apply_recipes(rebuilt, numbers);
    EXPECT_EQ(export_onnx(rebuilt.graph), export_onnx(smooth(searched.graph, searched.units, numbers.smoothing)));
}

/// A MatMul behind a row that takes its factors, and one that has no such place.
PreparedModel two_mat_muls() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 6, 16});
    const ValueId scaled = g.node("Mul", "scale", {x, g.constant("row", random_tensor({16}, 1))}, {}, "scaled");
    const ValueId first = g.mat_mul("m1", scaled, random_tensor({16, 8}, 2));
    const ValueId second = g.mat_mul("m2", g.node("Relu", "relu", {first}), random_tensor({8, 4}, 3));
    PreparedModel model;
    model.graph = infer_types(g.build({second}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

// A search with and without smoothing smooths without places, so a plan that names none of them must get none.
TEST(Recipes, PlacesArePutInOnlyWhereANumberNeedsThem) {
    const RecipeNumbers folded{.equalization = {}, .smoothing = {{"scaled", std::vector<float>(16, 2.0F)}}};
    PreparedModel rebuilt = two_mat_muls();
    apply_recipes(rebuilt, folded);
    const PreparedModel given = two_mat_muls();
    EXPECT_EQ(rebuilt.graph.nodes().size(), given.graph.nodes().size());
    EXPECT_EQ(export_onnx(rebuilt.graph), export_onnx(smooth(given.graph, given.units, folded.smoothing)));
}

}  // namespace
}  // namespace halftone
