// Agreement over ranks that are threads: all ranks go on, or all leave with the same error.
#include "comm/agreement.hpp"

#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <new>
#include <stdexcept>

#include "base/error.hpp"
#include "comm/local.hpp"
#include "comm/threads.hpp"

namespace halftone {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Code and message of the error that a rank left with; "0 " for a rank that went on.
using Endings = std::map<std::int64_t, std::string>;

/// Runs `body` on every rank of a world and collects how each of them ended.
Endings run_ranks(int size, const std::function<void(Communicator&, Agreement&)>& body) {
    Endings endings;
    std::mutex mutex;
    ThreadWorld({.size = size}).run([&](Communicator& comm) {
        std::string ending = "0 ";
        try {
            Agreement agreement(comm);
            body(comm, agreement);
        } catch (const Error& error) {
            ending = std::to_string(static_cast<int>(error.code())) + " " + error.what();
        }
        const std::lock_guard lock(mutex);
        endings[comm.rank().value] = ending;
    });
    return endings;
}

TEST(Agreement, AllRanksGoOnWhenNoStepFails) {
    EXPECT_EQ(run_ranks(3, [](Communicator&, Agreement& agreement) { agreement.after([] {}); }),
              (Endings{{0, "0 "}, {1, "0 "}, {2, "0 "}}));
}

TEST(Agreement, AFailureOfOneRankEndsAllWithItsCodeAndMessage) {
    const Endings endings = run_ranks(3, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] {
            if (comm.rank() == RankId{2}) throw DataError("rank 2 has no data");
        });
    });
    EXPECT_EQ(endings,
              (Endings{{0, "3 rank 2 has no data"}, {1, "3 rank 2 has no data"}, {2, "3 rank 2 has no data"}}));
}

TEST(Agreement, OfSeveralFailuresTheLowestRankSpeaks) {
    const Endings endings = run_ranks(4, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] {
            if (comm.rank() == RankId{3}) throw IoError("no space left");
            if (comm.rank() == RankId{1}) throw ConfigError("a bad key");
        });
    });
    for (const auto& [rank, ending] : endings) EXPECT_EQ(ending, "2 a bad key") << "rank " << rank;
}

TEST(Agreement, CanBeReachedAgainAfterASuccess) {
    const Endings endings = run_ranks(2, [](Communicator& comm, Agreement& agreement) {
        agreement.after([] {});
        agreement.after([] {});
        agreement.after([&] {
            if (comm.rank() == RankId{0}) throw ModelError("the third step failed");
        });
    });
    EXPECT_EQ(endings.at(1), "3 the third step failed");
}

TEST(Agreement, OfOneRankThrowsItsError) {
    const auto comm = make_local_communicator();
    Agreement agreement(*comm);
    EXPECT_NO_THROW(agreement.after([] {}));
    try {
        agreement.after([] { throw IoError("disk full"); });
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::io);
        EXPECT_STREQ(error.what(), "disk full");
    }
}

TEST(Agreement, AnExceptionThatIsNoErrorPassesThrough) {
    const auto comm = make_local_communicator();
    Agreement agreement(*comm);
    EXPECT_THROW(agreement.after([] { throw std::logic_error("a bug"); }), std::logic_error);
}

TEST(Agreement, TooLittleMemoryOnOneRankEndsAllAsARefusal) {
    const Endings endings = run_ranks(3, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] {
            if (comm.rank() == RankId{1}) throw std::bad_alloc();
        });
    });
    for (const auto& [rank, ending] : endings) {
        EXPECT_THAT(ending, AllOf(testing::StartsWith("3 out of memory"), HasSubstr("--memory"))) << "rank " << rank;
    }
}

TEST(SmallestOfRanks, IsKnownToEveryRank) {
    run_ranks(3, [](Communicator& comm, Agreement&) {
        const std::uint64_t own = comm.rank() == RankId{1} ? 5 : UINT64_MAX;
        EXPECT_EQ(smallest_of_ranks(comm, own), 5);
    });
}

TEST(SameIsa, IsAcceptedWhereAllRanksAgree) {
    const Endings endings = run_ranks(
        3, [](Communicator& comm, Agreement& agreement) { agreement.after([&] { check_same_isa(comm, "avx2"); }); });
    EXPECT_EQ(endings, (Endings{{0, "0 "}, {1, "0 "}, {2, "0 "}}));
}

TEST(SameIsa, ADifferenceNamesTheRanksThatDifferOnEveryRank) {
    const Endings endings = run_ranks(3, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] { check_same_isa(comm, comm.rank() == RankId{2} ? "avx512_core" : "avx2"); });
    });
    for (const auto& [rank, ending] : endings) {
        EXPECT_THAT(ending, AllOf(HasSubstr("(rank 0: avx2, rank 2: avx512_core)"), Not(HasSubstr("rank 1"))));
    }
}

/// Two fingerprints, of which the second differs on rank `odd`.
std::vector<Fingerprint> fingerprints(Communicator& comm, RankId odd) {
    return {{.what = "the model", .value = "aa", .code = ExitCode::model},
            {.what = "the evaluation data",
             .value = comm.rank() == odd ? "cc" : "bb",
             .code = ExitCode::model,
             .advice = "copy the files again"}};
}

std::string host_of(Communicator& comm) { return "node" + std::to_string(comm.rank().value); }

TEST(Fingerprints, AreAcceptedWhereAllRanksAgree) {
    const Endings endings = run_ranks(3, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] { check_same_fingerprints(comm, host_of(comm), fingerprints(comm, RankId{9})); });
    });
    EXPECT_EQ(endings, (Endings{{0, "0 "}, {1, "0 "}, {2, "0 "}}));
}

TEST(Fingerprints, ADifferenceNamesRankHostThingAndBothValuesOnEveryRank) {
    const Endings endings = run_ranks(3, [](Communicator& comm, Agreement& agreement) {
        agreement.after([&] { check_same_fingerprints(comm, host_of(comm), fingerprints(comm, RankId{2})); });
    });
    EXPECT_EQ(endings.size(), 3U);
    for (const auto& [rank, ending] : endings) {
        EXPECT_EQ(ending,
                  "3 the evaluation data differs on rank 2 (host node2): cc; rank 0 (host node0) has bb; "
                  "copy the files again");
    }
}

}  // namespace
}  // namespace halftone
