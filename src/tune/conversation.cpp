// The conversation with the strategy. The way of a trial or a probe, in order:
//
//   ask_more          asks while workers could run dry; ask_for_replay asks for what the journal holds
//   add               gives it the next sequence number; its result may be known from an earlier session
//   submit_alone, submit_group   hand it to the dispatcher, a group as one job
//   collect           scores its trials in a thread
//   collect_scores    keeps its result; a trial that is not next is journaled as partial at once
//   tell_next         its turn has come: journal, then strategy
//
// Why told in order: a strategy learns from what it is told, so its next candidates depend on the order. Workers answer
// in any order; if that order reached the strategy, each run would search elsewhere, and none could be resumed. Told in
// the order of asking, the course of a search is the same for any number of ranks.
#include "tune/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

/// Candidates of one job. Two in three of an ideal tree's savings come with the first eight, and one rank that meets
/// its goal at the first of them has spent no more than these. Fixed: the records must not depend on the ranks.
constexpr std::size_t kLargestGroup = 8;

/// Most metrics are there by then, so that the loop need not come round for them.
constexpr std::chrono::milliseconds kSoonScored{20};

}  // namespace

Conversation::Conversation(const RunContext& run, const Goal& goal, std::unique_ptr<Strategy> strategy,
                           Surroundings around, bool can_end_early)
    : run_(run), goal_(goal), strategy_(std::move(strategy)), around_(around), can_end_early_(can_end_early) {}

SearchState Conversation::state() const {
    SearchState state = state_;
    state.has_pending = !pending_.empty();
    return state;
}

bool Conversation::can_tell() const {
    const auto next = pending_.find(next_to_tell_);
    return next != pending_.end() && next->second.is_finished();
}

// ---- asking ----

// One trial more than there are workers keeps all of them busy while one result is told; a lone worker needs no second.
// The sequence of candidates never depends on when the strategy is asked; nor do groups, because a group is gathered to
// its end whatever the workers do.
void Conversation::ask_more() {
    const std::int64_t workers = run_.dispatcher.workers();
    const std::int64_t window = workers == 1 ? 1 : workers + 1;
    while (!state_.is_strategy_done && state_.trials_asked < run_.settings.max_trials &&
           (run_.dispatcher.unfinished() < window || !group_.candidates.empty()) &&
           !can_tell()) {  // telling first may end the run
        Ask ask = strategy_->ask();
        if (ask.kind == Ask::Kind::wait) {
            HALFTONE_CHECK(!pending_.empty(), "a strategy waits only while something asked is untold");
            break;
        }
        if (ask.kind == Ask::Kind::done) {
            state_.is_strategy_done = true;
        } else {
            add(std::move(ask));
        }
    }
    if (!can_tell()) submit_group();
}

bool Conversation::ask_for_replay() {
    Ask ask = strategy_->ask();
    HALFTONE_CHECK(ask.kind != Ask::Kind::wait, "a strategy waits only while something asked is untold");
    if (ask.kind == Ask::Kind::done) {
        throw ConfigError(
            fmt::format("the journal goes on to trial {}, this run's strategy ends before trial {}; was "
                        "it written by another version? Choose another --workspace",
                        run_.history.trials.rbegin()->first, state_.trials_told));
    }
    add(std::move(ask));
    return can_tell();  // a probe that was never finished cannot lie before a trial that was
}

void Conversation::add(Ask ask) {
    const bool joins_group = run_.settings.prefix_reuse && ask.group != 0 && ask.group == group_.id;
    if (!joins_group) submit_group();
    PendingAsk pending;
    pending.ask = std::move(ask);
    if (pending.is_probe()) {
        add_probe(pending);
    } else {
        add_trial(pending);
    }
    pending_.emplace(next_sequence_number_++, std::move(pending));
    if (group_.candidates.size() == kLargestGroup) submit_group();
}

void Conversation::add_trial(PendingAsk& pending) {
    const std::int64_t trial = state_.trials_asked++;
    const Candidate& candidate = pending.ask.candidate;
    const std::string what = fmt::format("trial {}", trial);
    pending.number = trial;
    if (const auto told = run_.history.trials.find(trial); told != run_.history.trials.end()) {
        require_same_candidate(what, candidate, told->second.candidate);
        pending.result = told->second.result;
        pending.is_replayed = true;
    } else if (const auto partial = run_.history.partials.find(trial); partial != run_.history.partials.end()) {
        require_same_candidate(what, candidate, partial->second.candidate);
        pending.result = partial->second.result;
    }
    if (run_.settings.prefix_reuse && pending.ask.group != 0) {
        // A known result joins its group too: submit_group says why.
        if (group_.candidates.empty()) {
            group_ = {.id = pending.ask.group, .first_trial = trial, .candidates = {}, .sequence_numbers = {}};
        }
        group_.candidates.push_back(candidate);
        group_.sequence_numbers.push_back(next_sequence_number_);
    } else if (!pending.result) {
        submit_alone(pending);
    }
}

void Conversation::add_probe(PendingAsk& pending) {
    pending.number = probes_asked_++;
    const auto known = run_.history.probes.find(pending.number);
    if (known == run_.history.probes.end()) {
        submit_alone(pending);
        return;
    }
    require_same_candidate(fmt::format("sensitivity {}", pending.number), pending.ask.probe.candidate,
                           known->second.candidate);
    pending.errors = to_probe_result(known->second);
    pending.is_replayed = true;
}

void Conversation::submit_alone(const PendingAsk& pending) {
    Job job;
    if (pending.is_probe()) {
        job.kind = JobKind::probe;
        job.candidate = pending.ask.probe.candidate;
        job.probe = pending.ask.probe.kind;
    } else {
        job.trial = TrialId{pending.number};
        job.candidate = pending.ask.candidate;
        job.may_end_early = pending.ask.verdict_only && can_end_early_;
    }
    items_[run_.dispatcher.submit(job)] = {next_sequence_number_};
}

// Where some of a group's results are known from an earlier session, the whole group runs again: what a candidate
// shares with earlier ones, and so its record, must not depend on where that session ended.
void Conversation::submit_group() {
    const Group group = std::exchange(group_, {});
    const auto is_known = [&](std::int64_t sequence_number) {
        const auto found = pending_.find(sequence_number);
        return found == pending_.end() || found->second.is_finished();
    };
    if (std::all_of(group.sequence_numbers.begin(), group.sequence_numbers.end(), is_known)) return;
    Job job;
    job.trial = TrialId{group.first_trial};
    job.candidate = group.candidates.front();
    job.followers.assign(group.candidates.begin() + 1, group.candidates.end());
    items_[run_.dispatcher.submit(job)] = group.sequence_numbers;
}

// ---- results ----

void Conversation::collect(FinishedJob job) {
    std::vector<std::int64_t> answered = items_.extract(job.item).mapped();
    if (job.job.kind == JobKind::probe) {
        PendingAsk& probe = pending_.at(answered.front());
        probe.errors = job.failure.empty() ? run_.evaluator.merge_probe(job.payloads) : ProbeResult{{}, 0, job.failure};
        return;
    }
    auto score = [job = std::move(job), &evaluator = run_.evaluator] {
        std::vector<journal::TrialResult> results{to_record(job, job, evaluator)};
        for (const FinishedPart& follower : job.followers) results.push_back(to_record(job, follower, evaluator));
        return results;
    };
    scoring_.push_back({std::move(answered), std::async(std::launch::async, std::move(score))});
    collect_scores(kSoonScored);
}

void Conversation::collect_scores(std::chrono::nanoseconds wait) {
    for (auto job = scoring_.begin(); job != scoring_.end(); wait = {}) {
        if (job->results.wait_for(wait) != std::future_status::ready) {
            ++job;
            continue;
        }
        const std::vector<journal::TrialResult> results = job->results.get();
        const std::vector<std::int64_t> answered = std::move(job->answered);
        job = scoring_.erase(job);
        // The last comes first: should the session end in between, the results that are missing are the next to tell.
        for (std::size_t i = results.size(); i > 0; --i) collect_trial(answered[i - 1], results[i - 1]);
    }
}

// The first answer counts. A trial of a group that ran again may have its result from an earlier session, and may even
// be told already: the journal has that result, so the new one, equal but for its times, is dropped.
void Conversation::collect_trial(std::int64_t sequence_number, const journal::TrialResult& result) {
    const auto found = pending_.find(sequence_number);
    if (found == pending_.end() || found->second.is_finished()) return;
    PendingAsk& pending = found->second;
    pending.result = result;
    if (sequence_number == next_to_tell_) return;  // becomes a trial record at once
    run_.services.journal().append(journal::Partial{
        .of = pending.number, .candidate = hex16(pending.ask.candidate.hash), .result = *pending.result});
}

// ---- telling ----

std::optional<ToldTrial> Conversation::tell_next() {
    const PendingAsk pending = std::move(pending_.extract(next_to_tell_).mapped());
    ++next_to_tell_;
    if (!pending.is_probe()) return tell_trial(pending);
    tell_probe(pending);
    return std::nullopt;
}

// The journal comes first, here and below: if the program dies between the two, the resumed run tells the strategy what
// it reads. The other way round the strategy would have gone on from a result that nobody can read again.
void Conversation::tell_probe(const PendingAsk& pending) {
    if (!pending.is_replayed) {
        journal::Sensitivity record = to_record(pending.ask.probe, *pending.errors, run_.services.space());
        record.probe = pending.number;
        record.stage = pending.ask.stage;
        run_.services.journal().append(record);
    }
    probed_samples_ = pending.errors->failure.empty() ? pending.errors->samples : 0;
    is_probe_prepared_ = run_.services.space().preparation(pending.ask.probe.candidate.calibration) != Preparation{};
    strategy_->tell_probe(pending.number, *pending.errors);
    run_.listener.on_probe(pending.ask.probe, *pending.errors, pending.ask.stage);
}

ToldTrial Conversation::tell_trial(const PendingAsk& pending) {
    FinishedTrial trial{TrialId{pending.number}, pending.ask.candidate, journal::to_outcome(*pending.result), false};
    trial.is_pass = goal_.is_met(trial.outcome);
    if (!pending.is_replayed) write_trial(trial, pending);
    strategy_->tell(trial.trial, trial.outcome);
    ++state_.trials_told;
    state_.has_passing_trial |= trial.is_pass;
    return {std::move(trial), *pending.result, pending.ask.stage, pending.is_replayed};
}

void Conversation::write_trial(const FinishedTrial& trial, const PendingAsk& pending) {
    const SearchSpace& space = run_.services.space();
    journal::Trial record;
    record.trial = trial.trial.value;
    record.candidate = hex16(trial.candidate.hash);
    record.stage = pending.ask.stage;
    for (const auto& [unit, dtype] : fallbacks(space, space.plan(trial.candidate))) {
        record.changed.push_back({unit, dtype});
    }
    record.verdict = std::holds_alternative<TrialFailure>(trial.outcome) ? "error" : trial.is_pass ? "pass" : "fail";
    record.result = *pending.result;
    record.latency_ms = around_.latency.predict_ms(trial.candidate);
    record.elapsed_ms = std::llround(around_.stop.elapsed_s() * 1000);
    record.options = journal::to_options(trial.candidate);
    run_.services.journal().append(record);
}

}  // namespace halftone::tune
