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
    jobs_.emplace(next_item_, std::move(active));
    return next_item_++;
}

void Dispatcher::set_calibration(std::string merged) {
    calibration_ = std::move(merged);
    // When this rank is alone, the evaluator is the coordinator's own, where it is installed already.
    for (WorkerState& worker : workers_) worker.has_calibration = own_worker_ != nullptr;
}

std::int64_t Dispatcher::pick(const WorkerState& worker) const {
    const auto has_shards = [](const ActiveJob& job) { return job.next_shard < job.shards && !job.is_failed; };
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
    if (job.job.kind == JobKind::evaluate && !worker.has_calibration) {
        assign.calibration = calibration_;
        worker.has_calibration = true;
    }
    ++job.next_shard;
    ++worker.outstanding;
    worker.current_item = item;
    comm_.send(worker.rank, encode(std::move(assign)));
}

void Dispatcher::hand_out() {
    if (is_stopping_) return;
    const std::int64_t ahead = own_worker_ ? 1 : kShardsAhead;
    for (std::int64_t round = 1; round <= ahead; ++round) {  // every worker gets its first shard before any its second
        for (WorkerState& worker : workers_) {
            if (worker.outstanding >= round) continue;
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
    return take(message->from, std::get<Done>(std::move(*decoded)));
}

Dispatcher::WorkerState& Dispatcher::worker_of(RankId rank) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto& w) { return w.rank == rank; });
    if (found == workers_.end()) throw_nonsense(rank);
    return *found;
}

Dispatcher::ActiveJob& Dispatcher::job_of(const WorkerState& worker, const Done& done) {
    const auto found = jobs_.find(done.item);
    if (found == jobs_.end() || worker.outstanding == 0 || done.shard < 0 || done.shard >= found->second.next_shard) {
        throw_nonsense(worker.rank);
    }
    return found->second;
}

std::optional<FinishedJob> Dispatcher::take(RankId from, Done done) {
    WorkerState& worker = worker_of(from);
    if (done.item == kFarewell && is_stopping_) {
        worker.has_left = true;
        return std::nullopt;
    }
    ActiveJob& job = job_of(worker, done);
    if (done.broken_code != 0) rethrow_broken(done, from);
    --worker.outstanding;
    ++job.answered;
    job.wall_s += done.wall_s;
    job.last_worker = from.value;
    if (!done.result.failure.empty()) job.is_failed = true;
    job.results[static_cast<std::size_t>(done.shard)] = std::move(done.result);
    const bool is_finished = job.answered == (job.is_failed ? job.next_shard : job.shards);
    if (!is_finished) return std::nullopt;
    return finish(done.item);
}

FinishedJob Dispatcher::finish(std::int64_t item) {
    ActiveJob job = std::move(jobs_.extract(item).mapped());
    FinishedJob finished;
    finished.item = item;
    finished.job = std::move(job.job);
    finished.wall_s = job.wall_s;
    finished.last_worker = job.last_worker;
    for (ShardResult& result : job.results) {
        finished.sample_units += result.sample_units;
        if (finished.failure.empty()) finished.failure = result.failure;
        finished.payloads.push_back(std::move(result.payload));
    }
    if (!finished.failure.empty()) {  // how much of a failed job ran depends on timing: it counts nothing
        finished.payloads.clear();
        finished.sample_units = 0;
    }
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
