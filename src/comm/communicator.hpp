#pragma once
// Ranks that exchange bytes. Three implementations: Local (one rank), Threads (N ranks in one process, for tests, with
// delay, reordering between senders and rank death) and Mpi. What the bytes mean is the room tune's business.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace halftone {

using Bytes = std::string;

struct Message {
    RankId from;
    Bytes bytes;
};

class Communicator {
public:
    virtual ~Communicator() = default;

    [[nodiscard]] virtual RankId rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;

    /// Takes the bytes and returns without waiting for the receiver. Messages from one sender to one receiver arrive in
    /// order; between senders there is no order. A rank may send to itself. @throws MpiError
    virtual void send(RankId to, Bytes bytes) = 0;

    /// Returns the next message for this rank, or nothing once `timeout` has passed (0: only a message that has
    /// arrived). A waiting rank does not keep a core busy. @throws MpiError
    [[nodiscard]] virtual std::optional<Message> receive_for(std::chrono::nanoseconds timeout) = 0;

    /// Waits for the next message without a time limit; the core is free meanwhile. @throws MpiError
    [[nodiscard]] virtual Message receive() = 0;

    /// Collective: every rank returns root's bytes (any size, also above 2 GiB). Other ranks' argument is ignored.
    [[nodiscard]] virtual Bytes broadcast(RankId root, Bytes bytes) = 0;
    /// Collective: root returns every rank's bytes in rank order; others return an empty vector.
    [[nodiscard]] virtual std::vector<Bytes> gather(RankId root, Bytes bytes) = 0;
    virtual void barrier() = 0;
};

}  // namespace halftone
