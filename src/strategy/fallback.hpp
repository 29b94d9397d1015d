#pragma once
// Falling back to high precision, unit by unit: the moves, their ranking by accuracy, and the walks along a ranking
// that several strategies share.

#include <cstdint>
#include <optional>
#include <vector>

#include "strategy/history.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// One unit set to one of its options; in most uses, a high-precision one.
struct FallbackMove {
    std::size_t decision = 0;
    std::uint16_t option = 0;
    friend bool operator==(const FallbackMove&, const FallbackMove&) = default;
};

/// A candidate with its accuracy, which is NaN if the candidate failed or if its accuracy is not known. Both are kept
/// together, so that one cannot be replaced without the other.
struct Judged {
    Candidate candidate;
    double accuracy = 0;
};
[[nodiscard]] Judged judge(const Candidate& candidate, const History& history);
/// Returns the most accurate candidate, of equal ones the first. If all of them failed, it is the first candidate,
/// because with fallbacks it may no longer fail. @pre there is a candidate
[[nodiscard]] Judged best_of(const std::vector<Candidate>& candidates, const Goal& goal, const History& history);

/// Returns the high-precision dtypes that some unit can fall back to, cheapest first: bf16, then fp32. The list is
/// empty if no unit has a quantized option.
[[nodiscard]] std::vector<DType> fallback_dtypes(const SearchSpace& space);

/// Returns the moves to `dtype` from `base`, last unit first. Units that do not offer the dtype, or have it already,
/// have no move.
[[nodiscard]] std::vector<FallbackMove> fallback_moves(const SearchSpace& space, const Candidate& base, DType dtype);

[[nodiscard]] Candidate apply(const SearchSpace& space, const Candidate& base, FallbackMove move);

/// Returns one candidate for each move: the base with that move alone.
[[nodiscard]] std::vector<Candidate> apply_each(const SearchSpace& space, const Candidate& base,
                                                const std::vector<FallbackMove>& moves);

/// Returns the moves, sorted by the accuracy of the base with each of them alone, the best first in the goal's
/// direction. Ties keep their order, failures come last.
[[nodiscard]] std::vector<FallbackMove> rank_moves(const SearchSpace& space, const Goal& goal, const History& history,
                                                   const Candidate& base, std::vector<FallbackMove> moves);

/// Returns the base with the first move, with the first two, and so on up to all of them.
[[nodiscard]] std::vector<Candidate> accumulate_moves(const SearchSpace& space, Candidate base,
                                                      const std::vector<FallbackMove>& moves);

/// Walks along a ranking and keeps a move only if it makes the best candidate strictly better. The steps cannot run in
/// parallel, because each one depends on the one before.
class IncrementalWalk {
public:
    IncrementalWalk(const SearchSpace& space, const Goal& goal, Judged start, std::vector<FallbackMove> moves)
        : space_(space), goal_(goal), best_(std::move(start)), moves_(std::move(moves)) {}

    /// Judges every step whose outcome is known. Returns the candidate whose outcome is needed next; nothing at the
    /// end.
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
