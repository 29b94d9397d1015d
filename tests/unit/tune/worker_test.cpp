// A worker as rank 1, with the test as rank 0.
#include "tune/worker.hpp"

#include <gmock/gmock.h>

#include <new>
#include <stdexcept>
#include <thread>

#include "base/budget.hpp"
#include "support/toy_tuning.hpp"

namespace halftone::tune {
namespace {

using namespace test;

class WorkerTest : public testing::Test {
protected:
    /// Rank 0 sends these, then Stop, and collects the answers up to the farewell.
    std::vector<Done> answers(const std::vector<Message>& messages) {
        std::vector<Done> all;
        has_sent_stop = false;
        ThreadWorld world({.size = 2});
        world.run([&](Communicator& comm) {
            if (comm.rank() != RankId{0}) {
                ToyEvaluator evaluator(problem, hooks, ledger, comm.rank());
                run_worker(comm, evaluator);
                return;
            }
            for (const Message& message : messages) comm.send(RankId{1}, encode(message));
            while (all.empty() || all.back().item != kFarewell) {
                if (all.size() == wait_for && !has_sent_stop) {
                    comm.send(RankId{1}, encode(Stop{}));
                    has_sent_stop = true;
                }
                auto decoded = decode(comm.receive().bytes);
                if (!decoded || !std::holds_alternative<Done>(*decoded)) throw std::logic_error("not a Done");
                all.push_back(std::get<Done>(*std::move(decoded)));
            }
        });
        return all;
    }
    Assign assign(std::int64_t item, JobKind kind, std::int64_t first, std::int64_t last,
                  std::string calibration = {}) {
        Job job{.kind = kind, .trial = TrialId{item}, .candidate = problem.space.at(0)};
        return {
            .item = item, .job = job, .first_shard = first, .last_shard = last, .calibration = std::move(calibration)};
    }

    ToyProblem problem = listed_problem({0.8});
    Hooks hooks;
    Ledger ledger;
    std::size_t wait_for = 0;  ///< answers before Stop is sent
    std::atomic<bool> has_sent_stop{false};
};

TEST_F(WorkerTest, SaysFarewellWhenStopped) {
    const auto all = answers({});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].item, kFarewell);
}

TEST_F(WorkerTest, AnswersEveryShardInTheOrderOfAssignment) {
    wait_for = 4;
    const auto all = answers({assign(5, JobKind::calibrate, 0, 3), assign(6, JobKind::baseline, 1, 2)});
    ASSERT_EQ(all.size(), 5U);
    for (std::int64_t s = 0; s < 3; ++s) {
        EXPECT_EQ(all[static_cast<std::size_t>(s)].item, 5);
        EXPECT_EQ(all[static_cast<std::size_t>(s)].shard, s);
        EXPECT_EQ(all[static_cast<std::size_t>(s)].result.payload, std::to_string(s) + ";");
    }
    EXPECT_EQ(all[3].item, 6);
    EXPECT_EQ(all[3].shard, 1);
}

TEST_F(WorkerTest, InstallsTheCalibrationBeforeTheCandidate) {
    wait_for = 2;
    const auto all = answers({assign(0, JobKind::evaluate, 0, 1, "0;1;2;"), assign(0, JobKind::evaluate, 1, 2)});
    EXPECT_EQ(all[0].broken, "");
    EXPECT_EQ(all[1].broken, "");
}

TEST_F(WorkerTest, DropsWhatItHasNotStartedWhenStopped) {
    hooks.on_shard = [&](const Job&, std::int64_t shard, RankId) {
        while (shard == 1 && !has_sent_stop) std::this_thread::yield();
    };
    wait_for = 1;
    const auto all = answers({assign(0, JobKind::baseline, 0, 1000)});
    EXPECT_EQ(all.back().item, kFarewell);
    EXPECT_LE(all.size(), 3U) << "two shards at most before it looks";
}

TEST_F(WorkerTest, ReportsABrokenWorldWithItsExitCode) {
    hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw DataError("t10k-images is gone"); };
    wait_for = 1;
    const auto all = answers({assign(0, JobKind::baseline, 0, 1)});
    EXPECT_EQ(all[0].broken, "t10k-images is gone");
    EXPECT_EQ(all[0].broken_code, static_cast<int>(ExitCode::model));
}

TEST_F(WorkerTest, ReportsForeignExceptionsAsABug) {
    hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw std::logic_error("no such unit"); };
    wait_for = 1;
    EXPECT_EQ(answers({assign(0, JobKind::baseline, 0, 1)})[0].broken_code, static_cast<int>(ExitCode::internal));
}

TEST_F(WorkerTest, TooLittleMemoryForACandidateIsItsFailure) {
    for (const JobKind kind : {JobKind::evaluate, JobKind::probe}) {
        hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw std::bad_alloc(); };
        wait_for = 1;
        const Done refused = answers({assign(0, kind, 0, 1, "0;1;2;")})[0];
        EXPECT_EQ(refused.broken, "");
        EXPECT_THAT(refused.result.failure, testing::HasSubstr("out of memory"));

        hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw BudgetError("it needs 38 GiB"); };
        EXPECT_EQ(answers({assign(0, kind, 0, 1, "0;1;2;")})[0].result.failure, "it needs 38 GiB");
    }
}

TEST_F(WorkerTest, TooLittleMemoryForAGroupIsTheFailureOfEachMember) {
    hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw std::bad_alloc(); };
    wait_for = 1;
    Assign group = assign(0, JobKind::evaluate, 0, 1, "0;1;2;");
    group.job.followers = {group.job.candidate, group.job.candidate};
    const Done refused = answers({group})[0];
    ASSERT_EQ(refused.result.followers.size(), 2);
    for (const ShardResult& follower : refused.result.followers) EXPECT_NE(follower.failure, "");
}

TEST_F(WorkerTest, TooLittleMemoryWithoutACandidateEndsTheRunAsARefusal) {
    hooks.on_shard = [](const Job&, std::int64_t, RankId) { throw std::bad_alloc(); };
    wait_for = 1;
    const Done refused = answers({assign(0, JobKind::baseline, 0, 1)})[0];
    EXPECT_EQ(refused.broken_code, static_cast<int>(ExitCode::model));
    EXPECT_THAT(refused.broken, testing::HasSubstr("--memory"));
}

TEST_F(WorkerTest, ReportsACalibrationThatCannotBeInstalled) {
    hooks.on_install = [] { throw ModelError("ranges do not fit"); };
    wait_for = 1;
    const auto all = answers({assign(0, JobKind::evaluate, 0, 1, "0;1;2;")});
    EXPECT_EQ(all[0].broken, "ranges do not fit");
}

TEST_F(WorkerTest, RefusesDamagedMessages) {
    ThreadWorld world({.size = 2});
    EXPECT_THROW(world.run([&](Communicator& comm) {
        if (comm.rank() == RankId{0}) {
            comm.send(RankId{1}, "nonsense");
        } else {
            ToyEvaluator evaluator(problem, hooks, ledger, comm.rank());
            run_worker(comm, evaluator);
        }
    }),
                 MpiError);
}

}  // namespace
}  // namespace halftone::tune
