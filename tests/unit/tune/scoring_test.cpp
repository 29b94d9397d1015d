// Scores that take long: a metric may run a user's program for minutes, and the workers go on meanwhile.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;

const std::vector<double> kAccuracies{0.6, 0.7, 0.65, 0.8, 0.75, 0.7, 0.85, 0.8, 0.895, 0.9};

/// A run whose n-th score is special. The first one is fp32's.
class Scoring : public testing::TestWithParam<int> {
protected:
    ToyRun toy_{listed_problem(kAccuracies)};
    std::atomic<int> scores_{0};

    void at_score(int number, const std::function<void()>& body) {
        toy_.hooks.on_score = [this, number, body] {
            if (++scores_ == number) body();
        };
    }
    void expect_result_of_an_undisturbed_run() {
        ToyRun undisturbed(listed_problem(kAccuracies));
        undisturbed.run();
        EXPECT_EQ(toy_.lasting_lines(), undisturbed.lasting_lines());
    }
};

INSTANTIATE_TEST_SUITE_P(Ranks, Scoring, testing::Values(1, 2, 4), testing::PrintToStringParamName());

TEST(ScoringOfATrial, LeavesTheWorkersToTheirShards) {
    ToyProblem problem = listed_problem(kAccuracies);
    problem.shards = 12;  // more than two workers hold at once
    ToyRun toy(problem);
    std::promise<void> later_trial;
    std::atomic<bool> is_late{false};
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.trial.value == 2 && shard == 11 && !is_late.exchange(true)) later_trial.set_value();
    };
    std::atomic<int> scores{0};
    const std::shared_future<void> is_handed_out = later_trial.get_future().share();
    toy.hooks.on_score = [&] {
        if (++scores != 2) return;
        // Only a deadlock waits so long: the last shard of trial 2 is handed out while this trial is scored.
        EXPECT_EQ(is_handed_out.wait_for(std::chrono::minutes(1)), std::future_status::ready);
    };
    EXPECT_EQ(toy.run(3).best->trial, TrialId{8});
    EXPECT_TRUE(is_late);
}

TEST_P(Scoring, ALongScoreChangesNoResult) {
    toy_.hooks.on_score = [] { std::this_thread::sleep_for(std::chrono::milliseconds(60)); };
    EXPECT_EQ(toy_.run(GetParam()).best->trial, TrialId{8});
    expect_result_of_an_undisturbed_run();
}

TEST_P(Scoring, AnErrorEndsTheRun) {
    at_score(3, [] { throw DataError("the answers are gone"); });
    try {
        toy_.run(GetParam());
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::model);
        EXPECT_THAT(error.what(), HasSubstr("the answers are gone"));
    }
    toy_.hooks = {};
    EXPECT_EQ(toy_.run(GetParam()).best->trial, TrialId{8});
    expect_result_of_an_undisturbed_run();
}

TEST_P(Scoring, ATrialThatIsScoredWhileTheRunIsStoppedIsKept) {
    at_score(2, [this] {
        toy_.stop = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the loop has seen it by then, or soon after
    });
    toy_.run(GetParam());
    const std::size_t kept = toy_.records_of<journal::Trial>().size() + toy_.records_of<journal::Partial>().size();
    EXPECT_GE(kept, 1U);
    toy_.stop = false;
    toy_.hooks = {};
    EXPECT_EQ(toy_.run(GetParam()).best->trial, TrialId{8});
    expect_result_of_an_undisturbed_run();
}

}  // namespace
}  // namespace halftone
