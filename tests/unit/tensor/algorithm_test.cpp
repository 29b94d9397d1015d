#include "tensor/algorithm.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/hash.hpp"

namespace halftone {
namespace {

std::uint64_t hash_of(const Algorithm& algorithm) {
    Hasher hasher;
    return add_algorithm(hasher, algorithm).digest();
}

TEST(Algorithm, HoldsItsWord) {
    std::string word = "inner";
    const Algorithm algorithm(word);
    word = "other";
    EXPECT_EQ(algorithm.word(), "inner");
    EXPECT_EQ(Algorithm("kl"), Algorithm::kl);
    EXPECT_NE(algorithm, Algorithm::kl);
}

TEST(Algorithm, RefusesWordsThatDoNotFit) {
    EXPECT_THROW(Algorithm(""), std::invalid_argument);
    EXPECT_THROW(Algorithm(std::string(Algorithm::kLongestWord + 1, 'a')), std::invalid_argument);
    EXPECT_EQ(Algorithm(std::string(Algorithm::kLongestWord, 'a')).word().size(), Algorithm::kLongestWord);
}

TEST(Algorithm, IsOrderedByNumberAndThenByWord) {
    const std::vector<Algorithm> in_order{Algorithm::minmax, Algorithm::kl,         Algorithm::percentile,
                                          Algorithm::mse,    Algorithm("absolute"), Algorithm("inner")};
    for (std::size_t i = 1; i < in_order.size(); ++i) EXPECT_LT(in_order[i - 1], in_order[i]) << i;
}

TEST(Algorithm, HashesOfTheFirstFourAreThoseOfTheirNumbers) {
    // Journals hold hashes that were made when an algorithm was an enum of one byte.
    const std::vector<Algorithm> numbered{Algorithm::minmax, Algorithm::kl, Algorithm::percentile, Algorithm::mse};
    for (std::size_t i = 0; i < numbered.size(); ++i) {
        EXPECT_EQ(hash_of(numbered[i]), Hasher().add(static_cast<std::uint8_t>(i)).digest()) << numbered[i].word();
    }
}

TEST(Algorithm, HashesOfOtherWordsDiffer) { EXPECT_NE(hash_of(Algorithm("inner")), hash_of(Algorithm("outer"))); }

}  // namespace
}  // namespace halftone
