// Whatever the number of ranks and the order in which results arrive: the same records, the same best, the same end.
#include <gmock/gmock.h>

#include <algorithm>

#include "support/toy_searches.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::ElementsAre;

class AnyRanks : public testing::TestWithParam<std::tuple<Search, int>> {};

TEST_P(AnyRanks, GiveTheSameRecordsAndTheSameBest) {
    const auto& [search, ranks] = GetParam();
    const Traces expected = expected_traces(search);
    for (const std::uint64_t seed : {1, 2, 3}) {
        ToyRun toy(search.make());
        be_uneven(toy, seed);
        const tune::RunResult result = toy.run(ranks, std::chrono::microseconds(500), seed);
        const Traces got = traces(toy, result);
        EXPECT_EQ(got.lines, expected.lines) << "seed " << seed;
        EXPECT_EQ(got, expected) << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(All, AnyRanks, testing::Combine(testing::ValuesIn(searches()), testing::Values(1, 2, 3, 4, 8)),
                         [](const testing::TestParamInfo<std::tuple<Search, int>>& test) {
                             return std::get<0>(test.param).name + "_" + std::to_string(std::get<1>(test.param));
                         });

TEST(Searches, AreWorthComparing) {
    EXPECT_EQ(expected_traces(searches()[0]).reason, tune::EndReason::goal_met);
    EXPECT_GT(expected_traces(searches()[0]).trials, 10);
    EXPECT_EQ(expected_traces(searches()[1]).reason, tune::EndReason::exhausted);
    EXPECT_GT(expected_traces(searches()[1]).trials, 15);
    EXPECT_EQ(expected_traces(searches()[2]).reason, tune::EndReason::max_trials);
}

TEST(MaxTrials, OfFiveRanksAreHonouredExactly) {
    ToyRun toy(limited_problem(100));
    be_uneven(toy, 7);
    EXPECT_EQ(toy.run(5, std::chrono::microseconds(300), 7).trials, 100);
    EXPECT_EQ(toy.records_of<journal::Trial>().size(), 100U);
    EXPECT_EQ(toy.ledger->trials().size(), 100U) << "nothing beyond the limit was even begun";
}

/// Trial 2 passes but is held back until the result of trial 4, which passes too, is in the journal.
TEST(GoalMet, TheLowestPassingTrialWinsAlthoughAHigherOneFinishedFirst) {
    ToyProblem problem = listed_problem({0.5, 0.5, 0.9, 0.5, 0.95, 0.5, 0.95, 0.95});
    problem.shards = 1;
    ToyRun toy(std::move(problem));
    const auto has_four = [&] {
        const auto partials = toy.records_of<journal::Partial>();
        return std::any_of(partials.begin(), partials.end(), [](const auto& partial) { return partial.of == 4; });
    };
    toy.hooks.on_shard = [&](const Job& job, std::int64_t, RankId) {
        while (job.trial.value == 2 && !has_four()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    const tune::RunResult result = toy.run(5);
    EXPECT_EQ(result.reason, tune::EndReason::goal_met);
    EXPECT_EQ(result.best->trial, TrialId{2});
    EXPECT_EQ(result.trials, 3);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0, 2));
    std::vector<std::int64_t> trials;
    for (const auto& trial : toy.records_of<journal::Trial>()) trials.push_back(trial.trial);
    EXPECT_THAT(trials, ElementsAre(0, 1, 2)) << "what lies beyond never becomes a trial";
    EXPECT_EQ(toy.records_of<journal::End>()[0].sample_units, 3 * 7 * kToySamples) << "the speculation is not counted";
}

}  // namespace
}  // namespace halftone
