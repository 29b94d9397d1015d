#include "strategy/sensitivity/chain_search.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

struct Found {
    std::optional<std::size_t> passing;
    int trials = 0;
};

/// Searches a chain in which `needed` fallbacks are the fewest that pass.
Found search(std::size_t length, std::size_t needed, ChainSearch::Method method) {
    ChainSearch chain(length, method);
    Found found;
    while (const auto next = chain.next()) {
        chain.note(*next, *next >= needed);
        ++found.trials;
    }
    found.passing = chain.passing();
    return found;
}

TEST(ChainSearch, FindsTheFewestFallbacksThatPass) {
    for (const auto method : {ChainSearch::Method::bisection, ChainSearch::Method::greedy}) {
        for (std::size_t length = 1; length <= 20; ++length) {
            for (std::size_t needed = 1; needed <= length; ++needed) {
                EXPECT_EQ(search(length, needed, method).passing, needed) << length;
            }
        }
    }
}

TEST(ChainSearch, IfEvenAllFailNothingPasses) {
    for (const auto method : {ChainSearch::Method::bisection, ChainSearch::Method::greedy}) {
        EXPECT_EQ(search(7, 8, method).passing, std::nullopt);
        EXPECT_EQ(search(0, 1, method).trials, 0) << "there is nothing to try";
    }
}

// 2, 4, 8, 16 fail or pass, then the gap is halved: twice the logarithm at most.
TEST(ChainSearch, BisectionTakesFewTrials) {
    for (std::size_t needed = 1; needed <= 64; ++needed) {
        EXPECT_LE(search(64, needed, ChainSearch::Method::bisection).trials, 11) << needed;
    }
}

TEST(ChainSearch, BisectionBeginsWithFewFallbacks) {
    const ChainSearch chain(64, ChainSearch::Method::bisection);
    EXPECT_EQ(chain.next(), 2U);
}

}  // namespace
}  // namespace halftone
