// How much real strategies ask for in worlds whose outcome is known.
#include "rehearsal/strategy_talk.hpp"

#include <gtest/gtest.h>

#include "strategy/assumed_latency.hpp"
#include "strategy/strategies.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

class Talk : public testing::Test {
protected:
    TalkCount talk(const std::string& strategy, double least_high_precision, TalkLimits limits = {.max_trials = 1000}) {
        const MakeStrategy make = [&] {
            return make_strategy(strategy, {.space = space_,
                                            .goal = goal_,
                                            .baseline = 1.0,
                                            .seed = 1,
                                            .latency = [this]() -> const LatencyTable& { return table_; }});
        };
        return talk_with_strategy(make, space_, goal_, {.least_high_precision = least_high_precision}, limits, clock_);
    }

    SearchSpace space_ = test::uniform_space(6, {test::kMinmax, test::kKl, high_precision(DType::f32)});
    Goal goal_{{.is_relative = false, .loss = 0.01}, 1.0};
    LatencyTable table_ = assumed_latency(space_);
    FakeClock clock_;
};

TEST_F(Talk, TheFirstPassingTrialEndsABasicSearch) {
    const TalkCount count = talk("basic", 0);
    EXPECT_EQ(count.trials, 1);
    EXPECT_EQ(count.failing, 0);
    EXPECT_TRUE(count.is_complete);
}

TEST_F(Talk, WhereNothingPassesBasicGoesThroughAllItsStages) {
    const TalkCount count = talk("basic", 2);
    // Two model-wise candidates, then each of six units alone, and the walks along their ranking without duplicates.
    EXPECT_GE(count.trials, 2 + 6 + 4);
    EXPECT_LE(count.trials, 2 + 3 * 6);
    EXPECT_EQ(count.failing, count.trials);
}

TEST_F(Talk, ExhaustiveTriesTheWholeSpace) {
    EXPECT_EQ(talk("exhaustive", 2).trials, 729) << "three options for each of six units";
}

TEST_F(Talk, TrialsAreLimited) { EXPECT_EQ(talk("random", 2, {.max_trials = 20}).trials, 20); }

TEST_F(Talk, ATimeoutLetsTheSearchGoOn) {
    EXPECT_EQ(talk("random", 0, {.max_trials = 20}).trials, 1);
    EXPECT_EQ(talk("random", 0, {.max_trials = 20, .goes_on_after_pass = true}).trials, 20);
}

TEST_F(Talk, SensitivityAsksForProbesAndEndsWhereAFewFallbacksSuffice) {
    const TalkCount count = talk("sensitivity", 0.3);
    EXPECT_GE(count.probes, 6) << "one for each unit";
    EXPECT_GT(count.trials, 1);
    EXPECT_LT(count.trials, 30);
    EXPECT_LT(count.failing, count.trials) << "it ends with a candidate that passes";
}

// Two model-wise choices, each plain and with a preparation.
TEST_F(Talk, AutoLooksAtPreparationsOnlyWhereTheModelIsNotEasy) {
    const std::vector<Decision>& units = space_.decisions();
    const SearchSpace space(units, {100, 100}, PlanTopology(), {Preparation{}, Preparation{.equalizes = true}});
    const MakeStrategy make = [&] {
        return make_strategy("auto", {.space = space, .goal = goal_, .baseline = 1.0, .seed = 1});
    };
    const TalkCount easy = talk_with_strategy(make, space, goal_, {.is_easy = true}, {}, clock_);
    EXPECT_EQ(easy.probes, 2);
    EXPECT_EQ(easy.trials, 1);
    const TalkCount hard = talk_with_strategy(make, space, goal_, {.is_easy = false}, {}, clock_);
    EXPECT_EQ(hard.probes, 4);
    EXPECT_EQ(hard.failing, 0);
}

TEST_F(Talk, EveryStrategyCanBeTalkedTo) {
    for (const std::string& strategy : strategy_names()) {
        const TalkCount count = talk(strategy, 0.3, {.max_trials = 40});
        EXPECT_GE(count.trials, 1) << strategy;
        EXPECT_LE(count.trials, 40) << strategy;
    }
}

/// A clock on which every look costs a second.
class RunningClock final : public Clock {
public:
    [[nodiscard]] std::chrono::nanoseconds now() const override { return std::chrono::seconds(++looks_); }
    [[nodiscard]] std::chrono::nanoseconds unix_time() const override { return now(); }
    [[nodiscard]] std::string date_time() const override { return ""; }

private:
    mutable int looks_ = 0;
};

TEST_F(Talk, AStrategyThatThinksForLongIsBrokenOff) {
    const auto make = [&] { return make_strategy("random", {.space = space_, .goal = goal_, .baseline = 1.0}); };
    const TalkCount count = talk_with_strategy(make, space_, goal_, {.least_high_precision = 2},
                                               {.max_trials = 100, .seconds = 5}, RunningClock());
    EXPECT_FALSE(count.is_complete);
    EXPECT_LT(count.trials, 10);
}

}  // namespace
}  // namespace halftone
