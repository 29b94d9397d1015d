// Shards and answers, in the order in which a job meets them:
//
//   submit            a job waits with all its shards
//   hand_out          each worker gets up to two shards; pick chooses the job, assign sends
//   step              one round of the loop: hand out, run a shard if this rank is alone, wait for one message
//   receive_answer    an answer is checked, kept, and judged
//   judge             the first shards of a job may settle it
//   finish            all that counts is in: results in shard order
//   request_stop, stop_workers   the end
//
// Why the first shards and not the first answers: answers come in any order, and what a job gives must not depend on
// it.
#include "tune/dispatcher.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace halftone::tune {
namespace {

/// Shards a worker holds at once: one to run and one waiting, so that it never idles between messages.
constexpr std::int64_t kShardsAhead = 2;

/// The error a worker met, as if it had happened here.
[[noreturn]] void rethrow_broken(const Done& done, RankId from) {
    throw Error(static_cast<ExitCode>(done.broken_code), done.broken + " (on rank " + std::to_string(from.value) + ")");
}

[[noreturn]] void throw_nonsense(RankId from) {
    throw MpiError("rank " + std::to_string(from.value) +
                   " sent a damaged message, or an answer that nobody asked for");
}

}  // namespace

Dispatcher::Dispatcher(Communicator& comm, Evaluator& evaluator) : comm_(comm), evaluator_(evaluator) {
    for (int rank = 1; rank < comm.size(); ++rank) workers_.push_back({.rank = RankId{rank}});
    if (!workers_.empty()) return;
    workers_.push_back({.rank = RankId{0}});
    own_worker_ = std::make_unique<Worker>(comm, evaluator);
}

std::int64_t Dispatcher::submit(const Job& job) {
    ActiveJob active;
    active.job = job;
    active.shards = evaluator_.shards(job.kind);
    active.results.resize(static_cast<std::size_t>(active.shards));
    active.has_result.resize(static_cast<std::size_t>(active.shards));
    jobs_.emplace(next_item_, std::move(active));
    return next_item_++;
}

void Dispatcher::set_calibration(std::string merged) {
    calibration_ = std::move(merged);
    // When this rank is alone, the evaluator is the coordinator's own, where it is installed already.
    for (WorkerState& worker : workers_) worker.has_calibration = own_worker_ != nullptr;
}

void Dispatcher::set_difficulty(std::string merged) { difficulty_ = std::move(merged); }

// A session takes long to build, so a worker stays with its job. Handing out untouched jobs next keeps the workers
// apart: fewer sessions are built in all.
std::int64_t Dispatcher::pick(const WorkerState& worker) const {
    const auto has_shards = [](const ActiveJob& job) {
        return job.next_shard < job.shards && !job.is_failed && !job.is_decided;
    };
    // Its own job first: its session is built. Then a job nobody works on, then the lowest, which others wait for.
    const auto own = jobs_.find(worker.current_item);
    if (own != jobs_.end() && has_shards(own->second)) return own->first;
    std::int64_t lowest = -1;
    for (const auto& [item, job] : jobs_) {
        if (!has_shards(job)) continue;
        if (job.next_shard == 0) return item;
        if (lowest < 0) lowest = item;
    }
    return lowest;
}

void Dispatcher::assign(WorkerState& worker, std::int64_t item) {
    ActiveJob& job = jobs_.at(item);
    Assign assign;
    assign.item = item;
    assign.job = job.job;
    assign.first_shard = job.next_shard;
    assign.last_shard = job.next_shard + 1;
    const bool is_of_candidate = job.job.kind == JobKind::evaluate || job.job.kind == JobKind::probe;
    if (is_of_candidate && !worker.has_calibration) {
        assign.calibration = calibration_;
        assign.difficulty = difficulty_;
        worker.has_calibration = true;
    }
    ++job.next_shard;
    worker.owed.emplace(item, assign.first_shard);
    worker.current_item = item;
    comm_.send(worker.rank, encode(std::move(assign)));
}

void Dispatcher::hand_out() {
    if (is_stopping_) return;
    const std::int64_t ahead = own_worker_ ? 1 : kShardsAhead;
    for (std::int64_t round = 1; round <= ahead; ++round) {  // every worker gets its first shard before any its second
        for (WorkerState& worker : workers_) {
            if (static_cast<std::int64_t>(worker.owed.size()) >= round) continue;
            const std::int64_t item = pick(worker);
            if (item >= 0) assign(worker, item);
        }
    }
}

std::optional<FinishedJob> Dispatcher::step(std::chrono::nanoseconds wait) {
    hand_out();
    if (own_worker_ && own_worker_->has_work()) own_worker_->run_one();
    auto message = comm_.receive_for(own_worker_ ? std::chrono::nanoseconds(0) : wait);
    if (!message) return std::nullopt;
    auto decoded = decode(message->bytes);
    if (decoded && own_worker_ && std::holds_alternative<Assign>(*decoded)) {  // its own assignment came back
        own_worker_->accept(std::get<Assign>(std::move(*decoded)));
        return std::nullopt;
    }
    if (!decoded || !std::holds_alternative<Done>(*decoded)) throw_nonsense(message->from);
    return receive_answer(message->from, std::get<Done>(std::move(*decoded)));
}

WorkInHand Dispatcher::work(double elapsed_s) const {
    WorkInHand work;
    work.elapsed_s = elapsed_s;
    work.workers = workers();
    // A rank that is alone runs its shard inside step(), so it is never seen at work.
    for (const WorkerState& worker : workers_) work.busy_workers += own_worker_ || !worker.owed.empty() ? 1 : 0;
    if (jobs_.empty()) return work;
    work.kind = jobs_.begin()->second.job.kind;
    for (const auto& [item, job] : jobs_) {
        work.shards_done += job.answered;
        work.shards += job.shards;
    }
    return work;
}

Dispatcher::WorkerState& Dispatcher::worker_of(RankId rank) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto& w) { return w.rank == rank; });
    if (found == workers_.end()) throw_nonsense(rank);
    return *found;
}

// A shard may be answered twice: by a message that came twice, or by two workers, should a shard ever be given to a
// second one because the first seems lost. A second answer must not be counted, because a job is finished by the number
// of its answers.
Dispatcher::ActiveJob* Dispatcher::job_of(WorkerState& worker, const Done& done) {
    const bool was_owed = worker.owed.erase({done.item, done.shard}) > 0;
    const auto found = jobs_.find(done.item);
    const bool is_finished = found == jobs_.end() && done.item >= 0 && done.item < next_item_;
    if (is_finished && done.shard >= 0) return nullptr;
    if (found == jobs_.end() || done.shard < 0 || done.shard >= found->second.next_shard) throw_nonsense(worker.rank);
    if (found->second.has_result[static_cast<std::size_t>(done.shard)]) return nullptr;
    if (!was_owed) throw_nonsense(worker.rank);
    return &found->second;
}

// A failed or decided job hands out no more shards, but those that are out are waited for: of several failing shards
// the lowest must be known, whoever answers first.
std::optional<FinishedJob> Dispatcher::receive_answer(RankId from, Done done) {
    WorkerState& worker = worker_of(from);
    if (done.item == kFarewell && is_stopping_) {
        worker.has_left = true;
        return std::nullopt;
    }
    ActiveJob* const counted = job_of(worker, done);
    if (counted == nullptr) return std::nullopt;
    ActiveJob& job = *counted;
    if (done.broken_code != 0) rethrow_broken(done, from);
    ++job.answered;
    job.wall_s += done.wall_s;
    job.last_worker = from.value;
    // One candidate's failure ends its own job; among several the others go on.
    if (!done.result.failure.empty() && job.job.followers.empty()) job.is_failed = true;
    if (done.result.followers.size() != job.job.followers.size() && !job.is_failed) throw_nonsense(from);
    job.has_result[static_cast<std::size_t>(done.shard)] = true;
    job.results[static_cast<std::size_t>(done.shard)] = std::move(done.result);
    judge(job);
    const bool is_finished = job.answered == (job.is_failed || job.is_decided ? job.next_shard : job.shards);
    if (!is_finished) return std::nullopt;
    return finish(done.item);
}

// Judges after each further shard of the first part that is answered without a gap. The shard that settles a job is so
// the same for any number of ranks, and so are its samples and bounds.
void Dispatcher::judge(ActiveJob& job) const {
    if (!start_judge_ || !job.job.may_end_early || job.is_decided) return;
    if (!job.judge) job.judge = start_judge_(job.job);
    // The last shard settles nothing: all are there by then.
    for (std::int64_t s = job.judged; s + 1 < job.shards && job.has_result[static_cast<std::size_t>(s)]; ++s) {
        const ShardResult& result = job.results[static_cast<std::size_t>(s)];
        if (!result.failure.empty()) return;
        job.judged = s + 1;
        if (!job.judge(result.payload)) continue;
        job.is_decided = true;
        return;
    }
}

namespace {

/// Adds a shard's result for one candidate.
void collect(FinishedPart& part, ShardResult& result) {
    part.sample_units += result.sample_units;
    if (part.failure.empty()) part.failure = result.failure;
    part.payloads.push_back(std::move(result.payload));
}

/// How much of a failed candidate ran depends on timing: it counts nothing.
void drop_failed(FinishedPart& part) {
    if (part.failure.empty()) return;
    part.payloads.clear();
    part.sample_units = 0;
}

}  // namespace

FinishedJob Dispatcher::finish(std::int64_t item) {
    ActiveJob job = std::move(jobs_.extract(item).mapped());
    FinishedJob finished;
    finished.item = item;
    finished.wall_s = job.wall_s;
    finished.last_worker = job.last_worker;
    finished.followers.resize(job.job.followers.size());
    // Shards that were out when an earlier one decided the job are as if they had not run.
    if (job.is_decided) job.results.resize(static_cast<std::size_t>(job.judged));
    for (ShardResult& result : job.results) {
        collect(finished, result);
        for (std::size_t f = 0; f < result.followers.size(); ++f) collect(finished.followers[f], result.followers[f]);
    }
    drop_failed(finished);
    for (FinishedPart& follower : finished.followers) drop_failed(follower);
    finished.job = std::move(job.job);
    return finished;
}

void Dispatcher::request_stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    if (own_worker_) {  // between two steps it is at no shard
        own_worker_->drop_work();
        workers_.front().has_left = true;
        return;
    }
    try {
        for (const WorkerState& worker : workers_) comm_.send(worker.rank, encode(Stop{}));
    } catch (...) {
        for (WorkerState& worker : workers_) worker.has_left = true;  // who was not told will not say farewell
        throw;
    }
}

bool Dispatcher::is_stopped() const {
    return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker.has_left; });
}

void Dispatcher::stop_workers() noexcept {
    try {
        request_stop();
        while (!is_stopped()) {
            const auto message = comm_.receive();
            const auto decoded = decode(message.bytes);
            const auto* done = decoded ? std::get_if<Done>(&*decoded) : nullptr;
            if (done != nullptr && done->item == kFarewell) worker_of(message.from).has_left = true;
        }
    } catch (...) {
        // The world is lost already; the caller is on its way out with the first error, and main aborts with that.
        is_stopping_ = true;
    }
}

}  // namespace halftone::tune
