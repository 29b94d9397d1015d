#pragma once
// ChainSearch: finds how many of the ranked fallbacks the goal needs, by asking about one number after the other.

#include <cstddef>
#include <cstdint>
#include <optional>

namespace halftone {

/// A chain of length n stands for 1 … n fallbacks; the base without a fallback is known to fail.
class ChainSearch {
public:
    enum class Method : std::uint8_t {
        bisection,  ///< assumes that more fallbacks never fail where fewer pass; about 2 log2 n trials
        greedy,     ///< tries one after the other and assumes nothing; up to n trials
    };
    ChainSearch(std::size_t length, Method method) : length_(length), method_(method) {}

    /// Returns how many fallbacks to try next; nothing when the search is over.
    [[nodiscard]] std::optional<std::size_t> next() const;
    /// Notes whether so many fallbacks pass. @pre next() returned this number
    void note(std::size_t fallbacks, bool passes);
    /// Returns the fewest fallbacks that pass; nothing if even all of them fail, or while none has passed.
    [[nodiscard]] std::optional<std::size_t> passing() const { return passing_; }

private:
    std::size_t length_;
    Method method_;
    std::size_t failing_ = 0;             ///< the most fallbacks that fail
    std::optional<std::size_t> passing_;  ///< the fewest that pass
};

}  // namespace halftone
