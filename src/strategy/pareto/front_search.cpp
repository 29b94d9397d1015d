// The search of `pareto`, from a base on.
//
// Stages in order, with the function that begins each:
//   losses   start: a probe for each unit alone in high precision
//   front    predict_front: the knapsack's front of loss and latency (problem_of); then rounds of trials along it
//            (begin_round), each judged by narrow: the first spread over the front, later ones around where the goal is
//            expected to begin
#include "strategy/pareto/front_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace halftone {

FrontSearch::FrontSearch(const SearchSpace& space, const Goal& goal, const LatencyTable& table, FrontLimits limits)
    : space_(space), goal_(goal), table_(table), limits_(limits) {}

/// What each unit adds to the base's error shows when that unit alone is in high precision.
void FrontSearch::start(ProbedCandidate base, std::vector<Candidate> companions) {
    base_ = std::move(base);
    companions_ = std::move(companions);
    moves_ = all_fallbacks(base_.candidate);
    probes_.start(apply_each(space_, base_.candidate, moves_));
    stage_ = Stage::losses;
}

std::optional<Ask> FrontSearch::next_ask(History& history) {
    while (stage_ != Stage::done) {
        if (auto ask = probes_.next_ask("losses")) return ask;
        while (stage_ == Stage::front && next_companion_ < companions_.size()) {
            const Candidate& candidate = companions_[next_companion_++];
            if (!history.was_asked(candidate)) return propose(candidate, "model_wise", history);
        }
        while (next_in_queue_ < queue_.size()) {
            const Candidate& candidate = front_[queue_[next_in_queue_++]];
            if (!history.was_asked(candidate)) return propose(candidate, "front", history);
        }
        if (history.told() < history.asked()) return Ask::wait();
        advance(history);
    }
    return std::nullopt;
}

std::int64_t FrontSearch::most_trials_left() const {
    if (stage_ == Stage::done) return 0;
    const std::size_t now = companions_.size() - next_companion_ + queue_.size() - next_in_queue_;
    const auto rounds = static_cast<std::size_t>(limits_.rounds - round_);
    return static_cast<std::int64_t>(now + rounds * limits_.batch);
}

Ask FrontSearch::propose(const Candidate& candidate, const char* stage, History& history) const {
    history.add_asked(candidate);
    Ask ask = Ask::for_trial(candidate, stage);
    ask.group = round_;
    return ask;
}

void FrontSearch::advance(const History& history) {
    if (stage_ == Stage::losses) {
        predict_front();
    } else {
        narrow(history);
    }
    begin_round(history);
}

std::vector<FallbackMove> FrontSearch::all_fallbacks(const Candidate& base) const {
    std::vector<FallbackMove> all;
    for (const DType dtype : fallback_dtypes(space_)) {
        const std::vector<FallbackMove> moves = fallback_moves(space_, base, dtype);
        all.insert(all.end(), moves.begin(), moves.end());
    }
    return all;
}

// Quantization errors of different units are nearly uncorrelated, so their noise powers add, to first order: the
// error of a plan is the base's less what its fallbacks remove. A fallback cannot add error; where the probe says
// so it is noise, and counts as nothing. The knapsack wants losses >= 0, so a unit's loss is what its best fallback
// would remove, less what this option removes.
KnapsackProblem FrontSearch::problem_of(const Candidate& base, const std::vector<FallbackMove>& moves,
                                        const std::vector<double>& gains) const {
    KnapsackProblem problem{.units = {}, .conversions = table_.conversions, .rest_ms = table_.rest_ms};
    std::vector<double> most(space_.decisions().size(), 0.0);
    for (std::size_t m = 0; m < moves.size(); ++m) {
        most[moves[m].decision] = std::max(most[moves[m].decision], gains[m]);
    }
    for (std::size_t u = 0; u < space_.decisions().size(); ++u) {
        problem.units.push_back({choice_of(u, base.choice[u], most[u])});
    }
    for (std::size_t m = 0; m < moves.size(); ++m) {
        const std::size_t u = moves[m].decision;
        problem.units[u].push_back(choice_of(u, moves[m].option, most[u] - gains[m]));
    }
    return problem;
}

KnapsackChoice FrontSearch::choice_of(std::size_t unit, std::uint16_t option, double loss) const {
    return {.option = option,
            // Of a dynamic unit the neighbours see real values, as of one in fp32.
            .is_quantized = space_.decisions()[unit].options[option].is_static(),
            .loss = loss,
            .ms = table_.unit_ms[unit][option]};
}

Candidate FrontSearch::fastest(const Candidate& base) const {
    const std::vector<FallbackMove> moves = all_fallbacks(base);
    // Without losses one plan beats all others, and the front is that plan.
    auto front = knapsack_front(problem_of(base, moves, std::vector<double>(moves.size(), 0.0)));
    return space_.make(base.calibration, std::move(front.front().options));
}

void FrontSearch::predict_front() {
    std::vector<double> gains;
    for (const double left : probes_.errors()) {
        const double gain = base_.error - left;
        gains.push_back(std::isfinite(gain) ? std::max(0.0, gain) : 0.0);
    }
    for (KnapsackPoint& point : knapsack_front(problem_of(base_.candidate, moves_, gains))) {
        front_.push_back(space_.make(base_.candidate.calibration, std::move(point.options)));
        losses_.push_back(point.loss);
    }
    passing_ = front_.size();
    stage_ = Stage::front;
}

/// Points of the front, fastest first: those up to `failing_` (exclusive) fail, `passing_` passes; between them
/// nobody knows.
void FrontSearch::begin_round(const History& history) {
    queue_.clear();
    next_in_queue_ = 0;
    if (failing_ >= passing_ || round_ == limits_.rounds) {
        stage_ = Stage::done;
        return;
    }
    ++round_;
    const std::set<std::size_t> points =
        passing_ < front_.size() && failing_ > 0 ? around(expected(history)) : spread();
    queue_.assign(points.begin(), points.end());
}

/// `batch` points evenly between the known ones, the ends included.
std::set<std::size_t> FrontSearch::spread() const {
    std::set<std::size_t> points;
    const std::size_t count = passing_ - failing_;
    const std::size_t wanted = std::min(limits_.batch, count);
    for (std::size_t i = 0; i < wanted; ++i) {
        points.insert(failing_ + (wanted == 1 ? 0 : i * (count - 1) / (wanted - 1)));
    }
    return points;
}

/// `batch` points around `center`, closest ones first. The steps double, because the expectation may be far off.
std::set<std::size_t> FrontSearch::around(std::size_t center) const {
    std::set<std::size_t> points;
    const auto add = [&](std::int64_t point) {
        if (std::cmp_greater_equal(point, failing_) && std::cmp_less(point, passing_) && points.size() < limits_.batch)
            points.insert(static_cast<std::size_t>(point));
    };
    add(static_cast<std::int64_t>(center));
    for (std::int64_t step = 1; std::cmp_less(step, 2 * front_.size()); step *= 2) {
        add(static_cast<std::int64_t>(center) - step);
        add(static_cast<std::int64_t>(center) + step);
    }
    return points;
}

/// The point where the goal should begin to hold, if accuracy is linear in the predicted loss between the closest
/// failing and passing points. Where that says nothing, the middle.
std::size_t FrontSearch::expected(const History& history) const {
    const auto below = history.accuracy(front_[failing_ - 1]);
    const auto above = history.accuracy(front_[passing_]);
    std::size_t middle = (failing_ + passing_) / 2;
    if (!below || !above || *below == *above) return middle;
    const double share = (goal_.target() - *below) / (*above - *below);
    const double loss = losses_[failing_ - 1] + share * (losses_[passing_] - losses_[failing_ - 1]);
    for (std::size_t p = failing_; p < passing_; ++p) {
        if (losses_[p] <= loss) return p;
    }
    return passing_ - 1;
}

/// Judges a round. Takes it that along the front less loss is never worse: `passing_` becomes the first point that
/// passes, and all before a failing point count as failing.
void FrontSearch::narrow(const History& history) {
    for (const std::size_t point : queue_) {
        const auto outcome = history.find(front_[point]);
        if (outcome && goal_.is_met(*outcome)) passing_ = std::min(passing_, point);
    }
    for (const std::size_t point : queue_) {
        if (point < passing_) failing_ = std::max(failing_, point + 1);
    }
}

}  // namespace halftone
