#include "strategy/fallback_search.hpp"

#include <utility>

#include "strategy/model_wise.hpp"

namespace halftone {

FallbackSearch::FallbackSearch(const StrategyContext& context)
    : space_(context.space),
      goal_(context.goal),
      dtypes_(fallback_dtypes(context.space)),
      queue_(model_wise_candidates(context.space, context.model_wise)) {}

// Everything inside a stage is asked for at once, so it runs in parallel; only the incremental walk is serial by
// nature, because each step depends on the one before.
Ask FallbackSearch::ask() {
    while (stage_ != Stage::done) {
        if (stage_ == Stage::incremental) {
            const auto candidate = walk_->advance(history_);
            if (candidate) return history_.was_asked(*candidate) ? Ask::wait() : propose(*candidate);
        }
        while (next_in_queue_ < queue_.size()) {
            const Candidate& candidate = queue_[next_in_queue_++];
            if (!history_.was_asked(candidate)) return propose(candidate);
        }
        // A stage is judged as a whole, so every outcome must be there before the next one starts.
        if (history_.told() < history_.asked()) return Ask::wait();
        if (stage_ == Stage::ranking) {
            if (auto ask = ask_for_ranking()) return *std::move(ask);
        }
        begin_next_stage();
    }
    return Ask::done();
}

// Of each dtype every unit may be tried alone, in the walk and in the chain.
std::optional<std::int64_t> FallbackSearch::most_trials_left() const {
    if (stage_ == Stage::done) return 0;
    constexpr std::size_t kStagesOfADtype = 3;
    const std::size_t of_dtype = kStagesOfADtype * space_.decisions().size();
    const std::size_t later = (dtypes_.size() - dtype_) * of_dtype;
    return static_cast<std::int64_t>(later + queue_.size() - next_in_queue_);
}

Ask FallbackSearch::propose(const Candidate& candidate) {
    history_.add_asked(candidate);
    Ask ask = Ask::for_trial(candidate, stage_name());
    // Fallbacks of one unit each have all units before it in common, so they share work in one group.
    if (stage_ == Stage::ranking) ask.group = static_cast<std::int64_t>(dtype_) + 1;
    // A chain of known candidates: all may run at once, and nothing looks at their accuracies.
    ask.verdict_only = stage_ == Stage::cumulative;
    return ask;
}

void FallbackSearch::begin_next_stage() {
    switch (stage_) {
        case Stage::model_wise:
            base_ = best_of(queue_, goal_, history_);
            best_ = base_;
            begin_dtype();
            break;
        case Stage::ranking:
            moves_ = rank(std::move(moves_));
            if (walks_incrementally()) {
                begin_incremental();
            } else {
                begin_cumulative();
            }
            break;
        case Stage::incremental:
            best_ = walk_->best();
            begin_cumulative();
            break;
        case Stage::cumulative:
            ++dtype_;
            begin_dtype();
            break;
        case Stage::done:
            break;
    }
}

void FallbackSearch::begin_dtype() {
    if (dtype_ == dtypes_.size()) {
        stage_ = Stage::done;
        return;
    }
    moves_ = fallback_moves(space_, base_.candidate, dtypes_[dtype_]);
    begin(Stage::ranking, ranking_candidates(moves_));
}

void FallbackSearch::begin_incremental() {
    walk_.emplace(space_, goal_, best_, moves_);
    begin(Stage::incremental, {});
}

void FallbackSearch::begin_cumulative() { begin(Stage::cumulative, accumulate_moves(space_, base_.candidate, moves_)); }

void FallbackSearch::begin(Stage stage, std::vector<Candidate> candidates) {
    stage_ = stage;
    queue_ = std::move(candidates);
    next_in_queue_ = 0;
}

const char* FallbackSearch::stage_name() const {
    switch (stage_) {
        case Stage::model_wise:
            return "model_wise";
        case Stage::ranking:
            return "fallback_one";
        case Stage::incremental:
            return "fallback_incremental";
        case Stage::cumulative:
            return "fallback_cumulative";
        case Stage::done:
            break;
    }
    return "done";
}

}  // namespace halftone
