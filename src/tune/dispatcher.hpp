#pragma once
// Spreads jobs over workers shard by shard and collects the answers. Knows no strategy and no journal.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "trial/evaluator.hpp"
#include "tune/protocol.hpp"
#include "tune/worker.hpp"

namespace halftone::tune {

/// All shards of a job are in.
struct FinishedJob {
    std::int64_t item = 0;
    Job job;
    std::vector<std::string> payloads;  ///< in shard order; empty when failed
    std::string failure;                ///< of the lowest failing shard; later shards of a failed job are not run
    std::int64_t sample_units = 0;
    double wall_s = 0;
    std::int64_t last_worker = 0;
};

class Dispatcher {
public:
    Dispatcher(Communicator& comm, Evaluator& evaluator);

    [[nodiscard]] std::int64_t workers() const { return static_cast<std::int64_t>(workers_.size()); }
    /// @return the item's number, ascending
    std::int64_t submit(const Job& job);
    /// Sent to each worker with its next candidate.
    void set_calibration(std::string merged);
    /// Jobs submitted and not finished.
    [[nodiscard]] std::int64_t unfinished() const { return static_cast<std::int64_t>(jobs_.size()); }

    /// Hands out shards, waits up to `wait` for an answer (runs one shard itself when this rank is alone), and returns
    /// a job that this answer finished, if any. @throws Error carried by a broken worker; MpiError for a message that
    /// makes no sense
    [[nodiscard]] std::optional<FinishedJob> step(std::chrono::nanoseconds wait);

    /// Hands out no more shards and tells every worker to stop: it ends the shard it is at, drops the others and says
    /// farewell. Answers sent before that still come out of step().
    void request_stop();
    /// Every worker has said farewell: nothing will arrive any more.
    [[nodiscard]] bool is_stopped() const;
    /// request_stop(), then waits for every farewell; results that still arrive are dropped. Never throws.
    void stop_workers() noexcept;

private:
    struct ActiveJob {
        Job job;
        std::int64_t shards = 0;
        std::int64_t next_shard = 0;
        std::int64_t answered = 0;
        std::vector<ShardResult> results;
        double wall_s = 0;
        std::int64_t last_worker = 0;
        bool is_failed = false;
    };
    struct WorkerState {
        RankId rank;
        std::int64_t outstanding = 0;
        std::int64_t current_item = -1;
        bool has_calibration = false;
        bool has_left = false;
    };

    void hand_out();
    /// The item this worker should take a shard of; -1: none.
    [[nodiscard]] std::int64_t pick(const WorkerState& worker) const;
    void assign(WorkerState& worker, std::int64_t item);
    [[nodiscard]] std::optional<FinishedJob> take(RankId from, Done done);
    /// @throws MpiError unless this worker owes an answer for this shard
    [[nodiscard]] ActiveJob& job_of(const WorkerState& worker, const Done& done);
    [[nodiscard]] WorkerState& worker_of(RankId rank);
    [[nodiscard]] FinishedJob finish(std::int64_t item);

    Communicator& comm_;
    Evaluator& evaluator_;
    std::vector<WorkerState> workers_;
    std::unique_ptr<Worker> own_worker_;  ///< when this rank is alone
    std::map<std::int64_t, ActiveJob> jobs_;
    std::int64_t next_item_ = 0;
    std::string calibration_;
    bool is_stopping_ = false;
};

}  // namespace halftone::tune
