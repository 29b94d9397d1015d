#pragma once
// N ranks as threads of one process: the protocol is tested with it, under injected delay, reordering and death.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "comm/communicator.hpp"

namespace halftone {

struct ThreadWorldOptions {
    int size = 1;
    std::chrono::microseconds max_delay{0};  ///< each message waits a random time up to this before it can be received
    std::uint64_t seed = 0;                  ///< of the delays
};

/// The next communication call of a rank throws this after ThreadWorld::kill has killed the rank.
struct RankKilled {};

class ThreadWorld {
public:
    explicit ThreadWorld(ThreadWorldOptions options);
    ~ThreadWorld();
    ThreadWorld(const ThreadWorld&) = delete;
    ThreadWorld& operator=(const ThreadWorld&) = delete;

    /// Runs body(communicator) on `size` threads and joins them. Once a rank has thrown or was killed, the waiting
    /// calls of the others take what was sent and then throw MpiError instead of hanging; so does receive() when all
    /// others ended. run() rethrows the exception of the lowest rank, but first those that are not a consequence of
    /// another one, and never RankKilled.
    void run(const std::function<void(Communicator&)>& body);
    /// Callable from any thread: `rank`'s current or next communication call throws RankKilled; its messages are lost.
    void kill(RankId rank);

private:
    friend class ThreadCommunicator;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace halftone
