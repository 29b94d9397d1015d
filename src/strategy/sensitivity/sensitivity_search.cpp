// The search of `sensitivity`, from a base on.
//
// Stages in order, with the function that begins each:
//   base           begin_base: a trial of the base; if it passes, the search ends
//   fallback_one   begin_fallback_one: a probe for each unit alone in high precision
//   options        begin_options: probes of other quantized options of the most sensitive units
//   joint          begin_joint: one probe of the best options together; then base and fallback_one again
//   search         begin_search: trials along the ranked chain of fallbacks (chain_search.hpp)
//   requantize     begin_requantizing: each kept fallback is taken back if the goal holds without it
#include "strategy/sensitivity/sensitivity_search.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "strategy/sensitivity/other_options.hpp"

namespace halftone {

SensitivitySearch::SensitivitySearch(const SearchSpace& space, const Goal& goal, const SensitivitySettings& settings)
    : space_(space), goal_(goal), settings_(settings), dtypes_(fallback_dtypes(space)) {}

std::vector<std::string> SensitivitySearch::heuristics() const {
    std::vector<std::string> steps{"configurations and units are ranked by the error of the model's output"};
    if (settings_.search == ChainSearch::Method::bisection)
        steps.emplace_back("bisection takes it that more fallbacks never fail");
    return steps;
}

// Of each dtype: two bases, the bisection's doubling and halving, or every step of the greedy search, and then each
// kept fallback once without it.
std::int64_t SensitivitySearch::most_trials_left() const {
    if (stage_ == Stage::done) return 0;
    if (stage_ == Stage::requantize) return static_cast<std::int64_t>(untried_);
    const std::size_t units = space_.decisions().size();
    const std::size_t steps =
        settings_.search == ChainSearch::Method::greedy ? units : 2 * static_cast<std::size_t>(std::bit_width(units));
    const std::size_t dtypes = dtypes_.size() - std::min(dtype_, dtypes_.size());
    return static_cast<std::int64_t>(2 + dtypes * steps + units);
}

void SensitivitySearch::start(ProbedCandidate base) { begin_base(std::move(base)); }

std::optional<Ask> SensitivitySearch::next_ask(History& history) {
    while (stage_ != Stage::done) {
        if (auto ask = probes_.next_ask(stage_name())) return ask;
        if (wanted_ && !history.was_asked(*wanted_)) return propose(history);
        if (history.told() < history.asked()) return Ask::wait();
        advance(history);
    }
    return std::nullopt;
}

Ask SensitivitySearch::propose(History& history) const {
    history.add_asked(*wanted_);
    Ask ask = Ask::for_trial(*wanted_, stage_name());
    ask.verdict_only = stage_ != Stage::base;  // one trial at least is evaluated to its end
    return ask;
}

/// @pre whatever the stage asked for is known
void SensitivitySearch::advance(const History& history) {
    switch (stage_) {
        case Stage::base:
            if (passes(base_.candidate, history) || dtypes_.empty()) {
                stage_ = Stage::done;
            } else {
                begin_fallback_one();
            }
            break;
        case Stage::fallback_one:
            begin_options(rank_moves_by_error(), history);
            break;
        case Stage::options:
            begin_joint(history);
            break;
        case Stage::joint: {
            // What is best alone need not be best together; the probe has the last word.
            const ProbedCandidate joint = probes_.best();
            begin_base(joint.error <= single_.error ? joint : single_);
            break;
        }
        case Stage::search:
            search_->note(step_, passes(*wanted_, history));
            go_on_searching(history);
            break;
        case Stage::requantize:
            if (passes(*wanted_, history)) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(untried_));
            try_without(history);
            break;
        case Stage::done:
            break;
    }
}

void SensitivitySearch::begin_base(ProbedCandidate base) {
    stage_ = Stage::base;
    base_ = std::move(base);
    wanted_ = base_.candidate;
}

void SensitivitySearch::begin_fallback_one() {
    stage_ = Stage::fallback_one;
    wanted_.reset();
    moves_ = fallback_moves(space_, base_.candidate, dtypes_[dtype_]);
    probes_.start(apply_each(space_, base_.candidate, moves_));
}

/// Puts the fallback that leaves the least error first. Returns the errors in the same order.
std::vector<double> SensitivitySearch::rank_moves_by_error() {
    const std::vector<double>& errors = probes_.errors();
    std::vector<std::size_t> order(moves_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return errors[a] < errors[b]; });
    const std::vector<FallbackMove> unranked = moves_;
    std::vector<double> ranked;
    for (std::size_t i = 0; i < order.size(); ++i) {
        moves_[i] = unranked[order[i]];
        ranked.push_back(errors[order[i]]);
    }
    return ranked;
}

// Once only: with better options the ranking changes, and with it the base; a third round gains next to nothing.
void SensitivitySearch::begin_options(const std::vector<double>& errors, const History& history) {
    if (has_tried_options_) return begin_search(history);
    has_tried_options_ = true;
    option_moves_ = other_options(space_, base_, moves_, errors, settings_.options);
    if (option_moves_.empty()) return begin_search(history);
    stage_ = Stage::options;
    probes_.start(apply_each(space_, base_.candidate, option_moves_));
}

void SensitivitySearch::begin_joint(const History& history) {
    auto joint = combine_best_options(space_, base_, option_moves_, probes_.errors());
    if (!joint) return begin_search(history);  // no other option is better: the ranking stands
    single_ = probes_.best();
    stage_ = Stage::joint;
    probes_.start({*std::move(joint)});
}

void SensitivitySearch::begin_search(const History& history) {
    stage_ = Stage::search;
    chain_ = accumulate_moves(space_, base_.candidate, moves_);
    search_.emplace(chain_.size(), settings_.search);
    if (chain_.empty()) {
        stage_ = Stage::done;
    } else {
        go_on_searching(history);
    }
}

void SensitivitySearch::go_on_searching(const History& history) {
    if (const auto step = search_->next()) {
        step_ = *step;
        wanted_ = chain_[step_ - 1];
    } else if (search_->passing()) {
        begin_requantizing(*search_->passing(), history);
    } else if (++dtype_ < dtypes_.size()) {  // even all of them do not suffice: the next dtype is more precise
        begin_fallback_one();
    } else {
        stage_ = Stage::done;
    }
}

void SensitivitySearch::begin_requantizing(std::size_t passing, const History& history) {
    stage_ = Stage::requantize;
    kept_.assign(moves_.begin(), moves_.begin() + static_cast<std::ptrdiff_t>(passing));
    untried_ = kept_.size();
    try_without(history);
}

/// Wants the last passing set without the next of its members, from the least to the most helpful.
void SensitivitySearch::try_without(const History& history) {
    while (untried_ > 0) {
        --untried_;
        std::vector<FallbackMove> fewer = kept_;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(untried_));
        Candidate candidate = base_.candidate;
        for (const FallbackMove move : fewer) candidate = apply(space_, candidate, move);
        if (history.was_asked(candidate)) continue;  // it failed, else it would be the passing one
        wanted_ = std::move(candidate);
        return;
    }
    stage_ = Stage::done;
}

bool SensitivitySearch::passes(const Candidate& candidate, const History& history) const {
    const auto outcome = history.find(candidate);
    return outcome && goal_.is_met(*outcome);
}

const char* SensitivitySearch::stage_name() const {
    switch (stage_) {
        case Stage::base:
            return "model_wise";
        case Stage::fallback_one:
            return "fallback_one";
        case Stage::options:
        case Stage::joint:
            return "options";
        case Stage::search:
            return settings_.search == ChainSearch::Method::greedy ? "fallback_greedy" : "fallback_bisection";
        case Stage::requantize:
            return "requantize";
        case Stage::done:
            break;
    }
    return "done";
}

}  // namespace halftone
