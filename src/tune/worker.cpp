#include "tune/worker.hpp"

#include <new>

#include "base/budget.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "tune/tuner.hpp"

namespace halftone::tune {

void Worker::accept(Assign assign) {
    const std::int64_t first = assign.first_shard;
    queue_.push_back({std::move(assign), first});
}

// Calibration and difficulty come with the first candidate that needs them; a worker that gets no candidate never waits
// for megabytes of ranges.
ShardResult Worker::evaluate(Assign& assign, std::int64_t shard) {
    if (!assign.calibration.empty()) {
        evaluator_.install_calibration(assign.calibration);
        assign.calibration.clear();
    }
    if (!assign.difficulty.empty()) {
        evaluator_.install_difficulty(assign.difficulty);
        assign.difficulty.clear();
    }
    return evaluator_.run(assign.job, shard);
}

namespace {

bool is_of_candidates(JobKind kind) { return kind == JobKind::evaluate || kind == JobKind::probe; }

/// The result of a job whose candidates, which share one run, got too little memory: all of them fail with one text.
ShardResult failed_candidates(const Job& job, const std::string& why) {
    ShardResult result{.payload = {}, .failure = why};
    for (std::size_t i = 0; i < job.followers.size(); ++i) {
        result.followers.push_back({.payload = {}, .failure = why});
    }
    return result;
}

/// Too little memory is the failure of the candidate that needs it; without a candidate it ends the run, but as a
/// refusal and not as our bug.
void note_lack_of_memory(const Job& job, const std::string& why, Done& done) {
    if (is_of_candidates(job.kind)) {
        done.result = failed_candidates(job, why);
        return;
    }
    done.broken_code = static_cast<std::int32_t>(ExitCode::model);
    done.broken = why;
}

}  // namespace

// Any other exception is about the world, not about the candidate (a failure is a result): it travels to rank 0, which
// ends the run with its message and exit code. Thrown here, it would end this rank alone and leave the others waiting.
void Worker::run_one() {
    Item& item = queue_.front();
    Done done;
    done.item = item.assign.item;
    done.shard = item.next_shard;
    const SystemClock clock;
    const auto start = clock.now();
    try {
        done.result = evaluate(item.assign, item.next_shard);
    } catch (const BudgetError& error) {
        note_lack_of_memory(item.assign.job, error.what(), done);
    } catch (const std::bad_alloc&) {
        note_lack_of_memory(item.assign.job, out_of_memory_text(), done);
    } catch (const Error& error) {
        done.broken_code = static_cast<std::int32_t>(error.code());
        done.broken = error.what();
    } catch (const std::exception& error) {
        done.broken_code = static_cast<std::int32_t>(ExitCode::internal);
        done.broken = error.what();
    }
    done.wall_s = seconds(clock.now() - start);
    if (++item.next_shard >= item.assign.last_shard) queue_.pop_front();
    comm_.send(RankId{0}, encode(std::move(done)));
}

// Messages come first, shards second: between two shards the worker looks for Stop without waiting, and it waits only
// when it has nothing to run.
void run_worker(Communicator& comm, Evaluator& evaluator) {
    Worker worker(comm, evaluator);
    for (;;) {
        std::optional<halftone::Message> message;
        if (worker.has_work()) {
            message = comm.receive_for(std::chrono::nanoseconds(0));
        } else {
            message = comm.receive();
        }
        if (!message) {
            worker.run_one();
            continue;
        }
        auto decoded = decode(message->bytes);
        if (decoded && std::holds_alternative<Stop>(*decoded)) break;
        if (!decoded || !std::holds_alternative<Assign>(*decoded)) {
            throw MpiError("a worker received a message that is neither Assign nor Stop, or damaged");
        }
        worker.accept(std::get<Assign>(std::move(*decoded)));
    }
    // The last message of this rank: rank 0 leaves only when it has one of every worker, so nothing stays in the mail.
    Done farewell;
    farewell.item = kFarewell;
    comm.send(RankId{0}, encode(std::move(farewell)));
}

}  // namespace halftone::tune
