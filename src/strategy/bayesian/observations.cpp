#include "strategy/bayesian/observations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace halftone {
namespace {

/// The model is made from so many of the best and of the latest observations. More would cost n^3: with 192 an ask
/// stays below 0.2 s.
constexpr std::size_t kBestKept = 96;
constexpr std::size_t kLatestKept = 96;
constexpr std::size_t kMostFitted = 128;  // of them, for the parameters: a fit factorizes the matrix 60 times
constexpr std::size_t kOftenFitted = 64;  // up to so many observations the parameters are fitted for every batch

}  // namespace

void Observations::add(const Point& point, std::optional<double> target) {
    if (target) worst_ = std::min(worst_.value_or(*target), *target);
    told_.emplace_back(point, target);
}

/// A failed trial counts as the worst seen: the model keeps away from it, and does not learn a number that nobody saw.
double Observations::target_of(std::size_t trial) const { return told_[trial].second.value_or(*worst_); }

// The best say where the optimum is, the latest what was learnt last; the order stays that of the trials.
std::vector<std::size_t> Observations::select_trials() const {
    std::vector<std::size_t> all(told_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (all.size() <= kBestKept + kLatestKept) return all;
    std::vector<std::size_t> kept(all.begin(), all.end() - kLatestKept);
    std::stable_sort(kept.begin(), kept.end(), [&](auto a, auto b) { return target_of(a) > target_of(b); });
    kept.resize(kBestKept);
    kept.insert(kept.end(), all.end() - kLatestKept, all.end());
    std::sort(kept.begin(), kept.end());
    return kept;
}

void Observations::update_model() {
    const std::vector<std::size_t> kept = select_trials();
    const auto count = static_cast<double>(kept.size());
    double mean = 0;
    for (const std::size_t t : kept) mean += target_of(t) / count;
    double variance = 0;
    for (const std::size_t t : kept) variance += (target_of(t) - mean) * (target_of(t) - mean) / count;
    const double deviation = variance > 0 ? std::sqrt(variance) : 1;  // all alike: then all are 0
    model_.points.clear();
    model_.targets.clear();
    for (const std::size_t t : kept) {
        model_.points.push_back(told_[t].first);
        model_.targets.push_back((target_of(t) - mean) / deviation);
    }
    // Fitting is the dear part, and the parameters move slowly once there are many observations: then they are fitted
    // again when a quarter more have come.
    if (told_.size() >= kOftenFitted && told_.size() < fitted_at_ + fitted_at_ / 4) return;
    fitted_at_ = told_.size();
    const std::size_t first = kept.size() - std::min(kMostFitted, kept.size());
    model_.parameters = GaussianProcess::fit(std::span<const Point>(model_.points).subspan(first),
                                             std::span<const double>(model_.targets).subspan(first));
}

}  // namespace halftone
