#pragma once
// Algorithm: the name of a rule that chooses a range from statistics. The set of names is open: each observer adds its
// own (calib/observers/list.inc), and calib/observer.hpp says which names have an observer.

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace halftone {

/// A small value that holds the word itself, so that a copy refers to no other memory.
class Algorithm {
public:
    static constexpr std::size_t kLongestWord = 23;

    /// The four that code outside calib/observers names. Other observers need no constant here.
    static const Algorithm minmax, kl, percentile, mse;

    /// Takes any word; it does not check whether an observer has this word.
    /// @throws std::invalid_argument when it is empty or longer than kLongestWord
    constexpr explicit Algorithm(std::string_view word) : size_(static_cast<std::uint8_t>(word.size())) {
        if (word.empty() || word.size() > kLongestWord) throw std::invalid_argument("an algorithm's word is 1-23 long");
        std::copy(word.begin(), word.end(), letters_.begin());
    }

    /// Valid as long as this object.
    [[nodiscard]] constexpr std::string_view word() const { return {letters_.data(), size_}; }

    /// Returns 0 to 3 for the four constants and kOpenNumber for all others. Hashes of candidates were made from these
    /// numbers when the set was closed, and journals hold those hashes, so the numbers must never change.
    [[nodiscard]] constexpr std::uint8_t number() const {
        constexpr std::array<std::string_view, kOpenNumber> kNumbered{"minmax", "kl", "percentile", "mse"};
        return static_cast<std::uint8_t>(std::find(kNumbered.begin(), kNumbered.end(), word()) - kNumbered.begin());
    }
    static constexpr std::uint8_t kOpenNumber = 4;

    friend constexpr bool operator==(const Algorithm& a, const Algorithm& b) { return a.word() == b.word(); }
    /// The four constants in the order of their numbers, then the others by word.
    friend constexpr std::strong_ordering operator<=>(const Algorithm& a, const Algorithm& b) {
        if (const auto order = a.number() <=> b.number(); order != 0) return order;
        return a.word() <=> b.word();
    }

private:
    std::array<char, kLongestWord> letters_{};
    std::uint8_t size_ = 0;
};

inline constexpr Algorithm Algorithm::minmax{"minmax"};
inline constexpr Algorithm Algorithm::kl{"kl"};
inline constexpr Algorithm Algorithm::percentile{"percentile"};
inline constexpr Algorithm Algorithm::mse{"mse"};

/// Adds an algorithm to a hash: its number as one byte and, behind kOpenNumber, its word.
template <class Hasher>
Hasher& add_algorithm(Hasher& hasher, const Algorithm& algorithm) {
    hasher.add(algorithm.number());
    return algorithm.number() == Algorithm::kOpenNumber ? hasher.add(algorithm.word()) : hasher;
}

}  // namespace halftone
