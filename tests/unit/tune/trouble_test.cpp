// When something breaks: the run ends on rank 0 with that very error, every rank returns, and the workspace can be
// resumed to the result of an undisturbed run. A rank that waits for ever shows as a time-out of this program.
#include <gmock/gmock.h>

#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;

const std::vector<double> kList{0.6, 0.7, 0.65, 0.8, 0.75, 0.7, 0.85, 0.8, 0.895, 0.9};

class Trouble : public testing::TestWithParam<int> {
protected:
    /// Runs into the trouble. @return the error's message
    std::string expect_error(ExitCode code) {
        try {
            toy.run(GetParam(), std::chrono::microseconds(300), 1);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
            return error.what();
        }
        ADD_FAILURE() << "no error";
        return {};
    }
    void expect_resumable() {
        toy.hooks = {};
        toy.listener.on_event = nullptr;
        toy.files->fail_after_bytes(-1);
        EXPECT_EQ(toy.run(GetParam()).best->trial, TrialId{8});
        ToyRun undisturbed(listed_problem(kList));
        undisturbed.run();
        EXPECT_EQ(toy.lasting_lines(), undisturbed.lasting_lines());
    }

    ToyRun toy{listed_problem(kList)};
};

INSTANTIATE_TEST_SUITE_P(Ranks, Trouble, testing::Values(1, 2, 4), testing::PrintToStringParamName());

TEST_P(Trouble, DataThatIsGone) {
    for (const JobKind kind : {JobKind::calibrate, JobKind::baseline, JobKind::evaluate}) {
        toy.hooks.on_shard = [kind](const Job& job, std::int64_t shard, RankId) {
            if (job.kind == kind && job.trial.value != 0 && shard == 1) throw DataError("t10k-images.gz: gone");
        };
        EXPECT_THAT(expect_error(ExitCode::model), HasSubstr("t10k-images.gz: gone (on rank "));
    }
    expect_resumable();
}

TEST_P(Trouble, ABugInTheEvaluator) {
    toy.hooks.on_shard = [](const Job& job, std::int64_t, RankId) {
        if (job.trial.value == 2) throw std::out_of_range("map::at");
    };
    EXPECT_THAT(expect_error(ExitCode::internal), HasSubstr("map::at"));
    expect_resumable();
}

TEST_P(Trouble, ACalibrationThatDoesNotFit) {
    toy.hooks.on_install = [] { throw ModelError("ranges do not fit"); };
    EXPECT_THAT(expect_error(ExitCode::model), HasSubstr("ranges do not fit"));
    expect_resumable();
}

TEST_P(Trouble, ADiskThatIsFullAtAnyMoment) {
    toy.run(GetParam());
    const auto size = static_cast<long long>(toy.journal_text().size());
    // The header is written before the workers start to wait for rank 0; the application sees to that.
    const auto header = static_cast<long long>(toy.journal_text().find('\n')) + 1;
    for (long long limit = header; limit < size; limit += 211) {
        ToyRun full(listed_problem(kList));
        full.files->fail_after_bytes(limit);
        try {
            full.run(GetParam());
            // Fewer partial records than in the first run: the disk was large enough.
            EXPECT_GT(limit, size / 2);
        } catch (const IoError& error) {
            EXPECT_THAT(error.what(), HasSubstr("No space left")) << limit;
        }
        full.files->fail_after_bytes(-1);
        full.run(GetParam());
        EXPECT_EQ(full.lasting_lines(), toy.lasting_lines()) << limit;
    }
}

TEST_P(Trouble, FilesThatCannotBeDelivered) {
    toy.listener.on_event = [](const std::string& event) {
        if (event == "best 3") throw IoError("cannot write best.onnx: No space left on device");
    };
    EXPECT_THAT(expect_error(ExitCode::io), HasSubstr("best.onnx"));
    toy.listener.on_event = nullptr;
    toy.run(GetParam());
    EXPECT_EQ(toy.listener.delivered.front() % 3, 0) << "trial 3, or 6 where that was told too";
    expect_resumable();
}

TEST_P(Trouble, AStrategyThatCannotBeMade) {
    toy.problem().make_strategy = [](const StrategyContext&) -> std::unique_ptr<Strategy> {
        throw ConfigError("tuning.strategy.seeds is unknown");
    };
    expect_error(ExitCode::usage);
}

TEST_P(Trouble, AStrategyThatWaitsForNothing) {
    struct Waiting final : Strategy {
        Ask ask() override { return Ask::wait(); }
        void tell(TrialId, const Outcome&) override {}
    };
    toy.problem().make_strategy = [](const StrategyContext&) { return std::make_unique<Waiting>(); };
    expect_error(ExitCode::internal);
}

TEST_P(Trouble, AJournalThatIsNotOfThisRun) {
    toy.run();
    toy.problem().space = toy_space({decision("u0", {kKl})}, std::vector<std::int64_t>(kList.size(), 100));
    expect_error(ExitCode::usage);
}

class DeadRank : public Trouble {};
INSTANTIATE_TEST_SUITE_P(Ranks, DeadRank, testing::Values(2, 4), testing::PrintToStringParamName());

TEST_P(DeadRank, GivesAnMpiErrorAndNobodyHangs) {
    for (const JobKind kind : {JobKind::calibrate, JobKind::baseline, JobKind::evaluate}) {
        toy.hooks.on_shard = [&, kind](const Job& job, std::int64_t, RankId rank) {
            if (job.kind == kind && (kind != JobKind::evaluate || job.trial.value >= 4)) toy.world->kill(rank);
        };
        expect_error(ExitCode::mpi);
    }
    expect_resumable();
}

TEST_P(DeadRank, TheCoordinatorAmongThem) {
    toy.hooks.on_shard = [&](const Job& job, std::int64_t, RankId) {
        if (job.trial.value >= 4) toy.world->kill(RankId{0});
    };
    expect_error(ExitCode::mpi);
    expect_resumable();
}

}  // namespace
}  // namespace halftone
