// The bootstrap puts the samples that there are in place of all that could be: what a figure does under redrawing them,
// it would do about as much under other data. Differences of two models on the same draws are paired, so what is hard
// for both cancels. Source: Efron and Tibshirani 1993, chapters 6 and 13.
#include "metric/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.hpp"

namespace halftone {
namespace {

/// Any constant will do, as long as it never changes: an interval in a journal must come out again.
constexpr std::uint64_t kBootstrapSeed = 0x9527;

/// The value below which this share of sorted values lies, between two neighbours by their distance (as NumPy).
double quantile_of(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<double> resampled_values(std::size_t samples, const std::function<double(const DrawnTimes&)>& value) {
    std::vector<double> values;
    for (std::size_t i = 0; i < kResamples; ++i) {
        Rng rng(mix(kBootstrapSeed, i, samples));
        DrawnTimes times(samples);
        for (std::size_t drawn = 0; drawn < samples; ++drawn) ++times[static_cast<std::size_t>(rng.below(samples))];
        values.push_back(value(times));
    }
    return values;
}

Interval bootstrap95(std::span<const double> baseline, std::span<const double> candidate) {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    if (baseline.size() != candidate.size() || baseline.empty()) return {kNaN, kNaN};
    std::vector<double> differences;
    for (std::size_t i = 0; i < baseline.size(); ++i) differences.push_back(baseline[i] - candidate[i]);
    // A draw without any object has no figure. Leaving it out would leave out the same draw of every model, but the
    // others would no longer stand for the whole, so nothing is said at all.
    const auto is_finite = [](double difference) { return std::isfinite(difference); };
    if (!std::all_of(differences.begin(), differences.end(), is_finite)) return {kNaN, kNaN};
    std::sort(differences.begin(), differences.end());
    constexpr double kTail = 0.025;
    return {quantile_of(differences, kTail), quantile_of(differences, 1 - kTail)};
}

}  // namespace halftone
