#pragma once
// Whole tune runs without a model: a toy evaluator over a toy space, a journal in memory, ranks as threads. What a test
// wants to happen (delays, stop flags, broken data) happens in Hooks::on_shard, which sees every shard of every rank.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/rng.hpp"
#include "base/wire.hpp"
#include "comm/local.hpp"
#include "comm/threads.hpp"
#include "support/journal_records.hpp"
#include "support/toy_space.hpp"
#include "tune/tuner.hpp"

namespace halftone::test {

inline constexpr std::int64_t kToySamples = 1000;

/// Asks for candidates 0, 1, … of the space, whatever it is told.
class CountingStrategy final : public Strategy {
public:
    CountingStrategy(const SearchSpace& space, std::uint64_t count) : space_(space), count_(count) {}
    [[nodiscard]] Ask ask() override {
        if (next_ == count_) return Ask::done();
        return Ask::for_trial(space_.at(next_++), "counting");
    }
    void tell(TrialId trial, const Outcome&) override { EXPECT_EQ(trial.value, told_++) << "told in trial order"; }

private:
    const SearchSpace& space_;
    std::uint64_t count_;
    std::uint64_t next_ = 0;
    std::int64_t told_ = 0;
};

/// What is tuned; the same for every session of a run.
struct ToyProblem {
    SearchSpace space;
    std::function<Outcome(const Candidate&)> outcome;
    std::function<std::unique_ptr<Strategy>(const StrategyContext&)> make_strategy;
    tune::RunSettings settings = {};
    double baseline = 0.9;
    std::int64_t shards = 3;
    std::optional<LatencyTable> latency = {};
    std::function<Costs(const Candidate*)> costs = {};  ///< null asks for those of fp32; empty: nothing costs anything
    std::function<std::vector<MedianInterval>(const std::vector<Candidate>&)> time_finalists = {};
    ConfigNode strategy_settings = {};
};

/// The candidates of a long space in order; trial t has accuracies[t].
inline ToyProblem listed_problem(const std::vector<double>& accuracies) {
    std::vector<std::int64_t> sizes;  // one unit with one option: the calibration sizes make the candidates
    for (std::size_t t = 0; t < accuracies.size(); ++t) sizes.push_back(static_cast<std::int64_t>(100 + t));
    const std::size_t count = accuracies.size();
    return {.space = toy_space({decision("u0", {kMinmax})}, std::move(sizes)),
            .outcome = [accuracies](const Candidate& c) -> Outcome {
                return Score{.accuracy = accuracies[static_cast<std::size_t>(c.calibration)]};
            },
            .make_strategy =
                [count](const StrategyContext& c) { return std::make_unique<CountingStrategy>(c.space, count); }};
}

/// What a toy problem gives a run: it has no latency table and times no finalists unless the problem says so.
class ToyServices final : public tune::RunServices {
public:
    ToyServices(const ToyProblem& problem, journal::Writer& journal, const Clock& clock, const std::atomic<bool>& stop)
        : problem_(problem), journal_(journal), clock_(clock), stop_(stop) {}

    [[nodiscard]] const SearchSpace& space() const override { return problem_.space; }
    [[nodiscard]] journal::Writer& journal() override { return journal_; }
    [[nodiscard]] const Clock& clock() const override { return clock_; }
    [[nodiscard]] bool is_stop_requested() const override { return stop_.load(); }
    [[nodiscard]] std::unique_ptr<Strategy> make_strategy(const Goal& goal, double baseline,
                                                          const LatencySource& latency) override {
        return problem_.make_strategy({.space = problem_.space,
                                       .goal = goal,
                                       .baseline = baseline,
                                       .settings = problem_.strategy_settings,
                                       .latency = latency});
    }
    [[nodiscard]] bool can_measure_latency() const override { return problem_.latency.has_value(); }
    [[nodiscard]] LatencyTable measure_latency() override { return *problem_.latency; }
    [[nodiscard]] Costs fp32_costs() override { return problem_.costs ? problem_.costs(nullptr) : Costs{}; }
    [[nodiscard]] Costs costs(const Candidate& candidate) override {
        return problem_.costs ? problem_.costs(&candidate) : Costs{};
    }
    [[nodiscard]] bool can_time_finalists() const override { return static_cast<bool>(problem_.time_finalists); }
    [[nodiscard]] std::vector<MedianInterval> time_finalists(const std::vector<Candidate>& candidates) override {
        return problem_.time_finalists(candidates);
    }

private:
    const ToyProblem& problem_;
    journal::Writer& journal_;
    const Clock& clock_;
    const std::atomic<bool>& stop_;
};

/// Shared by the evaluators of all ranks of one session.
struct Hooks {
    /// Called at the start of every shard, on the thread of its rank. May throw, sleep, set flags.
    std::function<void(const Job& job, std::int64_t shard, RankId rank)> on_shard = {};
    std::function<void()> on_install = {};
    /// Called when rank 0 asks for a score, in the thread that does.
    std::function<void()> on_score = {};
};

/// Counts what was really evaluated.
class Ledger {
public:
    void note(const Job& job) {
        const std::lock_guard lock(mutex_);
        std::vector<std::int64_t> trials;
        for (std::size_t i = 0; i <= job.followers.size(); ++i) {
            trials.push_back(job.trial.value < 0 ? -1 : job.trial.value + static_cast<std::int64_t>(i));
            ++shards_[{job.kind, trials.back()}];
        }
        if (job.trial.value >= 0) jobs_.insert(std::move(trials));
    }
    [[nodiscard]] std::set<std::int64_t> trials() const {
        std::set<std::int64_t> all;
        for (const auto& [key, count] : shards_) {
            if (key.first == JobKind::evaluate && key.second >= 0) all.insert(key.second);
        }
        return all;
    }
    /// Trials by job: those that were evaluated together.
    [[nodiscard]] std::set<std::vector<std::int64_t>> jobs() const {
        const std::lock_guard lock(mutex_);
        return jobs_;
    }
    [[nodiscard]] int shards_of(JobKind kind, std::int64_t trial = -1) const {
        const std::lock_guard lock(mutex_);
        const auto found = shards_.find({kind, trial});
        return found == shards_.end() ? 0 : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::pair<JobKind, std::int64_t>, int> shards_;
    std::set<std::vector<std::int64_t>> jobs_;
};

/// Splits `outcome` into shards of whole samples; a failing candidate fails in the shard that its hash names.
class ToyEvaluator final : public Evaluator {
public:
    ToyEvaluator(const ToyProblem& problem, const Hooks& hooks, Ledger& ledger, RankId rank)
        : problem_(problem), hooks_(hooks), ledger_(ledger), rank_(rank) {}

    [[nodiscard]] std::int64_t shards(JobKind) const override { return problem_.shards; }

    [[nodiscard]] ShardResult run(const Job& job, std::int64_t shard) override {
        ledger_.note(job);
        if (hooks_.on_shard) hooks_.on_shard(job, shard, rank_);
        if (job.kind == JobKind::calibrate) return {.payload = std::to_string(shard) + ";", .failure = {}};
        if (job.kind == JobKind::baseline) return counted(problem_.baseline, shard, false);
        if (!is_calibrated_) throw InternalError("a candidate came before the calibration");
        if (job.kind == JobKind::probe) return probe(job, shard);
        if (job.may_end_early && !has_difficulty_) throw InternalError("nobody said what is hard");
        ShardResult result = evaluate(job.candidate, shard, job.may_end_early);
        for (const Candidate& follower : job.followers) {
            result.followers.push_back(evaluate(follower, shard, false));
            result.followers.back().sample_units /= 7;  // of seven units it shares six with the first
        }
        return result;
    }

    void install_difficulty(const std::string& difficulty) override {
        EXPECT_EQ(difficulty, "0z");
        has_difficulty_ = true;
    }
    [[nodiscard]] std::string merge_difficulty(const std::vector<std::string>&) const override { return "0z"; }

    [[nodiscard]] std::unique_ptr<ScoreMerge> start_score() const override {
        return std::make_unique<Merge>(problem_.shards, hooks_);
    }

    [[nodiscard]] ProbeResult merge_probe(const std::vector<std::string>& payloads) const override {
        EXPECT_EQ(payloads.size(), static_cast<std::size_t>(problem_.shards));
        ProbeResult merged;
        for (const std::string& payload : payloads) {
            ByteReader wire(payload);
            const auto errors = wire.get_all<double>();
            merged.values.resize(errors.size());
            for (std::size_t i = 0; i < errors.size(); ++i) {
                merged.values[i].merge({.error = errors[i], .reference = 100, .count = 1});
            }
            ++merged.samples;
        }
        return merged;
    }

    void install_calibration(const std::string& merged) override {
        if (hooks_.on_install) hooks_.on_install();
        std::string expected;
        for (std::int64_t s = 0; s < problem_.shards; ++s) expected += std::to_string(s) + ";";
        EXPECT_EQ(merged, expected) << "calibration partials merge in shard order";
        is_calibrated_ = true;
    }

    [[nodiscard]] std::string merge_calibration(const std::vector<std::string>& payloads) override {
        std::string merged;
        for (const std::string& payload : payloads) merged += payload;
        return merged;
    }

private:
    /// Right and all samples of the shards so far.
    class Merge final : public ScoreMerge {
    public:
        Merge(std::int64_t shards, const Hooks& hooks) : shards_(shards), hooks_(hooks) {}
        void add(const std::string& payload) override {
            ByteReader wire(payload);
            is_nan_ |= wire.get<bool>();
            correct_ += wire.get<std::int64_t>();
            samples_ += wire.get<std::int64_t>();
            EXPECT_TRUE(wire.ok() && wire.at_end());
            ++added_;
        }
        [[nodiscard]] Score score() const override {
            if (hooks_.on_score) hooks_.on_score();
            EXPECT_EQ(samples_ == kToySamples, added_ == shards_) << "every shard once";
            const double accuracy = static_cast<double>(correct_) / static_cast<double>(samples_);
            return {.accuracy = is_nan_ ? std::nan("") : accuracy, .correct = correct_, .samples = samples_};
        }
        [[nodiscard]] std::optional<AccuracyBounds> bounds() const override {
            if (is_nan_) return std::nullopt;
            return AccuracyBounds{static_cast<double>(correct_) / kToySamples,
                                  static_cast<double>(correct_ + kToySamples - samples_) / kToySamples};
        }

    private:
        std::int64_t shards_;
        const Hooks& hooks_;
        std::int64_t added_ = 0;
        std::int64_t correct_ = 0;
        std::int64_t samples_ = 0;
        bool is_nan_ = false;
    };

    [[nodiscard]] ShardResult evaluate(const Candidate& candidate, std::int64_t shard, bool may_end_early) const {
        const Outcome outcome = problem_.outcome(candidate);
        const auto* score = std::get_if<Score>(&outcome);
        const auto failing = static_cast<std::int64_t>(candidate.hash % static_cast<std::uint64_t>(problem_.shards));
        if (score == nullptr && shard >= failing) {
            return {.payload = {}, .failure = "shard " + std::to_string(shard) + " cannot run"};
        }
        return counted(score == nullptr ? 0 : score->accuracy, shard, may_end_early);
    }

    /// Errors by chance, from the candidate alone.
    [[nodiscard]] ShardResult probe(const Job& job, std::int64_t shard) const {
        Rng rng(mix(job.candidate.hash, static_cast<std::uint64_t>(shard)));
        std::vector<double> errors(job.probe == ProbeKind::output_error ? 1 : job.candidate.choice.size());
        for (double& error : errors) error = rng.uniform();
        WireWriter payload;
        payload.put_all(errors);
        return {.payload = payload.take(), .failure = {}};
    }

    /// Right and all samples of a shard. Spread evenly; with the hardest first, all wrong ones come at the start.
    [[nodiscard]] ShardResult counted(double accuracy, std::int64_t shard, bool may_end_early) const {
        const auto all_until = [&](std::int64_t s) { return kToySamples * s / problem_.shards; };
        const std::int64_t right = std::isnan(accuracy) ? 0 : std::llround(accuracy * kToySamples);
        const auto right_until = [&](std::int64_t s) {
            if (may_end_early) return std::max<std::int64_t>(0, all_until(s) - (kToySamples - right));
            return right * s / problem_.shards;
        };
        WireWriter payload;
        payload.put(std::isnan(accuracy));
        payload.put(right_until(shard + 1) - right_until(shard));
        payload.put(all_until(shard + 1) - all_until(shard));
        return {
            .payload = payload.take(), .failure = {}, .sample_units = 7 * (all_until(shard + 1) - all_until(shard))};
    }

    const ToyProblem& problem_;
    const Hooks& hooks_;
    Ledger& ledger_;
    RankId rank_;
    bool is_calibrated_ = false;
    bool has_difficulty_ = false;
};

/// Notes what rank 0 tells the outside, and in which order.
class NotingListener final : public tune::Listener {
public:
    void on_baseline(const Score& score) override {
        events.push_back("baseline " + std::to_string(score.correct.value_or(-1)));
        if (on_event) on_event(events.back());
    }
    void on_trial(const tune::FinishedTrial& trial, const std::string&, const tune::Progress& progress) override {
        events.push_back((progress.is_replayed ? "replayed " : "trial ") + std::to_string(trial.trial.value));
        if (on_event) on_event(events.back());
    }
    void on_best(const tune::FinishedTrial& best, const Score&) override {
        delivered.push_back(best.trial.value);
        events.push_back("best " + std::to_string(best.trial.value));
        if (on_event) on_event(events.back());
    }
    std::vector<std::string> events;
    std::vector<std::int64_t> delivered;
    std::function<void(const std::string&)> on_event;  ///< may throw
};

/// A workspace in memory and sessions that work in it.
class ToyRun {
public:
    explicit ToyRun(ToyProblem problem, const std::string& journal_text = {}) : problem_(std::move(problem)) {
        files->create_directories("/w");
        if (!journal_text.empty()) files->write_atomically(kPath, journal_text);
    }

    /// One session over this communicator: every rank calls it. Rank 0 returns the result. @throws what the run throws
    tune::RunResult session(Communicator& comm) {
        ToyEvaluator evaluator(problem_, hooks, *ledger, comm.rank());
        if (comm.rank() != RankId{0}) {
            tune::run_worker(comm, evaluator);
            return {};
        }
        auto replay = journal::read_journal(*files, kPath);
        journal::Writer writer(*files, kPath, replay.valid_bytes);
        if (replay.records.empty()) {
            writer.append(journal::sample_header());
        } else {
            writer.append(journal::Resume{.trials = 0, .ranks = comm.size()});
        }
        ToyServices services(problem_, writer, clock, stop);
        return tune::run_coordinator(comm, evaluator, problem_.settings, services, listener, replay.records);
    }

    /// Forgets what the session before evaluated and told.
    void start_session() {
        ledger = std::make_unique<Ledger>();
        listener.events.clear();
        listener.delivered.clear();
    }

    /// One session with ranks as threads, or over Local when there is one. What it evaluated is in `ledger`.
    tune::RunResult run(int ranks = 1, std::chrono::microseconds max_delay = {}, std::uint64_t seed = 0) {
        start_session();
        if (ranks == 1) return session(*make_local_communicator());
        tune::RunResult result;
        std::exception_ptr trouble;
        world = std::make_unique<ThreadWorld>(ThreadWorldOptions{.size = ranks, .max_delay = max_delay, .seed = seed});
        world->run([&](Communicator& comm) {
            try {
                tune::RunResult mine = session(comm);
                if (comm.rank() == RankId{0}) result = std::move(mine);
            } catch (const MpiError&) {
                throw;  // there is nobody left to meet
            } catch (const Error&) {
                if (comm.rank() != RankId{0}) throw;
                trouble = std::current_exception();
            }
            comm.barrier();  // in trouble too, all ranks come here, and nothing is left in the mail
            if (comm.receive_for({})) ADD_FAILURE() << "rank " << comm.rank().value << " left a message unread";
        });
        if (trouble) std::rethrow_exception(trouble);
        return result;
    }

    [[nodiscard]] std::string journal_text() const { return files->exists(kPath) ? files->read(kPath) : ""; }
    [[nodiscard]] std::vector<journal::Record> records() const { return journal::read_journal(*files, kPath).records; }
    template <class Type>
    [[nodiscard]] std::vector<Type> records_of() const {
        std::vector<Type> all;
        for (const auto& record : records()) {
            if (const auto* typed = std::get_if<Type>(&record)) all.push_back(*typed);
        }
        return all;
    }

    /// Baseline, probes, the latency table, trials, completions and end as text, without what may differ between runs:
    /// wall_s, worker, *_ms, crc.
    [[nodiscard]] std::vector<std::string> lasting_lines() const {
        std::vector<std::string> lines;
        for (journal::Record record : records()) {
            if (auto* baseline = std::get_if<journal::Baseline>(&record)) {
                baseline->result.wall_s = 0;
                baseline->result.worker = 0;
            } else if (auto* trial = std::get_if<journal::Trial>(&record)) {
                trial->result.wall_s = 0;
                trial->result.worker = 0;
                trial->elapsed_ms = 0;
            } else if (auto* end = std::get_if<journal::End>(&record)) {
                end->elapsed_ms = 0;
            } else if (auto* completion = std::get_if<journal::Completion>(&record)) {
                completion->result.wall_s = 0;
                completion->result.worker = 0;
            } else if (!std::holds_alternative<journal::Sensitivity>(record) &&
                       !std::holds_alternative<journal::LatencyTable>(record)) {
                continue;
            }
            const std::string line = journal::to_line(record);
            lines.push_back(line.substr(0, line.find(",\"crc\"")));
        }
        return lines;
    }

    static constexpr const char* kPath = "/w/trials.jsonl";
    std::unique_ptr<MemoryFileSystem> files = make_memory_file_system();
    Hooks hooks;
    NotingListener listener;
    FakeClock clock;  ///< advance it on rank 0 only
    std::atomic<bool> stop{false};
    std::unique_ptr<Ledger> ledger = std::make_unique<Ledger>();
    std::unique_ptr<ThreadWorld> world;

    [[nodiscard]] ToyProblem& problem() { return problem_; }

private:
    ToyProblem problem_;
};

}  // namespace halftone::test
