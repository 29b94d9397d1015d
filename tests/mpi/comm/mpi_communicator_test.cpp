// The communicator contract with every rank a process; started by mpirun. Rank 0 reports; failures of any rank are
// shown and make every rank's exit code 1. `--abort` and `--throw` show instead how a run in trouble ends.
#include <gmock/gmock.h>

#include <string_view>

#include "base/error.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "contract/comm/communicator_scenarios.hpp"
#include "support/mpi_tests.hpp"

namespace halftone {
namespace {

MpiWorld* world = nullptr;  // gtest's cases have no other way to main's objects

class MpiContract : public testing::TestWithParam<Scenario> {
protected:
    void run_with(std::unique_ptr<Communicator> comm) {
        GetParam().run(*comm);
        comm->barrier();
    }
};

TEST_P(MpiContract, Holds) { run_with(world->communicator()); }

// 4096 is below the transport's eager limit, 100'000 above it: pieces of both kinds.
TEST_P(MpiContract, HoldsWithMessagesInSmallPieces) { run_with(world->communicator(4096)); }
TEST_P(MpiContract, HoldsWithMessagesInLargePieces) { run_with(world->communicator(100'000)); }

INSTANTIATE_TEST_SUITE_P(All, MpiContract,
                         testing::ValuesIn(communicator_scenarios().begin(), communicator_scenarios().end()),
                         [](const testing::TestParamInfo<Scenario>& test) { return std::string(test.param.name); });

TEST(MpiWorldTest, CommunicatorsDoNotHearOneAnother) {
    const auto first = world->communicator();
    const auto second = world->communicator();
    first->send(first->rank(), "first");
    second->send(second->rank(), "second");
    EXPECT_EQ(second->receive().bytes, "second");
    EXPECT_EQ(first->receive().bytes, "first");
    first->barrier();
}

TEST(MpiWorldTest, KnowsThatALauncherStartedIt) { EXPECT_TRUE(is_launched_by_mpi()); }

TEST(MpiWorldTest, NamesItsLibrary) {
    EXPECT_THAT(mpi_version(), testing::MatchesRegex("Open MPI [0-9]+\\.[0-9]+\\.[0-9]+.*"));
}

/// One rank is in trouble while the others wait for a message.
int end_early(std::string_view how) {
    try {
        const auto comm = world->communicator();
        if (comm->rank() != RankId{0}) static_cast<void>(comm->receive());
        if (how == "--abort") world->abort(42);
        throw MpiError("rank 0 is in trouble");
    } catch (const Error& e) {
        world->abort(static_cast<int>(e.code()));
    }
}

}  // namespace
}  // namespace halftone

int main(int argc, char** argv) {
    halftone::MpiWorld world(argc, argv);
    halftone::world = &world;
    testing::InitGoogleTest(&argc, argv);
    return argc > 1 ? halftone::end_early(argv[1]) : halftone::test::run_all_tests(world);
}
