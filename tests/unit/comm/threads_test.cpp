// What the ranks as threads add to the contract: delay, reordering between senders, and death.
#include "comm/threads.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include "base/error.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

bool is_rank(const Communicator& comm, int rank) { return comm.rank() == RankId{rank}; }

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const MpiError& e) {
        return e.what();
    }
    return "(no MpiError)";
}

/// Kills rank 1 once it has reported that it is about to wait; the other ranks run `wait`, which must throw MpiError.
void expect_that_others_end_when_rank_1_dies(const std::function<void(Communicator&)>& wait) {
    ThreadWorld world({.size = 3});
    std::atomic<int> ended_with_error = 0;
    std::atomic<bool> was_killed = false;
    const std::string error = message_of([&] {
        world.run([&](Communicator& comm) {
            comm.barrier();
            try {
                if (is_rank(comm, 1)) static_cast<void>(comm.receive());
                if (is_rank(comm, 0)) world.kill(RankId{1});
                wait(comm);
            } catch (const RankKilled&) {
                was_killed = true;
                throw;
            } catch (const MpiError&) {
                ++ended_with_error;
                throw;
            }
        });
    });
    EXPECT_TRUE(was_killed);
    EXPECT_EQ(ended_with_error, 2);
    EXPECT_THAT(error, HasSubstr("has died"));
}

TEST(ThreadWorldDeath, OfARankInReceiveEndsTheOthersReceive) {
    expect_that_others_end_when_rank_1_dies([](Communicator& comm) { static_cast<void>(comm.receive()); });
}
TEST(ThreadWorldDeath, OfARankInReceiveEndsTheOthersPolling) {
    expect_that_others_end_when_rank_1_dies([](Communicator& comm) {
        while (true) static_cast<void>(comm.receive_for(std::chrono::milliseconds(1)));
    });
}
TEST(ThreadWorldDeath, OfARankInReceiveEndsTheOthersBarrier) {
    expect_that_others_end_when_rank_1_dies([](Communicator& comm) { comm.barrier(); });
}
TEST(ThreadWorldDeath, OfARankInReceiveEndsTheOthersBroadcast) {
    expect_that_others_end_when_rank_1_dies(
        [](Communicator& comm) { static_cast<void>(comm.broadcast(RankId{1}, "never sent")); });
}

TEST(ThreadWorldDeath, LosesTheMessagesOfTheDead) {
    ThreadWorld world({.size = 2, .max_delay = std::chrono::seconds(60)});  // so that nothing arrives before the death
    EXPECT_THAT(message_of([&] {
                    world.run([&](Communicator& comm) {
                        if (is_rank(comm, 1)) comm.send(RankId{0}, "lost");
                        comm.barrier();
                        if (is_rank(comm, 0)) world.kill(RankId{1});
                        static_cast<void>(comm.receive());
                    });
                }),
                HasSubstr("rank 1 has died"));
}

TEST(ThreadWorldDeath, SendingToTheDeadIsSilent) {
    ThreadWorld world({.size = 2});
    world.kill(RankId{1});
    world.run([&](Communicator& comm) {
        for (int i = 0; i < 3; ++i) comm.send(RankId{1}, "x");
    });
}

TEST(ThreadWorld, AnExceptionIsRethrownRatherThanWhatItCausedElsewhere) {
    ThreadWorld world({.size = 3});
    EXPECT_THROW(world.run([](Communicator& comm) {
        if (is_rank(comm, 2)) throw DataError("the data set is gone");
        static_cast<void>(comm.receive());
    }),
                 DataError);
}

TEST(ThreadWorld, MessagesSentBeforeTheirSenderFailedStillArrive) {
    ThreadWorld world({.size = 2, .max_delay = std::chrono::milliseconds(5)});
    Bytes got;
    EXPECT_THROW(world.run([&](Communicator& comm) {
        if (is_rank(comm, 0)) {
            got = comm.receive().bytes;
            return;
        }
        comm.send(RankId{0}, "last words");
        throw DataError("the data set is gone");
    }),
                 DataError);
    EXPECT_EQ(got, "last words");
}

TEST(ThreadWorld, WaitingWhenAllOthersHaveEndedIsAnError) {
    ThreadWorld world({.size = 3});
    EXPECT_THAT(message_of([&] {
                    world.run([](Communicator& comm) {
                        if (is_rank(comm, 0)) static_cast<void>(comm.receive());
                    });
                }),
                HasSubstr("every other rank has ended"));
}

TEST(ThreadWorld, DifferentCollectiveCallsAreOurBugAndAreFound) {
    ThreadWorld world({.size = 2});
    EXPECT_THROW(world.run([](Communicator& comm) {
        if (is_rank(comm, 0)) comm.barrier();
        if (is_rank(comm, 1)) static_cast<void>(comm.broadcast(RankId{0}, ""));
    }),
                 InternalError);
}

TEST(ThreadWorld, DelaysReorderTheMessagesOfDifferentSenders) {
    ThreadWorld world({.size = 4, .max_delay = std::chrono::milliseconds(3), .seed = 1});
    bool is_reordered = false;
    world.run([&](Communicator& comm) {
        // Rank 1 sends, then 2, then 3; without delays they would arrive like that, every time.
        for (int round = 0; round < 20; ++round) {
            for (int sender = 1; sender < comm.size(); ++sender) {
                if (is_rank(comm, sender)) comm.send(RankId{0}, "x");
                comm.barrier();
            }
            if (!is_rank(comm, 0)) continue;
            for (int expected = 1; expected < comm.size(); ++expected) {
                is_reordered |= comm.receive().from != RankId{expected};
            }
        }
    });
    EXPECT_TRUE(is_reordered);
}

TEST(ThreadWorld, CanRunAgainAfterADeath) {
    ThreadWorld world({.size = 2});
    world.kill(RankId{1});
    world.run([](Communicator& comm) { comm.send(comm.rank(), "x"); });
    std::atomic<int> ran = 0;
    world.run([&](Communicator& comm) {
        comm.barrier();
        EXPECT_FALSE(comm.receive_for(std::chrono::nanoseconds(0)).has_value());
        ++ran;
    });
    EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace halftone
