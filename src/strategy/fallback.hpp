#pragma once
// Falling back to high precision, unit by unit: the moves, their ranking by accuracy, and the two walks along a ranking
// that basic and its relatives share.

#include <cstdint>
#include <optional>
#include <vector>

#include "strategy/history.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// One unit set to one of its high-precision options.
struct FallbackMove {
    std::size_t decision = 0;
    std::uint16_t option = 0;
    friend bool operator==(const FallbackMove&, const FallbackMove&) = default;
};

/// A candidate with its accuracy; NaN: it failed or is not known. As a pair, so that neither can go stale alone.
struct Judged {
    Candidate candidate;
    double accuracy = 0;
};
[[nodiscard]] Judged judge(const Candidate& candidate, const History& history);
/// The first of the most accurate. If all failed, the first candidate: falling back may mend it. @pre not empty
[[nodiscard]] Judged best_of(const std::vector<Candidate>& candidates, const Goal& goal, const History& history);

/// The high-precision dtypes that some unit can fall back to, cheapest first: bf16, then fp32. None if no unit has a
/// quantized option.
[[nodiscard]] std::vector<DType> fallback_dtypes(const SearchSpace& space);

/// Moves to `dtype` from `base`, last unit first. Units that do not offer it, or are there already, have none.
[[nodiscard]] std::vector<FallbackMove> fallback_moves(const SearchSpace& space, const Candidate& base, DType dtype);

[[nodiscard]] Candidate apply(const SearchSpace& space, const Candidate& base, FallbackMove move);

/// Each move by itself, from `base`.
[[nodiscard]] std::vector<Candidate> apply_each(const SearchSpace& space, const Candidate& base,
                                                const std::vector<FallbackMove>& moves);

/// The moves by the accuracy of each alone from `base`, best first in the goal's direction. Ties keep their order,
/// failures come last.
[[nodiscard]] std::vector<FallbackMove> rank_moves(const SearchSpace& space, const Goal& goal, const History& history,
                                                   const Candidate& base, std::vector<FallbackMove> moves);

/// base + 1st move, base + 1st + 2nd move, …
[[nodiscard]] std::vector<Candidate> accumulate_moves(const SearchSpace& space, Candidate base,
                                                      const std::vector<FallbackMove>& moves);

/// Walks a ranking and keeps a move only if it makes the best so far strictly better. Serial by nature: each step
/// depends on the one before.
class IncrementalWalk {
public:
    IncrementalWalk(const SearchSpace& space, const Goal& goal, Judged start, std::vector<FallbackMove> moves)
        : space_(space), goal_(goal), best_(std::move(start)), moves_(std::move(moves)) {}

    /// Judges every step whose outcome is known. @return the candidate whose outcome is needed next, none at the end
    [[nodiscard]] std::optional<Candidate> advance(const History& history);
    [[nodiscard]] const Judged& best() const { return best_; }

private:
    const SearchSpace& space_;
    Goal goal_;
    Judged best_;
    std::vector<FallbackMove> moves_;
    std::size_t next_ = 0;
};

}  // namespace halftone
