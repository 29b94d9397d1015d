#pragma once
// The search of the strategy bayesian for the point with the greatest promise.

#include <functional>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "strategy/bayesian/observations.hpp"
#include "strategy/bayesian/surrogate.hpp"
#include "strategy/subspace.hpp"

namespace halftone {

/// Says whether a point's candidate was asked for already.
using WasAsked = std::function<bool(const Point&)>;

/// Returns the point with the greatest promise that was not asked for; nothing if none was found. In a small space it
/// computes the promise of every point; in a larger one it climbs.
/// @param random  used only where a climb starts at a drawn point
[[nodiscard]] std::optional<Point> find_most_promising(const Subspace& subspace, const Surrogate& surrogate,
                                                       const ObservedModel& model, const WasAsked& was_asked,
                                                       Rng& random);

}  // namespace halftone
