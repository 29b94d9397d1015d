// The search, in order:
//
//   replay      the trials that the journal has
//   run         a loop of ask_more, tell_next, judge and step, until a stop condition holds
//   tell_next   a probe, or a trial: take_into_account, report, delivery, stop
//   wind_down   what the workers are still at
#include "tune/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

Score finite_baseline(const RunContext& run) {
    const Score& baseline = run.history.baseline->result.score;
    if (!std::isfinite(baseline.accuracy)) throw ModelError("the fp32 model's accuracy is not a number");
    return baseline;
}

/// How long trials take, before one is told. Workers share the shards of the baseline, so its busy time is divided by
/// their number.
FirstGuess first_guess(const RunContext& run, const LatencyOnDemand& latency) {
    FirstGuess guess;
    const journal::TrialResult& baseline = run.history.baseline->result;
    guess.workers = run.dispatcher.workers();
    guess.fp32_s = baseline.wall_s / static_cast<double>(guess.workers);
    guess.samples = baseline.score.samples;
    const SearchSpace& space = run.services.space();
    const auto fp32 = all_fp32(space);
    const auto fp32_ms = fp32 ? latency.predict_ms(*fp32) : std::nullopt;
    if (!fp32_ms || *fp32_ms <= 0) return guess;
    // The first option of a unit is a quantized one where it has any.
    const auto quantized_ms =
        latency.predict_ms(space.make(0, std::vector<std::uint16_t>(space.decisions().size(), 0)));
    guess.quantized_ratio = *quantized_ms / *fp32_ms;
    guess.run_s = *fp32_ms / 1000;
    return guess;
}

/// The share of the candidate's units that run in 8 bits; 0 for a model without units.
double quantized_share(const SearchSpace& space, const Candidate& candidate) {
    const QuantPlan plan = space.plan(candidate);
    if (plan.units.empty()) return 0;
    return 1 - static_cast<double>(plan.high_precision_units()) / static_cast<double>(plan.units.size());
}

/// The goal with the limits of single metrics, which need their baselines.
Goal make_goal(const RunContext& run, const Score& baseline) {
    Goal goal(run.settings.criterion, baseline.accuracy);
    for (const MetricLimit& limit : run.settings.limits) {
        const auto found = std::find_if(baseline.metrics.begin(), baseline.metrics.end(),
                                        [&](const MetricValue& metric) { return metric.name == limit.metric; });
        const double value = found == baseline.metrics.end() ? kNoValue : found->value;
        if (!std::isfinite(value)) throw ModelError("the fp32 model's " + limit.metric + " is not a number");
        goal.add_limit(limit.metric, limit.criterion, value);
    }
    return goal;
}

}  // namespace

Search::Search(const RunContext& run, StopConditions& stop, RunResult& result)
    : run_(run),
      stop_(stop),
      result_(result),
      baseline_(finite_baseline(run)),
      goal_(make_goal(run, baseline_)),
      can_end_early_(install_difficulty()),
      latency_(run),
      conversation_(run, goal_, make_strategy(), {stop, latency_}, can_end_early_),
      delivery_(run, goal_, baseline_, latency_.decides() ? latency_.source() : LatencySource{}),
      pace_(run.services.clock().now(), first_guess(run, latency_)) {
    stop_.begin_search(conversation_.strategy().refines());
    result_.baseline = baseline_;
    const auto& judgements = run_.history.judgements;
    run_.evaluator.install_baseline(baseline_, judgements ? to_judgements(*judgements) : Judgements{});
    run_.listener.on_baseline(baseline_);
}

std::unique_ptr<Strategy> Search::make_strategy() {
    const LatencySource latency = latency_.source();
    // The table is measured before the search, while the workers have nothing to do: what is timed must run alone.
    if (latency && run_.settings.timeout_s > 0 && run_.settings.objective.latency > 0) (void)latency_.table();
    return run_.services.make_strategy(goal_, baseline_.accuracy, latency);
}

// The judge of a job merges each payload once, into a running score. Samples come hardest first, so a failing trial is
// certain to fail after few of them: once even full marks on all others would miss the goal.
bool Search::install_difficulty() {
    if (!run_.settings.early_termination || !run_.history.difficulty) return false;
    run_.evaluator.install_difficulty(run_.history.difficulty->samples);
    run_.dispatcher.set_difficulty(run_.history.difficulty->samples);
    run_.dispatcher.set_judges([this](const Job&) -> Judge {
        const std::shared_ptr<ScoreMerge> merge = run_.evaluator.start_score();  // shared: a std::function is copied
        return [this, merge](const std::string& payload) {
            merge->add(payload);
            const auto bounds = merge->bounds();
            return bounds && goal_.is_out_of_reach(*bounds);
        };
    });
    return true;
}

Search::~Search() { run_.dispatcher.set_judges({}); }

void Search::run() {
    replay();
    while (!stop_.has_ended()) {
        conversation_.ask_more();
        if (!trials_start_ && conversation_.state().trials_asked > conversation_.state().trials_told)
            trials_start_ = run_.services.clock().now();
        if (conversation_.can_tell()) {
            tell_next();  // and ask again before waiting: the strategy may have waited for this
            continue;
        }
        stop_.judge(conversation_.state());
        if (stop_.has_ended()) break;
        step();
        WorkInHand work = run_.dispatcher.work(stop_.elapsed_s());
        work.expected_left_s = expected_left_s();
        run_.listener.on_work(work);
    }
    result_.heuristics = conversation_.strategy().heuristics();
    wind_down();
    conversation_.drop_scores();
}

// While trials are scored and the workers have nothing to do, the scores are what is waited for.
void Search::step() {
    const bool waits_for_scores = conversation_.is_scoring() && run_.dispatcher.unfinished() == 0;
    const std::chrono::nanoseconds none{0};
    auto finished = run_.dispatcher.step(waits_for_scores ? none : kStepWait);
    if (finished) conversation_.collect(std::move(*finished));
    conversation_.collect_scores(waits_for_scores ? kStepWait : none);
}

// No clock and no signal is looked at here: a session that is stopped at once must not end with less than the last one
// had. Only the goal and max_trials can end the replay, just as they would have ended the first run.
void Search::replay() {
    while (!stop_.has_ended() && conversation_.has_replay() && conversation_.ask_for_replay()) tell_next();
    pace_ = Pace(run_.services.clock().now(), first_guess(run_, latency_));  // replayed probes took no time
    delivery_.deliver();  // the last session may have ended between a record and its delivery
}

void Search::tell_next() {
    const auto told = conversation_.tell_next();
    const auto now = run_.services.clock().now();
    if (!told) {
        pace_.note_probe(now, conversation_.probed_samples(), conversation_.is_probe_prepared());
        return;
    }
    const bool is_whole = told->result.failure.empty() && !told->result.score.bounds;
    if (is_whole) {
        pace_.note_trial(now, quantized_share(run_.services.space(), told->trial.candidate));
    } else {
        pace_.note_short_trial(now);
    }
    take_into_account(*told);
    report(*told);
    // While trials are replayed, each best of the past would be written only to be replaced by the next.
    if (!told->is_replayed) delivery_.deliver();
    stop_.judge_told_trial(told->trial.is_pass, conversation_.state().trials_told);
}

void Search::take_into_account(const ToldTrial& told) {
    const bool is_early = told.result.score.bounds.has_value();
    if (!told.is_replayed) ++live_told_;
    result_.trials = conversation_.state().trials_told;
    result_.sample_units += told.result.score.sample_units;
    if (told.trial.is_pass) result_.passing.push_back(told.trial);
    if (is_early) ended_early_.push_back(told.trial);
    if (!is_early && told.result.failure.empty()) result_.scored.push_back(told.trial);
    (void)delivery_.consider(told.trial);
}

void Search::report(const ToldTrial& told) {
    Progress progress;
    progress.trials = result_.trials;
    progress.max_trials = run_.settings.max_trials;
    progress.stage = told.stage;
    const auto& best = delivery_.best();
    progress.best_accuracy = best ? std::optional(accuracy_of(*best)) : std::nullopt;
    progress.is_goal_met = best && best->is_pass;
    progress.elapsed_s = stop_.elapsed_s();
    progress.is_replayed = told.is_replayed;
    progress.latency_ms = latency_.predict_ms(told.trial.candidate);
    if (live_told_ > 0 && trials_start_) {
        progress.trial_s = seconds(run_.services.clock().now() - *trials_start_) / static_cast<double>(live_told_);
    }
    progress.most_left = most_trials_left();
    progress.expected_left_s = expected_left_s();
    run_.listener.on_trial(told.trial, told.stage, progress);
}

/// By max_trials, and by the strategy's bound where it has one: what is asked for and not told, and what may follow.
std::int64_t Search::most_trials_left() const {
    const SearchState state = conversation_.state();
    const std::int64_t left = run_.settings.max_trials - state.trials_told;
    const auto bound = conversation_.strategy().most_trials_left();
    return bound ? std::min(left, *bound + state.trials_asked - state.trials_told) : left;
}

/// By the strategy's outlook, where it has one and max_trials allows it.
std::optional<double> Search::expected_left_s() const {
    auto outlook = conversation_.strategy().outlook();
    if (!outlook) return std::nullopt;
    const std::int64_t most = most_trials_left();
    if (outlook->trials > most) {
        outlook->quantized *= static_cast<double>(most) / static_cast<double>(outlook->trials);
        outlook->trials = most;
    }
    return pace_.seconds_left(*outlook, run_.services.clock().now());
}

// After an interruption every worker ends the shard it is at; trials that this completes are kept, and told as far as
// they are in order. After a decision what is still out lies beyond the deciding trial and is dropped (stop_workers).
void Search::wind_down() {
    if (stop_.is_decided()) return;
    run_.dispatcher.request_stop();
    while (!stop_.is_decided() && (!run_.dispatcher.is_stopped() || conversation_.is_scoring())) {
        if (run_.dispatcher.is_stopped()) {
            conversation_.collect_scores(kStepWait);
        } else {
            step();
        }
        while (!stop_.is_decided() && conversation_.can_tell()) tell_next();  // may meet the goal or a limit after all
    }
}

}  // namespace halftone::tune
