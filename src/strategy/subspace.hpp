#pragma once
// A part of the search space: for each unit some of its options. Points of it can be drawn, numbered and walked.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "strategy/history.hpp"

namespace halftone {

/// Coordinates: the calibration index, then for each unit the place of its option among those admitted.
using Point = std::vector<std::uint16_t>;

class Subspace {
public:
    enum class Options {
        all,
        quantized,  ///< units without any keep their first option
    };
    Subspace(const SearchSpace& space, Options options);

    [[nodiscard]] std::size_t dimensions() const { return choices_.size() + 1; }
    /// Places of one coordinate.
    [[nodiscard]] std::size_t places(std::size_t dimension) const;
    [[nodiscard]] long double size() const;
    /// Point number `index`, 0 <= index < min(size(), 2^63).
    [[nodiscard]] Point at(std::uint64_t index) const;
    [[nodiscard]] Point draw(Rng& random) const;
    [[nodiscard]] Candidate candidate(const Point& point) const;
    /// A point whose effect was not asked for: drawn, and where draws keep repeating, looked for in spaces of up to a
    /// million points from a drawn place on. None: there is none, or it would take too long to find one.
    [[nodiscard]] std::optional<Point> draw_new(Rng& random, const History& history) const;

private:
    const SearchSpace& space_;
    std::vector<std::vector<std::uint16_t>> choices_;  ///< [unit]: options admitted
};

}  // namespace halftone
