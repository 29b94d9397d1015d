#include "comm/local.hpp"

#include <fmt/format.h>

#include <deque>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace halftone {
namespace {

/// One rank, alone. A message to itself waits in a queue until it is received.
class LocalCommunicator final : public Communicator {
public:
    [[nodiscard]] RankId rank() const override { return RankId{0}; }
    [[nodiscard]] int size() const override { return 1; }

    void send(RankId to, Bytes bytes) override {
        require_self("send", to);
        to_self_.push_back(std::move(bytes));
    }

    [[nodiscard]] std::optional<Message> receive_for(std::chrono::nanoseconds timeout) override {
        if (to_self_.empty()) {
            std::this_thread::sleep_for(timeout);  // nobody else can send, but a caller that polls must not spin
            return std::nullopt;
        }
        Message message{rank(), std::move(to_self_.front())};
        to_self_.pop_front();
        return message;
    }

    [[nodiscard]] Message receive() override {
        // Waiting without limit would hang for ever, so it is refused. That is a bug of the caller, never of the input.
        if (to_self_.empty()) throw MpiError("receive: the only rank waits for a message that nobody can send");
        return *receive_for({});
    }

    [[nodiscard]] Bytes broadcast(RankId root, Bytes bytes) override {
        require_self("broadcast", root);
        return bytes;
    }
    [[nodiscard]] std::vector<Bytes> gather(RankId root, Bytes bytes) override {
        require_self("gather", root);
        return {std::move(bytes)};
    }
    void barrier() override {}

private:
    static void require_self(std::string_view call, RankId rank) {
        if (rank != RankId{0}) throw MpiError(fmt::format("{}: rank {} does not exist; there is 1", call, rank.value));
    }

    std::deque<Bytes> to_self_;
};

}  // namespace

std::unique_ptr<Communicator> make_local_communicator() { return std::make_unique<LocalCommunicator>(); }

}  // namespace halftone
