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

/// Thrown inside a rank that was killed with ThreadWorld::kill, from its next communication call.
struct RankKilled {};

class ThreadWorld {
public:
    explicit ThreadWorld(ThreadWorldOptions options);
    ~ThreadWorld();
    ThreadWorld(const ThreadWorld&) = delete;
    ThreadWorld& operator=(const ThreadWorld&) = delete;

    /// Runs body(communicator) on `size` threads and joins them. The first exception other than RankKilled, by rank
    /// number, is rethrown, causes before their consequences: once a rank has thrown or was killed, the others' waiting
    /// calls take what was sent and then throw MpiError instead of hanging; so does receive() when all others ended.
    void run(const std::function<void(Communicator&)>& body);
    /// Callable from any thread: `rank`'s current or next communication call throws RankKilled; its messages are lost.
    void kill(RankId rank);

private:
    friend class ThreadCommunicator;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace halftone
