#include "exec/memory_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;

std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

TEST(MemoryPlan, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}).arena_bytes, 0U); }

TEST(MemoryPlan, BuffersOfDifferentTimesShareBytes) {
    const MemoryPlan plan = plan_memory({{.bytes = 128, .first = 0, .last = 1}, {.bytes = 64, .first = 2, .last = 3}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 0));
    EXPECT_EQ(plan.arena_bytes, 128U);
}

TEST(MemoryPlan, AStepReadsAndWritesDifferentBytes) {  // lives include both ends
    const MemoryPlan plan = plan_memory({{.bytes = 128, .first = 0, .last = 1}, {.bytes = 64, .first = 1, .last = 2}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 128));
    EXPECT_EQ(plan.arena_bytes, 192U);
}

TEST(MemoryPlan, OffsetsAreMultiplesOf64) {
    const MemoryPlan plan = plan_memory({{.bytes = 65, .first = 0, .last = 0}, {.bytes = 1, .first = 0, .last = 0}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 128));
}

TEST(MemoryPlan, ASmallBufferFillsTheGapBetweenTwoLargeOnes) {
    // By size: A at 0, B beside it at 256 (both live at 1), C where A is no more but B is: below B.
    const MemoryPlan plan = plan_memory({{.bytes = 256, .first = 0, .last = 1},
                                         {.bytes = 192, .first = 1, .last = 2},
                                         {.bytes = 128, .first = 2, .last = 3}});
    EXPECT_THAT(plan.offsets, ElementsAre(0, 256, 0));
    EXPECT_EQ(plan.arena_bytes, 448U);
}

TEST(MemoryPlan, LiveBuffersNeverOverlapAndTheArenaIsNoLargerThanTheirSum) {
    Rng rng(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<BufferLife> lives(1 + rng.below(40));
        std::size_t sum = 0;
        for (BufferLife& life : lives) {
            life.bytes = rng.below(1000);
            life.first = rng.below(30);
            life.last = life.first + rng.below(6);
            sum += rounded(life.bytes);
        }
        const MemoryPlan plan = plan_memory(lives);
        EXPECT_LE(plan.arena_bytes, sum);
        for (std::size_t a = 0; a < lives.size(); ++a) {
            EXPECT_LE(plan.offsets[a] + lives[a].bytes, plan.arena_bytes);
            for (std::size_t b = 0; b < a; ++b) {
                const bool share_time = lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
                const bool share_bytes = plan.offsets[a] < plan.offsets[b] + lives[b].bytes &&
                                         plan.offsets[b] < plan.offsets[a] + lives[a].bytes;
                EXPECT_FALSE(share_time && share_bytes) << "round " << round << ": " << a << " and " << b;
            }
        }
    }
}

}  // namespace
}  // namespace halftone
