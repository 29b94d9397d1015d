#include "strategy/batched_search.hpp"

#include <utility>

namespace halftone {

BatchedSearch::BatchedSearch(const StrategyContext& context, Subspace::Options options, const Plan& plan)
    : subspace_(context.space, options), plan_(plan), random_(mix(context.seed, plan.stream)) {}

Ask BatchedSearch::ask() {
    constexpr const char* kStartup = "startup";
    if (is_done_) return Ask::done();
    const std::int64_t asked = history_.asked();
    if (asked == 0) return propose(Point(subspace_.dimensions(), 0), kStartup);
    if (asked < plan_.startup) return propose(draw_new(), kStartup);
    // Batches begin at startup, startup + batch, …; each is made from all outcomes before it.
    if ((asked - plan_.startup) % plan_.batch == 0) {
        if (history_.told() < asked) return Ask::wait();
        has_model_ = make_model();
    }
    return has_model_ ? propose(suggest(), plan_.stage) : propose(draw_new(), kStartup);
}

void BatchedSearch::tell(TrialId trial, const Outcome& outcome) {
    history_.add_told(trial, outcome);
    learn(points_[trial.index()], history_.candidate(trial), outcome);
}

/// Asks for the point's candidate; where there is no point, the space is exhausted and the search ends.
Ask BatchedSearch::propose(std::optional<Point> point, const char* stage) {
    if (!point) {
        is_done_ = true;
        return Ask::done();
    }
    Candidate candidate = subspace_.candidate(*point);
    history_.add_asked(candidate);
    points_.push_back(*std::move(point));
    return Ask::for_trial(std::move(candidate), stage);
}

}  // namespace halftone
