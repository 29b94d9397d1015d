// Which trial is the best, and is on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/toy_scores.hpp"
#include "support/toy_scripts.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(Objective, LatencyDecidesBetweenPassingTrials) {
    ToyRun toy(objective_problem());
    const tune::RunResult result = toy.run();
    EXPECT_EQ(choice_text(result.best->candidate), "1 0");
    EXPECT_EQ(toy.records_of<journal::LatencyTable>().size(), 1U);
    EXPECT_EQ(trials_of(toy)[0].latency_ms, 1.3);
}

TEST(Objective, OthersCanOutweighIt) {
    ToyProblem problem = objective_problem();
    problem.settings.objective = {.latency = 0, .model_bytes = 1};
    problem.costs = [](const Candidate* c) {
        const std::int64_t fp32 = c == nullptr ? 2 : c->choice[0] + c->choice[1];
        return Costs{.latency_ms = 0, .model_bytes = 100 + 300 * fp32, .footprint_bytes = 0};
    };
    ToyRun toy(std::move(problem));
    EXPECT_EQ(choice_text(toy.run().best->candidate), "0 0");
}

struct DeliveryCase {
    const char* name;
    std::vector<double> accuracies;  ///< by candidate: none, u1, u0, both in fp32
    std::int64_t best;
};

class DeliveryOrder : public testing::TestWithParam<DeliveryCase> {};

TEST_P(DeliveryOrder, FewestHighPrecisionUnitsThenAccuracyThenLowestTrial) {
    ToyProblem problem{
        .space = uniform_space(2, {kMinmax, kFp32}),
        .outcome =
            [](const Candidate& c) {
                return score(GetParam().accuracies[static_cast<std::size_t>(2 * c.choice[0] + c.choice[1])]);
            },
        .make_strategy = [](const StrategyContext& c) { return std::make_unique<CountingStrategy>(c.space, 4); }};
    problem.settings.timeout_s = 1000;
    ToyRun toy(std::move(problem));
    EXPECT_EQ(toy.run().best->trial.value, GetParam().best);
    EXPECT_EQ(toy.listener.delivered.back(), GetParam().best);
    EXPECT_EQ(toy.records_of<journal::End>()[0].best, GetParam().best);
}

INSTANTIATE_TEST_SUITE_P(All, DeliveryOrder,
                         testing::Values(DeliveryCase{"FewestUnitsBeatAccuracy", {0.5, 0.891, 0.6, 0.95}, 1},
                                         DeliveryCase{"PassingBeatsFewerUnits", {0.890, 0.7, 0.7, 0.891}, 3},
                                         DeliveryCase{"AccuracyAmongEqualUnits", {0.5, 0.891, 0.892, 0.95}, 2},
                                         DeliveryCase{"LowestAmongEqualAccuracy", {0.5, 0.895, 0.895, 0.95}, 1},
                                         DeliveryCase{"AllQuantizedIsUnbeatable", {0.891, 0.95, 0.95, 0.95}, 0},
                                         DeliveryCase{"AccuracyAmongFailing", {0.5, 0.6, 0.7, 0.65}, 2}),
                         [](const testing::TestParamInfo<DeliveryCase>& test) { return test.param.name; });

}  // namespace
}  // namespace halftone
