// Tune runs with every rank a process; started by mpirun. Rank 0 compares with the same search in this process. With
// `--broken`, the program ends as halftone does when a worker's data is gone: all ranks return, with one exit code.
#include <gmock/gmock.h>

#include <string_view>

#include "comm/mpi/mpi_communicator.hpp"
#include "support/mpi_tests.hpp"
#include "support/toy_searches.hpp"

namespace halftone {
namespace {

using namespace test;

MpiWorld* world = nullptr;  // gtest's cases have no other way to main's objects

[[nodiscard]] bool is_root() { return world->rank() == 0; }

class MpiTune : public testing::TestWithParam<Search> {};

TEST_P(MpiTune, GivesTheSameRecordsAndTheSameBestAsOneProcess) {
    const auto comm = world->communicator();
    ToyRun toy(GetParam().make());
    be_uneven(toy, static_cast<std::uint64_t>(world->rank()));
    const tune::RunResult result = toy.session(*comm);
    comm->barrier();
    EXPECT_FALSE(comm->receive_for({})) << "a message was left unread";
    if (!is_root()) return;
    EXPECT_EQ(traces(toy, result), expected_traces(GetParam()));
}

/// Rank 0 raises the flag before the first session's first trial, when nothing can be in flight that would complete
/// the search, and then after the first delivery of each session; all ranks hear when it is over.
TEST_P(MpiTune, StoppedAndResumedGivesTheSame) {
    const auto comm = world->communicator();
    ToyRun toy(GetParam().make());
    be_uneven(toy, static_cast<std::uint64_t>(world->rank()));
    tune::RunResult result;
    int sessions = 0;
    do {
        toy.start_session();
        toy.stop = false;
        toy.listener.on_event = [&](const std::string& event) {
            if (event.starts_with(sessions == 0 ? "baseline" : "best") && sessions < 5) toy.stop = true;
        };
        result = toy.session(*comm);
        ++sessions;
    } while (comm->broadcast(RankId{0}, result.reason == tune::EndReason::interrupted ? "again" : "over") == "again");
    if (!is_root()) return;
    EXPECT_GT(sessions, 1);
    EXPECT_EQ(traces(toy, result), expected_traces(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, MpiTune, testing::ValuesIn(searches()),
                         [](const testing::TestParamInfo<Search>& test) { return test.param.name; });

TEST(MpiTrouble, ABrokenWorkerEndsTheRunOnEveryRank) {
    const auto comm = world->communicator();
    ToyRun toy(basic_problem());
    toy.hooks.on_shard = [](const Job& job, std::int64_t, RankId) {
        if (job.trial.value >= 2) throw DataError("data is gone");
    };
    if (!is_root()) {
        toy.session(*comm);
    } else {
        EXPECT_THROW(toy.session(*comm), Error);
    }
    comm->barrier();
    EXPECT_FALSE(comm->receive_for({})) << "a message was left unread";
}

/// As the program does it: rank 0's error becomes every rank's exit code.
int end_broken() {
    const auto comm = world->communicator();
    ToyRun toy(basic_problem());
    toy.hooks.on_shard = [](const Job& job, std::int64_t, RankId) {
        if (job.kind == JobKind::evaluate) throw DataError("data is gone");
    };
    std::string code = "0";
    try {
        toy.session(*comm);
    } catch (const Error& error) {
        code = std::to_string(static_cast<int>(error.code()));
    }
    return std::stoi(comm->broadcast(RankId{0}, code));
}

}  // namespace
}  // namespace halftone

int main(int argc, char** argv) {
    halftone::MpiWorld world(argc, argv);
    halftone::world = &world;
    testing::InitGoogleTest(&argc, argv);
    return argc > 1 && std::string_view(argv[1]) == "--broken" ? halftone::end_broken()
                                                               : halftone::test::run_all_tests(world);
}
