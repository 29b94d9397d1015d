// The coordinator's last phases: completion of trials that ended early, the choice among finalists, the end record.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "tune/coordinator.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

/// The same candidates, whatever their times.
bool is_same_field(const journal::Finalists& a, const journal::Finalists& b) {
    return std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                      [](const auto& x, const auto& y) { return x.trial == y.trial && x.candidate == y.candidate; });
}

}  // namespace

void Coordinator::complete_best() {
    const bool is_over = end_ == EndReason::max_trials || end_ == EndReason::exhausted;
    if (!is_over || !result_.passing.empty()) return;
    const bool higher = goal_->higher_is_better();
    const auto hope = [&](const FinishedTrial& trial) {
        const AccuracyBounds& bounds = *std::get<Score>(trial.outcome).bounds;
        return higher ? bounds.high : bounds.low;
    };
    std::stable_sort(ended_early_.begin(), ended_early_.end(),
                     [&](const auto& a, const auto& b) { return goal_->is_better(hope(a), hope(b)); });
    for (FinishedTrial& trial : ended_early_) {
        const auto& best = delivery_->best();
        if (best && !goal_->is_better(hope(trial), accuracy_of(*best))) break;
        const auto result = evaluate_fully(trial);
        if (!result) {
            end_ = EndReason::interrupted;
            return;
        }
        result_.sample_units += result->score.sample_units;
        trial.outcome = journal::to_outcome(*result);
        if (delivery_->consider(trial)) is_best_undelivered_ = true;
    }
    deliver_best();
}

std::optional<journal::TrialResult> Coordinator::evaluate_fully(const FinishedTrial& trial) {
    if (const auto known = earlier_.completions.find(trial.trial.value); known != earlier_.completions.end()) {
        check_candidate(fmt::format("completion of trial {}", trial.trial.value), trial.candidate,
                        known->second.candidate);
        return known->second.result;
    }
    Job job;  // of no trial: that one has ended
    job.candidate = trial.candidate;
    const std::int64_t item = dispatcher_.submit(job);
    for (;;) {
        if (should_interrupt()) return std::nullopt;
        const auto finished = dispatcher_.step(kWait);
        if (!finished || finished->item != item) continue;  // what lies beyond the last trial
        const journal::TrialResult result = to_record(*finished, *finished, evaluator_, std::nullopt);
        setup_.journal->append(
            journal::Completion{.of = trial.trial.value, .candidate = hex16(trial.candidate.hash), .result = result});
        return result;
    }
}

void Coordinator::choose_finalist() {
    if (result_.passing.size() < 2 || !setup_.time_finalists || !compares_latency()) return;
    if (setup_.settings.finalists < 2 || setup_.settings.objective.latency <= 0 || !setup_.measure_latency) return;
    const auto finalists = delivery_->finalists(result_.passing, setup_.settings.finalists);
    journal::Finalists record;
    std::vector<Candidate> candidates;
    for (const FinishedTrial& trial : finalists) {
        candidates.push_back(trial.candidate);
        record.entries.push_back({.trial = trial.trial.value, .candidate = hex16(trial.candidate.hash)});
    }
    std::vector<MedianInterval> timings;
    if (earlier_.finalists && is_same_field(*earlier_.finalists, record)) {
        for (const auto& entry : earlier_.finalists->entries) {
            timings.push_back(entry.latency_ms);
        }
    } else {
        dispatcher_.stop_workers();  // nothing runs beside what is timed
        timings = setup_.time_finalists(candidates);
    }
    const std::size_t chosen = delivery_->choose_finalist(finalists, timings);
    for (std::size_t i = 0; i < timings.size(); ++i) {
        record.entries[i].latency_ms = timings[i];
    }
    record.chosen = finalists[chosen].trial.value;
    if (!earlier_.finalists || *earlier_.finalists != record) setup_.journal->append(record);
    if (delivery_->best()->trial != finalists[chosen].trial) is_best_undelivered_ = true;
    delivery_->choose(finalists[chosen]);
    deliver_best();
}

void Coordinator::finish_run() {
    result_.reason = end_.value_or(EndReason::exhausted);
    result_.trials = trials_told_;
    if (delivery_ && delivery_->best()) {
        result_.best = delivery_->best();
        result_.is_goal_met = result_.best->is_pass;
        result_.gap = goal_->gap(accuracy_of(*result_.best));
    }
    if (setup_.settings.calibrate_only || result_.reason == EndReason::interrupted) return;
    journal::End record;
    record.reason = std::string(kEndReasonNames.name(result_.reason));
    record.trials = trials_told_;
    record.best = result_.best ? result_.best->trial.value : -1;
    record.goal_met = result_.is_goal_met;
    record.sample_units = result_.sample_units;
    record.elapsed_ms = earlier_.end ? earlier_.end->elapsed_ms : 0;
    if (earlier_.end && *earlier_.end == record) return;  // the earlier session's end stands
    record.elapsed_ms = std::llround(elapsed_s() * 1000);
    setup_.journal->append(record);
}

Result run_coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup) {
    Coordinator coordinator(comm, evaluator, setup);
    try {
        Result result = coordinator.run();
        coordinator.stop_workers();
        return result;
    } catch (...) {
        coordinator.stop_workers();
        throw;
    }
}

}  // namespace halftone::tune
