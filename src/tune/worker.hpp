#pragma once
// The worker: runs assigned shards one at a time, in the order of assignment, and checks for a Stop in between.

#include <deque>

#include "comm/communicator.hpp"
#include "trial/evaluator.hpp"
#include "tune/protocol.hpp"

namespace halftone::tune {

class Worker {
public:
    Worker(Communicator& comm, Evaluator& evaluator) : comm_(comm), evaluator_(evaluator) {}

    void accept(Assign assign);
    [[nodiscard]] bool has_work() const { return !queue_.empty(); }
    /// Runs one shard and sends its Done to rank 0, also if the evaluator throws an exception. @pre has_work()
    void run_one();
    /// Forgets all shards that were not started.
    void drop_work() { queue_.clear(); }

private:
    [[nodiscard]] ShardResult evaluate(Assign& assign, std::int64_t shard);

    struct Item {
        Assign assign;
        std::int64_t next_shard = 0;
    };
    Communicator& comm_;
    Evaluator& evaluator_;
    std::deque<Item> queue_;
};

}  // namespace halftone::tune
