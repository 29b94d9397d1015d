#include "base/budget.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/budgeted_vector.hpp"
#include "base/reclaim.hpp"
#include "support/memory_limit.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

/// What take_bytes says when it refuses; empty if it does not.
std::string refusal_of(Budget& budget, std::uint64_t bytes) {
    try {
        budget.take_bytes(bytes, "the arena");
    } catch (const BudgetError& error) {
        return error.what();
    }
    return "";
}

TEST(Budget, NamesWhatIsNeededAndTheLimit) {
    Budget budget({.bytes = 16 * kGiB});
    EXPECT_EQ(refusal_of(budget, 38 * kGiB), "the arena needs 38 GiB, the limit is 16 GiB (--memory)");
}

TEST(Budget, NamesWhatIsInUseWhereThatDecides) {
    Budget budget({.bytes = 16 * kGiB});
    budget.take_bytes(10 * kGiB, "the weights");
    EXPECT_EQ(refusal_of(budget, 8 * kGiB), "the arena needs 8 GiB, 10 GiB are in use, the limit is 16 GiB (--memory)");
}

TEST(Budget, RefusalIsTheModelsFault) {
    Budget budget({.bytes = 1});
    EXPECT_EQ(budget.refusal(2, "x").code(), ExitCode::model);
}

TEST(Budget, ARefusedAmountIsNotTaken) {
    Budget budget({.bytes = 10});
    EXPECT_TRUE(budget.try_take_bytes(6));
    EXPECT_FALSE(budget.try_take_bytes(5));
    EXPECT_EQ(budget.bytes_left(), 4);
    EXPECT_TRUE(budget.try_take_bytes(4));
}

TEST(Budget, SumsDoNotOverflow) {
    Budget budget({.bytes = UINT64_MAX});
    EXPECT_TRUE(budget.try_take_bytes(UINT64_MAX));
    EXPECT_FALSE(budget.try_take_bytes(1));
    EXPECT_FALSE(budget.try_take_bytes(UINT64_MAX));
}

TEST(Budget, BytesComeBackAndWorkDoesNot) {
    Budget budget({.bytes = 10, .work = 10});
    { const BudgetedBytes bytes(budget, 10, "x"); }
    EXPECT_TRUE(budget.try_take_bytes(10));
    EXPECT_TRUE(budget.try_take_work(10));
    EXPECT_FALSE(budget.try_take_work(1));
}

TEST(Budget, ALowerLimitRefusesWhatComesNext) {
    Budget budget({.bytes = 10});
    ASSERT_TRUE(budget.try_take_bytes(8));
    budget.set_byte_limit(4);
    EXPECT_FALSE(budget.try_take_bytes(1));
    EXPECT_EQ(budget.bytes_left(), 0);
    budget.return_bytes(8);
    EXPECT_TRUE(budget.try_take_bytes(4));
}

TEST(Budget, ThreadsTogetherGetNoMoreThanTheLimit) {
    Budget budget({.bytes = 1000});
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) taken += budget.try_take_bytes(1) ? 1 : 0;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 1000);
}

TEST(ProcessBudget, CountsVectorsThatAskForIt) {
    Budget& budget = process_budget();
    const std::uint64_t before = budget.bytes_in_use();
    {
        BudgetedVector<float> values(1000, 1.0F);
        EXPECT_EQ(budget.bytes_in_use(), before + 4000);
        const BudgetedVector<float> moved = std::move(values);
        EXPECT_EQ(budget.bytes_in_use(), before + 4000);
        const test::MemoryLimit limit(3999);
        EXPECT_THROW(BudgetedVector<float>(1000), BudgetError);
        EXPECT_EQ(budget.bytes_in_use(), before + 4000);
    }
    EXPECT_EQ(budget.bytes_in_use(), before);
}

/// Keeps bytes until it is asked for them.
struct KeptBytes final : Reclaimable {
    std::optional<BudgetedBytes> bytes;
    int asked = 0;
    void give_up() noexcept override {
        ++asked;
        bytes.reset();
    }
};

TEST(ProcessBudget, AsksForWhatIsKeptBeforeItRefuses) {
    Budget& budget = process_budget();
    const auto kept = std::make_shared<KeptBytes>();
    kept->bytes.emplace(budget, 3000, "kept");
    add_reclaimable(kept);
    const test::MemoryLimit limit(1000);
    { const BudgetedBytes small(budget, 1000, "x"); }
    EXPECT_EQ(kept->asked, 0) << "there was room";
    { const BudgetedBytes large(budget, 4000, "x"); }
    EXPECT_EQ(kept->asked, 1);
    const BudgetedBytes used(budget, 2000, "x");
    EXPECT_FALSE(budget.try_take_bytes(3000));
    EXPECT_EQ(kept->asked, 2);
    EXPECT_FALSE(budget.try_take_bytes(std::uint64_t{1} << 60));
    EXPECT_EQ(kept->asked, 2) << "nothing helps where there is not as much at all";
    Budget other({.bytes = 10});
    EXPECT_FALSE(other.try_take_bytes(11));
    EXPECT_EQ(kept->asked, 2) << "only the process's budget";
}

TEST(ProcessBudget, StartsWithALimit) { EXPECT_GT(process_budget().byte_limit(), 0); }

TEST(OutOfMemory, NamesTheOption) { EXPECT_THAT(out_of_memory_text(), HasSubstr("--memory")); }

}  // namespace
}  // namespace halftone
