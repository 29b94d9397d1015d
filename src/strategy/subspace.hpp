#pragma once
// Subspace: a part of the search space that has some of the options of each unit. It gives a point by its number, at
// random, or one after the other.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "strategy/history.hpp"

namespace halftone {

/// The coordinates of a point: the calibration index, then for each unit the place of its option among those admitted.
using Point = std::vector<std::uint16_t>;

class Subspace {
public:
    enum class Options {
        all,
        quantized,  ///< units without a quantized option keep their first option
    };
    Subspace(const SearchSpace& space, Options options);

    [[nodiscard]] std::size_t dimensions() const { return choices_.size() + 1; }
    /// Returns how many values a coordinate can have.
    [[nodiscard]] std::size_t places(std::size_t dimension) const;
    /// Returns the number of points; different points may have the same effect.
    [[nodiscard]] long double size() const;
    /// Returns point number `index`, 0 <= index < min(size(), 2^63).
    [[nodiscard]] Point at(std::uint64_t index) const;
    [[nodiscard]] Point draw(Rng& random) const;
    [[nodiscard]] Candidate candidate(const Point& point) const;
    /// Returns a random point whose effective candidate was not asked for. If random points keep repeating, the search
    /// goes in order from a random number on, in spaces of up to a million points. Returns nothing if there is no such
    /// point, or if it would take too long to find one.
    [[nodiscard]] std::optional<Point> draw_new(Rng& random, const History& history) const;

private:
    const SearchSpace& space_;
    std::vector<std::vector<std::uint16_t>> choices_;  ///< [unit]: options admitted
};

}  // namespace halftone
