#include "strategy/automatic/preparation_ranking.hpp"

#include <algorithm>
#include <iterator>
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

/// The candidates whose preparation does nothing.
std::vector<Candidate> plain_ones(const SearchSpace& space, const std::vector<Candidate>& candidates) {
    std::vector<Candidate> plain;
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(plain),
                 [&](const Candidate& candidate) { return space.preparation(candidate.calibration) == Preparation{}; });
    return plain;
}

}  // namespace

PreparationRanking::PreparationRanking(const SearchSpace& space, std::vector<Candidate> candidates)
    : candidates_(std::move(candidates)) {
    std::vector<Candidate> plain = plain_ones(space, candidates_);
    for (const Candidate& candidate : plain) plain_indices_.insert(candidate.calibration);
    if (plain.empty() || plain.size() == candidates_.size()) {
        begin_all();
    } else {
        begin(Step::plain, std::move(plain));
    }
}

void PreparationRanking::begin(Step step, std::vector<Candidate> ranked) {
    step_ = step;
    ranked_ = std::move(ranked);
    asked_.clear();
    std::copy_if(ranked_.begin(), ranked_.end(), std::back_inserter(asked_),
                 [&](const Candidate& candidate) { return !errors_.contains(candidate.hash); });
    probes_.start(asked_);
}

void PreparationRanking::begin_all() {
    std::vector<Candidate> firsts = one_of_each_index(candidates_);
    // One index alone has nothing to be compared with, however many candidates it has.
    if (candidates_.size() > kMostProbesAtOnce && firsts.size() > 1) {
        begin(Step::one_of_each, std::move(firsts));
    } else {
        begin(Step::last, candidates_);
    }
}

void PreparationRanking::include_all() { begin_all(); }

std::optional<Ask> PreparationRanking::next_ask() {
    if (auto ask = probes_.next_ask("preparation")) return ask;
    if (step_ != Step::one_of_each) return std::nullopt;
    begin(Step::last, of_best_indices());
    return probes_.next_ask("preparation");
}

void PreparationRanking::tell_probe(const ProbeResult& result) {
    probes_.tell(result);
    errors_.emplace(asked_[probes_.errors().size() - 1].hash, probes_.errors().back());
}

std::size_t PreparationRanking::probes_left() const {
    if (step_ != Step::one_of_each) return probes_.left();
    // The step behind this one has all candidates of a few indices, one of each of which is being probed now.
    const std::size_t indices = std::max<std::size_t>(ranked_.size(), 1);
    return probes_.left() + std::min(kIndicesThatGoOn, indices) * (candidates_.size() / indices - 1);
}

// Of the step behind one_of_each nobody knows the indices; all of them count as prepared, and most of them are.
std::size_t PreparationRanking::prepared_probes_left() const {
    const auto next = asked_.begin() + static_cast<std::ptrdiff_t>(probes_.errors().size());
    const auto plain = std::count_if(
        next, asked_.end(), [&](const Candidate& candidate) { return plain_indices_.contains(candidate.calibration); });
    return probes_left() - static_cast<std::size_t>(plain);
}

std::size_t PreparationRanking::probes_behind_plain() const {
    const std::size_t all = candidates_.size() - ranked_.size();
    const std::size_t indices = one_of_each_index(candidates_).size();
    if (candidates_.size() <= kMostProbesAtOnce || indices <= 1) return all;
    // As in probes_left(), for a step that has not begun.
    const std::size_t firsts = indices - plain_indices_.size();
    return firsts + std::min(kIndicesThatGoOn, indices) * (candidates_.size() / indices - 1);
}

std::optional<double> PreparationRanking::least_error() const {
    std::optional<double> least;
    for (const auto& [hash, error] : errors_) least = std::min(error, least.value_or(error));
    return least;
}

std::vector<double> PreparationRanking::errors_of_ranked() const {
    std::vector<double> errors;
    for (const Candidate& candidate : ranked_) errors.push_back(errors_.at(candidate.hash));
    return errors;
}

std::vector<Candidate> PreparationRanking::of_best_indices() const {
    std::set<std::int64_t> chosen;
    for (const std::size_t i : by_error(errors_of_ranked())) {
        if (chosen.size() < kIndicesThatGoOn) chosen.insert(ranked_[i].calibration);
    }
    std::vector<Candidate> all;
    std::copy_if(candidates_.begin(), candidates_.end(), std::back_inserter(all),
                 [&](const Candidate& candidate) { return chosen.contains(candidate.calibration); });
    return all;
}

std::vector<ProbedCandidate> PreparationRanking::best(std::size_t count) const {
    const std::vector<double> errors = errors_of_ranked();
    std::vector<ProbedCandidate> found;
    std::vector<ProbedCandidate> others;
    std::set<std::int64_t> seen;
    for (const std::size_t i : by_error(errors)) {
        const ProbedCandidate candidate{ranked_[i], errors[i]};
        (seen.insert(ranked_[i].calibration).second ? found : others).push_back(candidate);
    }
    found.insert(found.end(), others.begin(), others.end());
    found.resize(std::min(found.size(), count));
    return found;
}

}  // namespace halftone
