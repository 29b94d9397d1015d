#include "strategy/automatic/preparation_ranking.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace halftone {
namespace {

/// A probe costs a run of the calibration samples, a hundredth to a tenth of a trial. With more candidates than these
/// the preparations are compared by one candidate each first.
constexpr std::size_t kMostProbesAtOnce = 96;
/// Of those, so many go on with all their candidates.
constexpr std::size_t kIndicesThatGoOn = 4;

/// The positions by error, the least first; equal ones keep their order.
std::vector<std::size_t> by_error(const std::vector<double>& errors) {
    std::vector<std::size_t> order(errors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return errors[a] < errors[b]; });
    return order;
}

/// The first candidate of each calibration index.
std::vector<Candidate> one_of_each_index(const std::vector<Candidate>& candidates) {
    std::vector<Candidate> firsts;
    std::set<std::int64_t> seen;
    for (const Candidate& candidate : candidates) {
        if (seen.insert(candidate.calibration).second) firsts.push_back(candidate);
    }
    return firsts;
}

}  // namespace

PreparationRanking::PreparationRanking(std::vector<Candidate> candidates)
    : candidates_(std::move(candidates)), all_(candidates_.size()), probed_(candidates_) {
    std::vector<Candidate> firsts = one_of_each_index(candidates_);
    // One index alone has nothing to be compared with, however many candidates it has.
    if (all_ > kMostProbesAtOnce && firsts.size() > 1) {
        probed_ = std::move(firsts);
        is_last_step_ = false;
    }
    probes_.start(probed_);
}

std::optional<Ask> PreparationRanking::next_ask() {
    if (auto ask = probes_.next_ask("preparation")) return ask;
    if (is_last_step_) return std::nullopt;
    is_last_step_ = true;
    probed_ = of_best_indices();
    probes_.start(probed_);
    return probes_.next_ask("preparation");
}

std::size_t PreparationRanking::probes_left() const {
    if (is_last_step_) return probes_.left();
    // In the first step one candidate of each index is probed, and the second has all candidates of a few indices.
    const std::size_t indices = probed_.size();
    return probes_.left() + std::min(kIndicesThatGoOn, indices) * all_ / std::max<std::size_t>(indices, 1);
}

std::vector<Candidate> PreparationRanking::of_best_indices() const {
    std::set<std::int64_t> chosen;
    for (const std::size_t i : by_error(probes_.errors())) {
        if (chosen.size() < kIndicesThatGoOn) chosen.insert(probed_[i].calibration);
    }
    std::vector<Candidate> all;
    std::copy_if(candidates_.begin(), candidates_.end(), std::back_inserter(all),
                 [&](const Candidate& candidate) { return chosen.contains(candidate.calibration); });
    return all;
}

std::vector<ProbedCandidate> PreparationRanking::best(std::size_t count) const {
    std::vector<ProbedCandidate> found;
    std::vector<ProbedCandidate> others;
    std::set<std::int64_t> seen;
    for (const std::size_t i : by_error(probes_.errors())) {
        const ProbedCandidate candidate{probed_[i], probes_.errors()[i]};
        (seen.insert(probed_[i].calibration).second ? found : others).push_back(candidate);
    }
    found.insert(found.end(), others.begin(), others.end());
    found.resize(std::min(found.size(), count));
    return found;
}

}  // namespace halftone
