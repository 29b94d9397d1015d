#include "tune/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "space/search_space.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

/// Candidates of one job. Two in three of an ideal tree's savings come with the first eight, and one rank that meets
/// its goal at the first of them has spent no more than these. Fixed: the records must not depend on the ranks.
constexpr std::size_t kLargestGroup = 8;

}  // namespace

Coordinator::Coordinator(Communicator& comm, Evaluator& evaluator, const CoordinatorSetup& setup)
    : setup_(setup), evaluator_(evaluator), dispatcher_(comm, evaluator), start_(setup.clock->now()) {}

double Coordinator::elapsed_s() const { return earlier_.elapsed_s + seconds(setup_.clock->now() - start_); }

bool Coordinator::should_interrupt() const { return setup_.stop_requested && setup_.stop_requested->load(); }

bool Coordinator::is_decided() const { return end_ && *end_ != EndReason::interrupted; }

bool Coordinator::ends_at_goal() const { return setup_.settings.timeout_s <= 0 && !strategy_->refines(); }

bool Coordinator::compares_latency() const { return setup_.settings.timeout_s > 0 || latency_.has_value(); }

bool Coordinator::is_out_of_time() const {
    return setup_.settings.timeout_s > 0 && elapsed_s() >= setup_.settings.timeout_s;
}

Result Coordinator::run() {
    earlier_ = sort_records(setup_.replay);
    if (prepare() && !setup_.settings.calibrate_only) {
        search();
        complete_best();
        if (is_decided()) choose_finalist();
    }
    finish_run();
    return result_;
}

bool Coordinator::prepare() {
    Job calibrate;
    calibrate.kind = JobKind::calibrate;
    (void)dispatcher_.submit(calibrate);
    if (!earlier_.baseline && !setup_.settings.calibrate_only) {
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
    setup_.listener->on_calibration();
}

/// What fp32 got wrong comes before the baseline: a journal that has this has that.
void Coordinator::keep_baseline(const FinishedJob& job) {
    if (setup_.settings.early_termination) {
        journal::Difficulty difficulty{evaluator_.merge_difficulty(job.payloads)};
        if (!difficulty.samples.empty()) {
            setup_.journal->append(difficulty);
            earlier_.difficulty = std::move(difficulty);
        }
    }
    const journal::Baseline record{to_record(job, job, evaluator_, std::nullopt)};
    setup_.journal->append(record);
    earlier_.baseline = record;
}

void Coordinator::begin_conversation() {
    result_.baseline = earlier_.baseline->result.score;
    if (!std::isfinite(result_.baseline.accuracy)) throw ModelError("the fp32 model's accuracy is not a number");
    goal_.emplace(setup_.settings.criterion, result_.baseline.accuracy);
    if (setup_.settings.early_termination && earlier_.difficulty) install_difficulty(earlier_.difficulty->samples);
    LatencySource latency;
    if (setup_.measure_latency) latency = [this]() -> const LatencyTable& { return latency_table(); };
    // Before the search, while the workers have nothing to do: what is timed must run alone.
    if (latency && setup_.settings.timeout_s > 0 && setup_.settings.objective.latency > 0) (void)latency_table();
    strategy_ = setup_.make_strategy(*goal_, result_.baseline.accuracy, latency);
    delivery_.emplace(setup_, *goal_, result_.baseline.accuracy, compares_latency() ? latency : LatencySource{});
    result_.heuristics = strategy_->heuristics();
    setup_.listener->on_baseline(result_.baseline);
}

void Coordinator::install_difficulty(const std::string& difficulty) {
    evaluator_.install_difficulty(difficulty);
    dispatcher_.set_difficulty(difficulty);
    has_difficulty_ = true;
    dispatcher_.set_judge([this](const Job&, const std::vector<std::string>& payloads) {
        const auto bounds = evaluator_.bounds(payloads);
        return bounds && goal_->is_out_of_reach(*bounds);
    });
}

const LatencyTable& Coordinator::latency_table() {
    if (latency_) return *latency_;
    if (earlier_.latency) {
        if (!earlier_.latency->fits(*setup_.space)) {
            throw ConfigError("the journal's latency table is not of this search space; choose another --workspace");
        }
        latency_ = *earlier_.latency;
    } else {
        latency_ = setup_.measure_latency();
        setup_.journal->append(*latency_);
    }
    result_.latency = latency_;
    return *latency_;
}

void Coordinator::replay_trials() {
    while (!end_ && earlier_.trials.contains(trials_told_)) {
        const Ask ask = strategy_->ask();
        HALFTONE_CHECK(ask.kind != Ask::Kind::wait, "a strategy waits only while something asked is untold");
        if (ask.kind == Ask::Kind::done) {
            throw ConfigError(
                fmt::format("the journal goes on to trial {}, this run's strategy ends before trial {}; was "
                            "it written by another version? Choose another --workspace",
                            earlier_.trials.rbegin()->first, trials_told_));
        }
        open(ask);
        if (!can_tell()) break;  // a probe that was never finished cannot lie before a trial that was
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
    if (open_.empty() && is_strategy_done_) {
        const bool is_refined = setup_.settings.timeout_s <= 0 && !result_.passing.empty();
        return is_refined ? EndReason::goal_met : EndReason::exhausted;
    }
    if (open_.empty() && trials_asked_ >= setup_.settings.max_trials) return EndReason::max_trials;
    if (should_interrupt()) return EndReason::interrupted;
    if (trials_told_ > 0 && is_out_of_time()) return EndReason::timeout;  // not without any result
    return std::nullopt;
}

/// Asks while workers could run dry. The sequence of candidates never depends on when this happens; nor do groups,
/// because a group is gathered to its end.
void Coordinator::ask_more() {
    const std::int64_t window = dispatcher_.workers() == 1 ? 1 : dispatcher_.workers() + 1;
    while (!is_strategy_done_ && trials_asked_ < setup_.settings.max_trials &&
           (dispatcher_.unfinished() < window || !group_.candidates.empty()) &&
           !can_tell()) {  // telling first may end the run
        Ask ask = strategy_->ask();
        if (ask.kind == Ask::Kind::wait) {
            HALFTONE_CHECK(!open_.empty(), "a strategy waits only while something asked is untold");
            break;
        }
        if (ask.kind == Ask::Kind::done) {
            is_strategy_done_ = true;
        } else {
            open(std::move(ask));
        }
    }
    if (!can_tell()) submit_group();
}

void Coordinator::check_candidate(const std::string& what, const Candidate& candidate,
                                  const std::string& journalled) const {
    if (hex16(candidate.hash) == journalled) return;
    throw ConfigError(
        fmt::format("the journal's {} is candidate {}, this run would ask for {}; was it written by "
                    "another version? Choose another --workspace",
                    what, journalled, hex16(candidate.hash)));
}

void Coordinator::open(Ask ask) {
    const bool joins = setup_.settings.prefix_reuse && ask.group != 0 && ask.group == group_.id;
    if (!joins) submit_group();
    Open open;
    open.ask = std::move(ask);
    if (open.is_probe()) {
        open_probe(open);
    } else {
        open_trial(open);
    }
    open_.emplace(asked_++, std::move(open));
    if (group_.candidates.size() == kLargestGroup) submit_group();
}

void Coordinator::open_trial(Open& open) {
    const std::int64_t trial = trials_asked_++;
    const Candidate& candidate = open.ask.candidate;
    open.number = trial;
    const std::string what = fmt::format("trial {}", trial);
    if (const auto told = earlier_.trials.find(trial); told != earlier_.trials.end()) {
        check_candidate(what, candidate, told->second.candidate);
        open.result = told->second.result;
        open.is_replayed = true;
    } else if (const auto partial = earlier_.partials.find(trial); partial != earlier_.partials.end()) {
        check_candidate(what, candidate, partial->second.candidate);
        open.result = partial->second.result;
    }
    if (setup_.settings.prefix_reuse && open.ask.group != 0) {
        if (group_.candidates.empty())
            group_ = {.id = open.ask.group, .first_trial = trial, .candidates = {}, .opened = {}};
        group_.candidates.push_back(candidate);
        group_.opened.push_back(asked_);
    } else if (!open.result) {
        Job job;
        job.trial = TrialId{trial};
        job.candidate = candidate;
        job.may_end_early = may_end_early(open.ask);
        items_[dispatcher_.submit(job)] = {asked_};
    }
}

bool Coordinator::may_end_early(const Ask& ask) const { return ask.verdict_only && has_difficulty_; }

void Coordinator::open_probe(Open& open) {
    open.number = probes_asked_++;
    if (const auto known = earlier_.probes.find(open.number); known != earlier_.probes.end()) {
        check_candidate(fmt::format("sensitivity {}", open.number), open.ask.probe.candidate, known->second.candidate);
        open.errors = to_probe_result(known->second);
        open.is_replayed = true;
        return;
    }
    Job job;
    job.kind = JobKind::probe;
    job.candidate = open.ask.probe.candidate;
    job.probe = open.ask.probe.kind;
    items_[dispatcher_.submit(job)] = {asked_};
}

/// Where some of a group's results are known from an earlier session, the whole group runs again: what a candidate
/// shares with earlier ones, and so its record, must not depend on where that session ended.
void Coordinator::submit_group() {
    const Group group = std::exchange(group_, {});
    const auto is_known = [&](std::int64_t place) {
        const auto found = open_.find(place);
        return found == open_.end() || found->second.is_finished();
    };
    if (std::all_of(group.opened.begin(), group.opened.end(), is_known)) return;
    Job job;
    job.trial = TrialId{group.first_trial};
    job.candidate = group.candidates.front();
    job.followers.assign(group.candidates.begin() + 1, group.candidates.end());
    items_[dispatcher_.submit(job)] = group.opened;
}

void Coordinator::collect(const FinishedJob& job) {
    const std::vector<std::int64_t> places = items_.extract(job.item).mapped();
    if (job.job.kind == JobKind::probe) {
        Open& open = open_.at(places.front());
        open.errors = job.failure.empty() ? evaluator_.merge_probe(job.payloads) : ProbeResult{{}, 0, job.failure};
        return;
    }
    // The last comes first: should the session end in between, the results that are missing are the next ones to tell.
    for (std::size_t f = job.followers.size(); f > 0; --f) collect_trial(places[f], job, job.followers[f - 1]);
    collect_trial(places.front(), job, job);
}

void Coordinator::collect_trial(std::int64_t place, const FinishedJob& job, const FinishedPart& part) {
    const auto found = open_.find(place);
    if (found == open_.end() || found->second.is_finished()) return;  // known from an earlier session
    std::optional<AccuracyBounds> bounds;
    const auto shards = static_cast<std::size_t>(evaluator_.shards(JobKind::evaluate));
    if (part.failure.empty() && part.payloads.size() < shards) bounds = evaluator_.bounds(part.payloads);
    Open& open = found->second;
    open.result = to_record(job, part, evaluator_, bounds);
    if (place != told_) write_partial(open);
}

void Coordinator::write_partial(const Open& open) {
    setup_.journal->append(
        journal::Partial{.of = open.number, .candidate = hex16(open.ask.candidate.hash), .result = *open.result});
}

bool Coordinator::can_tell() const {
    const auto next = open_.find(told_);
    return next != open_.end() && next->second.is_finished();
}

void Coordinator::tell_next() {
    const Open open = std::move(open_.extract(told_).mapped());
    ++told_;
    if (open.is_probe()) {
        tell_probe(open);
    } else {
        tell_trial(open);
    }
}

void Coordinator::tell_probe(const Open& open) {
    if (!open.is_replayed) {
        journal::Sensitivity record = to_record(open.ask.probe, *open.errors, *setup_.space);
        record.probe = open.number;
        record.stage = open.ask.stage;
        setup_.journal->append(record);
    }
    strategy_->tell_probe(open.number, *open.errors);
    setup_.listener->on_probe(open.ask.probe, *open.errors, open.ask.stage);
}

void Coordinator::tell_trial(const Open& open) {
    FinishedTrial finished{TrialId{open.number}, open.ask.candidate, journal::to_outcome(*open.result), false};
    finished.is_pass = goal_->is_met(finished.outcome);
    if (!open.is_replayed) write_trial(finished, open);
    strategy_->tell(finished.trial, finished.outcome);
    ++trials_told_;
    result_.sample_units += open.result->score.sample_units;
    if (finished.is_pass) result_.passing.push_back(finished);
    if (open.result->score.bounds) ended_early_.push_back(finished);
    if (!open.result->score.bounds && open.result->failure.empty()) result_.scored.push_back(finished);
    if (delivery_->consider(finished)) is_best_undelivered_ = true;
    report(finished, open);
    if (!open.is_replayed) deliver_best();
    if (finished.is_pass && ends_at_goal()) {
        end_ = EndReason::goal_met;
    } else if (trials_told_ >= setup_.settings.max_trials) {
        end_ = EndReason::max_trials;
    }
}

void Coordinator::write_trial(const FinishedTrial& trial, const Open& open) {
    journal::Trial record;
    record.trial = trial.trial.value;
    record.candidate = hex16(open.ask.candidate.hash);
    record.stage = open.ask.stage;
    for (const auto& [unit, dtype] : fallbacks(*setup_.space, setup_.space->plan(open.ask.candidate))) {
        record.changed.push_back({unit, dtype});
    }
    record.verdict = std::holds_alternative<TrialFailure>(trial.outcome) ? "error" : trial.is_pass ? "pass" : "fail";
    record.result = *open.result;
    if (latency_) record.latency_ms = latency_->predict_ms(*setup_.space, trial.candidate);
    record.elapsed_ms = std::llround(elapsed_s() * 1000);
    record.options = journal::to_options(trial.candidate);
    setup_.journal->append(record);
    ++live_told_;
}

void Coordinator::deliver_best() {
    if (!is_best_undelivered_) return;
    setup_.listener->on_best(*delivery_->best(), result_.baseline);
    is_best_undelivered_ = false;
}

void Coordinator::report(const FinishedTrial& trial, const Open& open) {
    Progress progress;
    progress.trials = trials_told_;
    progress.max_trials = setup_.settings.max_trials;
    progress.stage = open.ask.stage;
    const auto& best = delivery_->best();
    progress.best_accuracy = best ? std::optional(accuracy_of(*best)) : std::nullopt;
    progress.is_goal_met = best && best->is_pass;
    progress.elapsed_s = elapsed_s();
    progress.is_replayed = open.is_replayed;
    if (latency_) progress.latency_ms = latency_->predict_ms(*setup_.space, trial.candidate);
    if (live_told_ > 0) {
        progress.trial_s = seconds(setup_.clock->now() - search_start_) / static_cast<double>(live_told_);
    }
    setup_.listener->on_trial(trial, open.ask.stage, progress);
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

}  // namespace halftone::tune
