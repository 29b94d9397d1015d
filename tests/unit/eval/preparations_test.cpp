// Preparations that a search chooses: each gives the model that the same recipe gives where it holds for every
// candidate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/from_config.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

/// Two convolutions that can be equalized, and a MatMul whose input can be smoothed without a node of its own.
Graph prepared_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 6, 6});
    const ValueId a = g.node("Relu", "relu", {g.conv("a", x, random_tensor({8, 3, 3, 3}, 1), random_tensor({8}, 2))});
    const ValueId b = g.conv("b", a, random_tensor({4, 8, 1, 1}, 3));
    const ValueId flat = g.node("Flatten", "flatten", {b}, {{"axis", std::int64_t{1}}});
    const ValueId scaled = g.node("Mul", "scale", {flat, g.constant("row", random_tensor({64}, 4, 0.5F, 2.0F))});
    return infer_types(g.build({g.mat_mul("m", scaled, random_tensor({64, 5}, 5))}), reference_ops());
}

/// An evaluator over the net, calibrated with 10 samples.
struct PreparedWorld {
    PreparedModel model;
    Pipeline data{noise("[60, 3, 6, 6]")};
    RecipeNumbers recipes;
    SearchSpace space;
    std::unique_ptr<ModelEvaluator> evaluator;

    PreparedWorld(const QuantizationConfig& config, BiasCorrection bias, bool corrects_weights)
        : model(prepared(prepared_net())),
          recipes(find_recipes(model, recipe_request(config))),
          space(build_space(
              model.graph, model.units,
              capabilities(model.graph, model.units, {.activation_rules = {{Algorithm::minmax}, {Algorithm::kl}}}),
              config)) {
        EvaluationSetup setup{.model = &model, .space = &space, .calibration = &data, .shards = 4, .batch = 8};
        setup.bias_correction = bias;
        setup.treatment.corrects_weights = corrects_weights;
        evaluator = std::make_unique<ModelEvaluator>(setup);
        calibrated(*evaluator);
    }
    [[nodiscard]] Candidate int8(std::int64_t calibration = 0) const {
        return space.make(calibration, std::vector<std::uint16_t>(space.decisions().size(), 0));
    }
    [[nodiscard]] std::uint64_t hash(std::int64_t calibration = 0) {
        return hash_of(evaluator->factory().quantized(int8(calibration)).graph);
    }
};

QuantizationConfig ten_samples() {
    QuantizationConfig config;
    config.sampling_sizes = {10};
    return config;
}

/// The world in which the preparation holds for every candidate, by the config's own keys.
PreparedWorld fixed(const Preparation& preparation) {
    QuantizationConfig config = ten_samples();
    config.cross_layer_equalization = preparation.equalizes;
    if (preparation.smooth_alpha) config.smooth_alphas = {*preparation.smooth_alpha};
    return {config, preparation.bias, preparation.corrects_weights};
}

PreparedWorld searched(const std::vector<Preparation>& preparations) {
    QuantizationConfig config = ten_samples();
    config.preparations = preparations;
    return {config, BiasCorrection::none, false};
}

const std::vector<Preparation> kEveryKind{{},
                                          {.equalizes = true},
                                          {.smooth_alpha = 0.5},
                                          {.equalizes = true, .smooth_alpha = 0.75},
                                          {.corrects_weights = true},
                                          {.bias = BiasCorrection::fast},
                                          {.equalizes = true, .bias = BiasCorrection::sequential}};

TEST(Preparations, GiveTheModelsOfTheFixedRecipes) {
    PreparedWorld world = searched(kEveryKind);
    std::set<std::uint64_t> different;
    for (std::size_t p = 0; p < kEveryKind.size(); ++p) {
        PreparedWorld alone = fixed(kEveryKind[p]);
        EXPECT_EQ(world.hash(static_cast<std::int64_t>(p)), alone.hash()) << to_text(kEveryKind[p]);
        different.insert(alone.hash());
    }
    EXPECT_EQ(different.size(), kEveryKind.size()) << "or nothing was compared";
}

TEST(Preparations, NumbersRebuildTheModelOfACandidate) {
    PreparedWorld world = searched(kEveryKind);
    for (std::size_t p = 0; p < kEveryKind.size(); ++p) {
        const Candidate candidate = world.int8(static_cast<std::int64_t>(p));
        const PlanNumbers numbers = world.evaluator->factory().numbers(candidate);
        PreparedModel rebuilt = prepared(prepared_net());
        apply_recipes(rebuilt, world.evaluator->factory().recipes(candidate));
        const QuantizedModel model = apply_plan(rebuilt.graph, rebuilt.units, world.space.plan(candidate), numbers);
        EXPECT_EQ(hash_of(model.graph), world.hash(static_cast<std::int64_t>(p))) << to_text(kEveryKind[p]);
    }
}

// Inside an equalized model the channels are scaled; compared with the model as given, every unit would be wrong.
TEST(Preparations, AnEqualizedUnitIsComparedWithTheEqualizedModel) {
    PreparedWorld world = searched({{}, {.equalizes = true}});
    Job job;
    job.kind = JobKind::probe;
    job.probe = ProbeKind::unit_errors;
    job.candidate = world.int8(1);
    for (std::size_t u = 0; u < world.space.decisions().size(); ++u) {
        const int fp32 = world.space.decisions()[u].find_high_precision(DType::f32);
        job.candidate = world.space.with(job.candidate, u, static_cast<std::uint16_t>(fp32));
    }
    for (const ErrorSums& sums : world.evaluator->merge_probe(payloads_of(*world.evaluator, job)).values) {
        EXPECT_EQ(sums.error, 0);
    }
}

TEST(Preparations, AutoTriesWhatTheModelHasAPlaceFor) {
    QuantizationConfig config;
    config.finds_preparations = true;
    config.calibration.emplace();  // dynamic quantization without data tries only what needs none
    const auto all = resolve_preparations(config, prepared(prepared_net())).preparations;
    EXPECT_EQ(all.front(), Preparation{});
    EXPECT_EQ(all, usual_preparations(true, true));
    for (const Preparation& each : resolve_preparations(config, prepared(doubling_graph())).preparations) {
        EXPECT_FALSE(each.equalizes) << "one Gemm has no neighbour";
        EXPECT_FALSE(each.smooth_alpha);
    }
}

TEST(Preparations, OfAListWhatChangesNothingIsLeftOut) {
    QuantizationConfig config;
    config.preparations = {{.equalizes = true}, {}, {.smooth_alpha = 0.5, .corrects_weights = true}};
    EXPECT_THAT(resolve_preparations(config, prepared(doubling_graph())).preparations,
                ElementsAre(Preparation{}, Preparation{.corrects_weights = true}));
    EXPECT_EQ(resolve_preparations(config, prepared(prepared_net())).preparations, config.preparations);
    EXPECT_TRUE(resolve_preparations({}, prepared(prepared_net())).preparations.empty()) << "nothing is searched";
}

}  // namespace
}  // namespace halftone
