#include "strategy/bayesian/promise_search.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace halftone {
namespace {

constexpr long double kMostScanned = 4096;  // spaces up to this size are looked at point by point
constexpr int kClimbs = 3;                  // in larger ones: from the two best and from a drawn point
constexpr int kMostClimbSteps = 16;

std::optional<Point> scan(const Subspace& subspace, const Surrogate& surrogate, const WasAsked& was_asked) {
    std::vector<Point> points;
    for (std::uint64_t i = 0; static_cast<long double>(i) < subspace.size(); ++i) {
        Point point = subspace.at(i);
        if (!was_asked(point)) points.push_back(std::move(point));
    }
    if (points.empty()) return std::nullopt;
    const std::vector<double> promises = surrogate.promises(points);
    return points[static_cast<std::size_t>(std::max_element(promises.begin(), promises.end()) - promises.begin())];
}

/// The two best observed points, where good neighbours are likely, and a drawn one, so that other regions are seen too.
std::vector<Point> climb_starts(const Subspace& subspace, const ObservedModel& model, Rng& random) {
    std::vector<std::size_t> order(model.points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return model.targets[a] > model.targets[b]; });
    std::vector<Point> starts;
    for (std::size_t i = 0; i + 1 < kClimbs && i < order.size(); ++i) starts.push_back(model.points[order[i]]);
    starts.push_back(subspace.draw(random));
    return starts;
}

/// All points that differ in one coordinate.
std::vector<Point> neighbours(const Subspace& subspace, const Point& point) {
    std::vector<Point> all;
    for (std::size_t d = 0; d < point.size(); ++d) {
        for (std::size_t place = 0; place < subspace.places(d); ++place) {
            if (place == point[d]) continue;
            all.push_back(point);
            all.back()[d] = static_cast<std::uint16_t>(place);
        }
    }
    return all;
}

/// Goes to the best neighbour until none is better. Everything that was looked at is kept in `seen`: the summit itself
/// was often asked for already.
void climb(const Subspace& subspace, const Surrogate& surrogate, Point here, std::map<Point, double>& seen) {
    double height = surrogate.promises({here}).front();
    seen.emplace(here, height);
    for (int step = 0; step < kMostClimbSteps; ++step) {
        const std::vector<Point> around = neighbours(subspace, here);
        const std::vector<double> promises = surrogate.promises(around);
        for (std::size_t i = 0; i < around.size(); ++i) seen.emplace(around[i], promises[i]);
        const auto best = std::max_element(promises.begin(), promises.end());
        if (best == promises.end() || *best <= height) break;
        height = *best;
        here = around[static_cast<std::size_t>(best - promises.begin())];
    }
}

/// Returns the most promising new point of those seen; of equal ones the first by coordinates.
std::optional<Point> best_new(const std::map<Point, double>& seen, const WasAsked& was_asked) {
    std::vector<std::pair<double, const Point*>> order;
    for (const auto& [point, promise] : seen) order.emplace_back(promise, &point);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [promise, point] : order) {
        if (!was_asked(*point)) return *point;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Point> find_most_promising(const Subspace& subspace, const Surrogate& surrogate,
                                         const ObservedModel& model, const WasAsked& was_asked, Rng& random) {
    if (subspace.size() <= kMostScanned) return scan(subspace, surrogate, was_asked);
    std::map<Point, double> seen;
    for (const Point& start : climb_starts(subspace, model, random)) climb(subspace, surrogate, start, seen);
    return best_new(seen, was_asked);
}

}  // namespace halftone
