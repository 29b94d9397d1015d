// The end of a run, in this order:
//
//   complete_best     trials that ended early and may be the best are evaluated to their end (evaluate_fully)
//   choose_finalist   the best passing trials are timed side by side (time_finalists); one is chosen (choose)
//   fp32_model        where the strategy guards speed, fp32 is timed beside them; judge_speed says what came of it,
//                     and choose_unmet what is delivered where nothing is faster
//   fill_result, write_end   the result, and the journal's last record
#include "tune/finish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

/// Returns whether both name the same candidates, whatever their times.
bool name_the_same_trials(const journal::Finalists& a, const journal::Finalists& b) {
    return std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                      [](const auto& x, const auto& y) { return x.trial == y.trial && x.candidate == y.candidate; });
}

/// Returns the position of the trial whose candidate computes the same; the number of trials if there is none.
std::size_t position_of(const Candidate& candidate, const std::vector<FinishedTrial>& trials) {
    const auto at = std::find_if(trials.begin(), trials.end(),
                                 [&](const FinishedTrial& each) { return each.candidate.hash == candidate.hash; });
    return static_cast<std::size_t>(at - trials.begin());
}

}  // namespace

void Finish::run() {
    complete_best();
    if (stop_.is_decided()) choose_finalist();
    fill_result();
    // An interrupted run has no end record: it goes on with --resume.
    if (stop_.is_decided()) write_end();
}

// Nothing passed, so the most accurate candidate is delivered. Trials that ended early have only bounds; those whose
// upper bound is better than the best so far might be it, so they are evaluated to the end, most hopeful first. Once
// the next one's bound is no better than the best, no later one can be: the best is the one that full trials would have
// found. After a timeout or a signal there is no time for that.
void Finish::complete_best() {
    const bool is_over = stop_.reason() == EndReason::max_trials || stop_.reason() == EndReason::exhausted;
    if (!is_over || !result_.passing.empty()) return;
    const Goal& goal = search_.goal();
    Delivery& delivery = search_.delivery();
    const auto hope = [&](const FinishedTrial& trial) {
        const AccuracyBounds& bounds = *std::get<Score>(trial.outcome).bounds;
        return goal.higher_is_better() ? bounds.high : bounds.low;
    };
    std::vector<FinishedTrial> hopeful = search_.ended_early();
    std::stable_sort(hopeful.begin(), hopeful.end(),
                     [&](const auto& a, const auto& b) { return goal.is_better(hope(a), hope(b)); });
    for (FinishedTrial& trial : hopeful) {
        const auto& best = delivery.best();
        if (best && !goal.is_better(hope(trial), accuracy_of(*best))) break;
        const auto result = evaluate_fully(trial);
        if (!result) {
            stop_.interrupt();
            return;
        }
        result_.sample_units += result->score.sample_units;
        trial.outcome = journal::to_outcome(*result);
        (void)delivery.consider(trial);
    }
    delivery.deliver();
}

/// Returns nothing when the user asks to stop before the evaluation ends.
std::optional<journal::TrialResult> Finish::evaluate_fully(const FinishedTrial& trial) {
    const auto& completions = run_.history.completions;
    if (const auto known = completions.find(trial.trial.value); known != completions.end()) {
        require_same_candidate(fmt::format("completion of trial {}", trial.trial.value), trial.candidate,
                               known->second.candidate);
        return known->second.result;
    }
    Job job;  // it has no trial number: that trial has ended
    job.candidate = trial.candidate;
    const std::int64_t item = run_.dispatcher.submit(job);
    for (;;) {
        if (stop_.is_stop_requested()) return std::nullopt;
        const auto finished = run_.dispatcher.step(kStepWait);
        if (!finished || finished->item != item) continue;  // what lies beyond the last trial
        const journal::TrialResult result = to_record(*finished, *finished, run_.evaluator);
        run_.services.journal().append(
            journal::Completion{.of = trial.trial.value, .candidate = hex16(trial.candidate.hash), .result = result});
        return result;
    }
}

bool Finish::can_time() const {
    return run_.settings.objective.latency > 0 && run_.services.can_time_finalists() &&
           run_.services.can_measure_latency() && search_.latency().decides();
}

/// The fp32 model as something to deliver: its evaluation was the baseline. Nothing where the strategy does not guard
/// speed, where the user's rules forbid fp32 somewhere, or where fp32 itself misses the goal.
std::optional<FinishedTrial> Finish::fp32_model() const {
    if (!search_.guards_speed()) return std::nullopt;
    auto candidate = all_fp32(run_.services.space());
    if (!candidate) return std::nullopt;
    const Outcome outcome = search_.baseline();
    if (!search_.goal().is_met(outcome)) return std::nullopt;
    return FinishedTrial{.trial = TrialId{-1}, .candidate = *std::move(candidate), .outcome = outcome, .is_pass = true};
}

// The latency table adds times of units that were measured apart; whole models differ from the sum. So the candidates
// that look best by the table are measured themselves, and the clock has the last word. Where the strategy guards
// speed, the fp32 model is timed beside them, even if there is one finalist.
void Finish::choose_finalist() {
    if (!can_time() || result_.passing.empty()) return;
    Delivery& delivery = search_.delivery();
    const auto fp32 = fp32_model();
    if (!fp32 && (result_.passing.size() < 2 || run_.settings.finalists < 2)) return;
    std::vector<FinishedTrial> finalists = delivery.finalists(result_.passing, run_.settings.finalists);
    std::optional<std::size_t> fp32_at;
    if (fp32) {
        // fp32 may be a trial among the passing ones; then it is that trial.
        const std::size_t known = position_of(fp32->candidate, result_.passing);
        const FinishedTrial& entry = known < result_.passing.size() ? result_.passing[known] : *fp32;
        fp32_at = position_of(entry.candidate, finalists);
        if (*fp32_at == finalists.size()) finalists.push_back(entry);
    }
    journal::Finalists record;
    for (const FinishedTrial& trial : finalists) {
        record.entries.push_back({.trial = trial.trial.value, .candidate = hex16(trial.candidate.hash)});
    }
    const std::vector<MedianInterval> times = time_finalists(finalists, record);
    const std::size_t position = choose(finalists, times, fp32_at);
    const FinishedTrial& chosen = finalists[position];
    for (std::size_t i = 0; i < times.size(); ++i) record.entries[i].latency_ms = times[i];
    record.chosen = chosen.trial.value;
    const auto& journaled = run_.history.finalists;
    if (!journaled || *journaled != record) run_.services.journal().append(record);
    if (fp32_at) judge_speed(times, position, *fp32_at);
    delivery.choose(chosen);
    delivery.deliver();
}

/// @param fp32  position of the fp32 model among the finalists; nothing if speed is not guarded
std::size_t Finish::choose(const std::vector<FinishedTrial>& finalists, const std::vector<MedianInterval>& times,
                           std::optional<std::size_t> fp32) {
    if (!fp32) return search_.delivery().choose_finalist(finalists, times);
    std::vector<std::size_t> faster;
    for (std::size_t i = 0; i < times.size(); ++i) {
        if (times[i].high < times[*fp32].low) faster.push_back(i);
    }
    if (faster.empty()) return choose_unmet(finalists, times, *fp32);
    std::vector<FinishedTrial> trials;
    std::vector<MedianInterval> trial_times;
    for (const std::size_t i : faster) {
        trials.push_back(finalists[i]);
        trial_times.push_back(times[i]);
    }
    return faster[search_.delivery().choose_finalist(trials, trial_times)];
}

/// Nothing is faster than fp32: the user's word decides (ObjectiveUnmet).
std::size_t Finish::choose_unmet(const std::vector<FinishedTrial>& finalists, const std::vector<MedianInterval>& times,
                                 std::size_t fp32) {
    if (run_.settings.objective_unmet == ObjectiveUnmet::fp32) return fp32;
    if (run_.settings.objective_unmet == ObjectiveUnmet::fail)
        return search_.delivery().choose_finalist(finalists, times);
    std::size_t smallest = fp32;
    std::int64_t bytes = run_.services.fp32_costs().model_bytes;
    for (std::size_t i = 0; i < finalists.size(); ++i) {
        // On a busy machine intervals are wide, and nearly all of them overlap. A model whose median lies above all of
        // fp32's interval is more likely slower than not.
        if (i == fp32 || times[i].median > times[fp32].high) continue;
        const std::int64_t own = run_.services.costs(finalists[i].candidate).model_bytes;
        if (own >= bytes) continue;
        bytes = own;
        smallest = i;
    }
    return smallest;
}

void Finish::judge_speed(const std::vector<MedianInterval>& times, std::size_t chosen, std::size_t fp32) {
    result_.speed = SpeedVerdict{
        .fp32_ms = times[fp32], .best_ms = times[chosen], .is_faster = times[chosen].high < times[fp32].low};
}

/// Returns the journal's times if it has those of the same candidates, so that a resumed run chooses as the first did.
std::vector<MedianInterval> Finish::time_finalists(const std::vector<FinishedTrial>& finalists,
                                                   const journal::Finalists& record) {
    std::vector<MedianInterval> times;
    const auto& journaled = run_.history.finalists;
    if (journaled && name_the_same_trials(*journaled, record)) {
        for (const auto& entry : journaled->entries) times.push_back(entry.latency_ms);
        return times;
    }
    run_.dispatcher.stop_workers();  // nothing runs beside what is timed
    std::vector<Candidate> candidates;
    for (const FinishedTrial& trial : finalists) candidates.push_back(trial.candidate);
    return run_.services.time_finalists(candidates);
}

void Finish::fill_result() {
    result_.reason = stop_.reason().value_or(EndReason::exhausted);
    result_.latency = search_.latency().known();
    result_.best = search_.delivery().best();
    if (!result_.best) return;
    result_.is_goal_met = result_.best->is_pass;
    result_.gap = search_.goal().gap(accuracy_of(*result_.best));
}

void Finish::write_end() {
    journal::End record;
    record.reason = std::string(kEndReasonNames.name(result_.reason));
    record.trials = result_.trials;
    record.best = result_.best ? result_.best->trial.value : -1;
    record.goal_met = result_.is_goal_met;
    record.sample_units = result_.sample_units;
    const auto& journaled = run_.history.end;
    record.elapsed_ms = journaled ? journaled->elapsed_ms : 0;
    if (journaled && *journaled == record) return;  // the earlier session's end stands
    record.elapsed_ms = std::llround(stop_.elapsed_s() * 1000);
    run_.services.journal().append(record);
}

}  // namespace halftone::tune
