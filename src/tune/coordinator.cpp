#include "tune/coordinator.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "space/search_space.hpp"

namespace halftone::tune {
namespace {

constexpr std::chrono::milliseconds kWait{50};  // between looks at the stop flag and the clock

Score to_score(const journal::Result& record) {
    return {record.accuracy, record.correct, record.samples, record.sample_units};
}

Outcome to_outcome(const journal::Result& record) {
    if (!record.failure.empty()) return TrialFailure{record.failure};
    return to_score(record);
}

double accuracy_of(const FinishedTrial& trial) {
    const auto* score = std::get_if<Score>(&trial.outcome);
    return score ? score->accuracy : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Coordinator::Coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup)
    : setup_(setup), evaluator_(evaluator), dispatcher_(comm, evaluator), start_(setup.clock->now()) {}

void Coordinator::read_replay() {
    for (const journal::Record& record : setup_.replay) {
        if (const auto* trial = std::get_if<journal::Trial>(&record)) {
            if (std::cmp_not_equal(trial->trial, replayed_.size())) {
                throw IoError(fmt::format("the journal has trial {} where trial {} belongs; choose another --workspace",
                                          trial->trial, replayed_.size()));
            }
            replayed_.emplace(trial->trial, *trial);
            earlier_s_ = static_cast<double>(trial->elapsed_ms) / 1000.0;
        } else if (const auto* partial = std::get_if<journal::Partial>(&record)) {
            partials_[partial->of] = *partial;
        } else if (const auto* baseline = std::get_if<journal::Baseline>(&record)) {
            replayed_baseline_ = *baseline;
        } else if (const auto* end = std::get_if<journal::End>(&record)) {
            replayed_end_ = *end;
            earlier_s_ = static_cast<double>(end->elapsed_ms) / 1000.0;
        }
    }
}

double Coordinator::elapsed_s() const { return earlier_s_ + seconds(setup_.clock->now() - start_); }

bool Coordinator::should_interrupt() const { return setup_.stop_requested && setup_.stop_requested->load(); }

bool Coordinator::is_decided() const { return end_ && *end_ != EndReason::interrupted; }

bool Coordinator::is_out_of_time() const {
    return setup_.settings.timeout_s > 0 && elapsed_s() >= setup_.settings.timeout_s;
}

Result Coordinator::run() {
    read_replay();
    if (prepare() && !setup_.settings.calibrate_only) search();
    finish_run();
    return result_;
}

bool Coordinator::prepare() {
    Job calibrate;
    calibrate.kind = JobKind::calibrate;
    (void)dispatcher_.submit(calibrate);
    if (!replayed_baseline_ && !setup_.settings.calibrate_only) {
        Job baseline;
        baseline.kind = JobKind::baseline;
        (void)dispatcher_.submit(baseline);
    }
    while (dispatcher_.unfinished() > 0) {
        if (should_interrupt()) {
            end_ = EndReason::interrupted;
            return false;
        }
        const auto finished = dispatcher_.step(kWait);
        if (!finished) continue;
        if (!finished->failure.empty()) throw ModelError(finished->failure);
        if (finished->job.kind == JobKind::calibrate) {
            install_calibration(*finished);
        } else {
            keep_baseline(*finished);
        }
    }
    if (!setup_.settings.calibrate_only) begin_conversation();
    return true;
}

void Coordinator::install_calibration(const FinishedJob& job) {
    std::string merged = evaluator_.merge_calibration(job.payloads);
    evaluator_.install_calibration(merged);
    dispatcher_.set_calibration(std::move(merged));
}

void Coordinator::keep_baseline(const FinishedJob& job) {
    const journal::Baseline record{to_record(job)};
    setup_.journal->append(record);
    replayed_baseline_ = record;
}

void Coordinator::begin_conversation() {
    result_.baseline = to_score(replayed_baseline_->result);
    if (!std::isfinite(result_.baseline.accuracy)) throw ModelError("the fp32 model's accuracy is not a number");
    goal_.emplace(setup_.settings.criterion, result_.baseline.accuracy);
    strategy_ = setup_.make_strategy(*goal_, result_.baseline.accuracy);
    setup_.listener->on_baseline(result_.baseline);
}

void Coordinator::replay_trials() {
    while (!end_ && replayed_.contains(told_)) {
        const Ask ask = strategy_->ask();
        HALFTONE_CHECK(ask.kind != Ask::Kind::wait, "a strategy waits only while an asked trial is untold");
        if (ask.kind == Ask::Kind::done) {
            throw ConfigError(
                fmt::format("the journal goes on to trial {}, this run's strategy ends before trial {}; was "
                            "it written by another version? Choose another --workspace",
                            replayed_.rbegin()->first, told_));
        }
        open_trial(ask);
        tell_next();
    }
    deliver_best();  // the last session may have ended between a record and its delivery
}

void Coordinator::search() {
    search_start_ = setup_.clock->now();
    replay_trials();
    while (!end_) {
        ask_more();
        if (can_tell()) {
            tell_next();  // and ask again before waiting: the strategy may have waited for this
            continue;
        }
        end_ = find_end();
        if (end_) break;
        if (const auto finished = dispatcher_.step(kWait)) collect(*finished);
    }
    wind_down();
}

std::optional<EndReason> Coordinator::find_end() const {
    if (open_.empty() && is_strategy_done_) return EndReason::exhausted;
    if (open_.empty() && asked_ >= setup_.settings.max_trials) return EndReason::max_trials;
    if (should_interrupt()) return EndReason::interrupted;
    if (told_ > 0 && is_out_of_time()) return EndReason::timeout;  // not without any result
    return std::nullopt;
}

/// Asks while workers could run dry. The sequence of candidates never depends on when this happens.
void Coordinator::ask_more() {
    const std::int64_t window = dispatcher_.workers() == 1 ? 1 : dispatcher_.workers() + 1;
    while (!is_strategy_done_ && asked_ < setup_.settings.max_trials && dispatcher_.unfinished() < window &&
           !can_tell()) {  // telling first may end the run
        const Ask ask = strategy_->ask();
        if (ask.kind == Ask::Kind::wait) {
            HALFTONE_CHECK(!open_.empty(), "a strategy waits only while an asked trial is untold");
            return;
        }
        if (ask.kind == Ask::Kind::done) {
            is_strategy_done_ = true;
        } else {
            open_trial(ask);
        }
    }
}

void Coordinator::check_candidate(std::int64_t trial, const Candidate& candidate, const std::string& journalled) const {
    if (hex16(candidate.hash) == journalled) return;
    throw ConfigError(
        fmt::format("the journal's trial {} is candidate {}, this run would ask for {}; was it written by "
                    "another version? Choose another --workspace",
                    trial, journalled, hex16(candidate.hash)));
}

void Coordinator::open_trial(const Ask& ask) {
    const std::int64_t trial = asked_++;
    OpenTrial open{.candidate = ask.candidate, .stage = ask.stage, .result = {}, .is_replayed = false};
    if (const auto told = replayed_.find(trial); told != replayed_.end()) {
        check_candidate(trial, ask.candidate, told->second.candidate);
        open.result = told->second.result;
        open.is_replayed = true;
    } else if (const auto partial = partials_.find(trial); partial != partials_.end()) {
        check_candidate(trial, ask.candidate, partial->second.candidate);
        open.result = partial->second.result;
    } else {
        Job job;
        job.kind = JobKind::evaluate;
        job.trial = TrialId{trial};
        job.candidate = ask.candidate;
        items_[dispatcher_.submit(job)] = trial;
    }
    open_.emplace(trial, std::move(open));
}

journal::Result Coordinator::to_record(const FinishedJob& job) const {
    journal::Result record;
    record.failure = job.failure;
    record.sample_units = job.sample_units;
    record.wall_s = job.wall_s;
    record.worker = job.last_worker;
    if (!job.failure.empty()) return record;
    const Score score = evaluator_.merge_scores(job.payloads);
    // The journal has one word for every number that is none, and a resumed run must judge as this one does.
    record.accuracy = std::isfinite(score.accuracy) ? score.accuracy : std::numeric_limits<double>::quiet_NaN();
    record.correct = score.correct;
    record.samples = score.samples;
    return record;
}

void Coordinator::collect(const FinishedJob& job) {
    const std::int64_t trial = items_.extract(job.item).mapped();
    OpenTrial& open = open_.at(trial);
    open.result = to_record(job);
    if (trial != told_) write_partial(trial, open);
}

void Coordinator::write_partial(std::int64_t trial, const OpenTrial& open) {
    setup_.journal->append(
        journal::Partial{.of = trial, .candidate = hex16(open.candidate.hash), .result = *open.result});
}

bool Coordinator::can_tell() const {
    const auto next = open_.find(told_);
    return next != open_.end() && next->second.result.has_value();
}

void Coordinator::tell_next() {
    const OpenTrial open = std::move(open_.extract(told_).mapped());
    FinishedTrial finished{TrialId{told_}, open.candidate, to_outcome(*open.result), false};
    finished.is_pass = goal_->is_met(finished.outcome);
    if (!open.is_replayed) write_trial(finished, open);
    strategy_->tell(finished.trial, finished.outcome);
    ++told_;
    result_.sample_units += open.result->sample_units;
    consider_best(finished);
    report(finished, open);
    if (!open.is_replayed) deliver_best();
    if (finished.is_pass && setup_.settings.timeout_s <= 0) {
        end_ = EndReason::goal_met;
    } else if (told_ >= setup_.settings.max_trials) {
        end_ = EndReason::max_trials;
    }
}

void Coordinator::write_trial(const FinishedTrial& trial, const OpenTrial& open) {
    journal::Trial record;
    record.trial = trial.trial.value;
    record.candidate = hex16(open.candidate.hash);
    record.stage = open.stage;
    for (const auto& [unit, dtype] : fallbacks(*setup_.space, setup_.space->plan(open.candidate))) {
        record.changed.push_back({unit, dtype});
    }
    record.verdict = std::holds_alternative<TrialFailure>(trial.outcome) ? "error" : trial.is_pass ? "pass" : "fail";
    record.result = *open.result;
    record.elapsed_ms = std::llround(elapsed_s() * 1000);
    setup_.journal->append(record);
    ++live_told_;
}

/// Passing beats failing; among passing ones fewest high-precision units, then accuracy; among failing ones accuracy.
/// Ties: the earlier trial stays.
bool Coordinator::is_better_delivery(const FinishedTrial& a, const FinishedTrial& b) const {
    if (a.is_pass != b.is_pass) return a.is_pass;
    if (a.is_pass) {
        const auto units = [&](const FinishedTrial& t) {
            return setup_.space->plan(t.candidate).high_precision_units();
        };
        if (units(a) != units(b)) return units(a) < units(b);
    }
    return goal_->is_better(accuracy_of(a), accuracy_of(b));
}

void Coordinator::consider_best(const FinishedTrial& trial) {
    if (std::holds_alternative<TrialFailure>(trial.outcome)) return;
    if (result_.best && !is_better_delivery(trial, *result_.best)) return;
    result_.best = trial;
    result_.is_goal_met = trial.is_pass;
    result_.gap = goal_->gap(accuracy_of(trial));
    is_best_undelivered_ = true;
}

void Coordinator::deliver_best() {
    if (!is_best_undelivered_) return;
    setup_.listener->on_best(*result_.best, result_.baseline);
    is_best_undelivered_ = false;
}

void Coordinator::report(const FinishedTrial& trial, const OpenTrial& open) {
    Progress progress;
    progress.trials = told_;
    progress.max_trials = setup_.settings.max_trials;
    progress.stage = open.stage;
    progress.best_accuracy = result_.best ? std::optional(accuracy_of(*result_.best)) : std::nullopt;
    progress.is_goal_met = result_.is_goal_met;
    progress.elapsed_s = elapsed_s();
    progress.is_replayed = open.is_replayed;
    if (live_told_ > 0) {
        progress.trial_s = seconds(setup_.clock->now() - search_start_) / static_cast<double>(live_told_);
    }
    setup_.listener->on_trial(trial, open.stage, progress);
}

/// After an interruption every worker ends the shard it is at; trials that this completes are kept, and told as far as
/// they are in order. After a decision what is still out lies beyond the deciding trial and is dropped (stop_workers).
void Coordinator::wind_down() {
    if (is_decided()) return;
    dispatcher_.request_stop();
    while (!is_decided() && !dispatcher_.is_stopped()) {
        if (const auto finished = dispatcher_.step(kWait)) collect(*finished);
        while (!is_decided() && can_tell()) tell_next();  // may meet the goal or a limit after all
    }
}

void Coordinator::finish_run() {
    result_.reason = end_.value_or(EndReason::exhausted);
    result_.trials = told_;
    if (setup_.settings.calibrate_only || result_.reason == EndReason::interrupted) return;
    journal::End record;
    record.reason = std::string(kEndReasonNames.name(result_.reason));
    record.trials = told_;
    record.best = result_.best ? result_.best->trial.value : -1;
    record.goal_met = result_.is_goal_met;
    record.sample_units = result_.sample_units;
    record.elapsed_ms = replayed_end_ ? replayed_end_->elapsed_ms : 0;
    if (replayed_end_ && *replayed_end_ == record) return;  // the earlier session's end stands
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
