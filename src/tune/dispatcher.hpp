#pragma once
// Assigns jobs to workers shard by shard and collects the answers. It knows no strategy and no journal.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"
#include "trial/evaluator.hpp"
#include "tune/protocol.hpp"
#include "tune/tuner.hpp"
#include "tune/worker.hpp"

namespace halftone::tune {

/// The results of a job's shards for one candidate.
struct FinishedPart {
    std::vector<std::string>
        payloads;         ///< in shard order; only the first ones if the trial ended early, none if it failed
    std::string failure;  ///< of the lowest failing shard; empty if the candidate could be evaluated
    std::int64_t sample_units = 0;
};

/// A job whose shards are all answered, or enough of them to decide it.
struct FinishedJob : FinishedPart {
    std::int64_t item = 0;
    Job job;
    std::vector<FinishedPart> followers;  ///< one for each follower of the job
    double wall_s = 0;
    std::int64_t last_worker = 0;
};

/// Takes the payloads of one job, one after the other in shard order, and keeps what it needs of them. Returns true
/// once they decide the job, so that the other shards need not run.
using Judge = std::function<bool(const std::string& payload)>;
/// Makes the judge of one job.
using StartJudge = std::function<Judge(const Job& job)>;

class Dispatcher {
public:
    Dispatcher(Communicator& comm, Evaluator& evaluator);

    [[nodiscard]] std::int64_t workers() const { return static_cast<std::int64_t>(workers_.size()); }
    /// Adds a job and returns its item number; the numbers ascend.
    std::int64_t submit(const Job& job);
    /// Sets the calibration, which each worker gets with its next candidate.
    void set_calibration(std::string merged);
    /// Sets the difficulty, which is sent with the calibration.
    void set_difficulty(std::string merged);
    /// Every job that may end early gets a judge of its own. It sees the shards in their order, so where the job ends
    /// does not depend on which worker was fast. An empty function: from now on nothing is judged.
    void set_judges(StartJudge start_judge) { start_judge_ = std::move(start_judge); }
    /// Returns the number of jobs that were submitted and are not finished.
    [[nodiscard]] std::int64_t unfinished() const { return static_cast<std::int64_t>(jobs_.size()); }
    /// Returns how far the unfinished jobs are; the kind is that of the lowest. @param elapsed_s  is copied to the
    /// result
    [[nodiscard]] WorkInHand work(double elapsed_s) const;

    /// Assigns shards, waits up to `wait` for an answer (or runs one shard itself if this rank is alone), and returns a
    /// job that this answer finished, if any. @throws Error that a worker met; MpiError for a message that has no
    /// meaning
    [[nodiscard]] std::optional<FinishedJob> step(std::chrono::nanoseconds wait);

    /// Assigns no more shards and tells every worker to stop: it ends the shard that it runs, drops the others and says
    /// farewell. step() still returns answers that were sent before that.
    void request_stop();
    /// Returns whether every worker has said farewell, so that nothing will arrive any more.
    [[nodiscard]] bool is_stopped() const;
    /// request_stop(), then waits for every farewell; results that still arrive are dropped. Never throws.
    void stop_workers() noexcept;

private:
    struct ActiveJob {
        Job job;
        std::int64_t shards = 0;
        std::int64_t next_shard = 0;
        std::int64_t answered = 0;
        std::vector<bool> has_result;
        std::vector<ShardResult> results;
        Judge judge;              ///< empty until the first shard is judged
        std::int64_t judged = 0;  ///< number of shards, from the first one on, that the judge has seen
        bool is_decided = false;  ///< by the first `judged` shards
        double wall_s = 0;
        std::int64_t last_worker = 0;
        bool is_failed = false;
    };
    struct WorkerState {
        RankId rank;
        std::set<std::pair<std::int64_t, std::int64_t>> owed{};  ///< item and shard of each shard that it must answer
        std::int64_t current_item = -1;
        bool has_calibration = false;
        bool has_left = false;
    };

    void hand_out();
    /// Returns the item of which this worker should get a shard; -1 if there is none.
    [[nodiscard]] std::int64_t pick(const WorkerState& worker) const;
    void assign(WorkerState& worker, std::int64_t item);
    [[nodiscard]] std::optional<FinishedJob> receive_answer(RankId from, Done done);
    /// Returns the job of an answer; null if the shard has an answer already, because the first one counts.
    /// @throws MpiError if this worker was not given the shard
    [[nodiscard]] ActiveJob* job_of(WorkerState& worker, const Done& done);
    [[nodiscard]] WorkerState& worker_of(RankId rank);
    void judge(ActiveJob& job) const;
    [[nodiscard]] FinishedJob finish(std::int64_t item);

    Communicator& comm_;
    Evaluator& evaluator_;
    std::vector<WorkerState> workers_;
    std::unique_ptr<Worker> own_worker_;  ///< when this rank is alone
    std::map<std::int64_t, ActiveJob> jobs_;
    std::int64_t next_item_ = 0;
    std::string calibration_;
    std::string difficulty_;
    StartJudge start_judge_;
    bool is_stopping_ = false;
};

}  // namespace halftone::tune
