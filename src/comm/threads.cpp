// Ranks as threads. All ranks share one State with one mutex and one condition variable.
//
//   send            puts a letter into the receiver's box, with the time before which it cannot be taken (the delay)
//   receive_until   takes the letter that is ready first, or waits until one is ready, arrives, or never can arrive
//   meet            the n-th collective call of every rank meets in the n-th Meeting. Broadcast, gather and barrier
//                   differ only in when a rank may leave it.
//   run, kill       start the threads, and let a rank die
//
// One condition variable for everything wakes more threads than needed. It is enough for tests with a few ranks, and no
// wake-up can be forgotten.
#include "comm/threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/rng.hpp"

namespace halftone {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A waiting call that ended because of another rank: the consequence, not the cause.
struct PeerLost : MpiError {
    using MpiError::MpiError;
};

struct Letter {
    SteadyTime ready;  ///< cannot be received before
    Bytes bytes;
};

/// Where the ranks meet for the n-th collective call.
struct Meeting {
    std::string kind;  ///< name and root, which must be the same on every rank
    std::vector<std::optional<Bytes>> parts;
    std::size_t left = 0;
};

}  // namespace

struct ThreadWorld::State {
    explicit State(ThreadWorldOptions o) : options(o) { reset(); }

    /// A world can run several bodies, one after the other; each begins with empty boxes.
    void reset() {
        const auto n = static_cast<std::size_t>(options.size);
        mail.assign(n, std::vector<std::deque<Letter>>(n));
        sent.assign(n, std::vector<std::uint64_t>(n, 0));
        meetings.clear();
        calls.assign(n, 0);
        killed.assign(n, false);
        ended.assign(n, false);
        dead.reset();
    }

    const ThreadWorldOptions options;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::vector<std::deque<Letter>>> mail;  ///< [to][from], each in order of sending
    std::vector<std::vector<std::uint64_t>> sent;       ///< [to][from]: numbers the delays
    std::map<std::uint64_t, Meeting> meetings;
    std::vector<std::uint64_t> calls;  ///< collective calls of each rank so far
    std::vector<bool> killed;
    std::vector<bool> ended;
    std::optional<std::size_t> dead;  ///< the first rank that threw
};

class ThreadCommunicator final : public Communicator {
public:
    ThreadCommunicator(ThreadWorld::State& state, std::size_t rank) : state_(state), rank_(rank) {}

    [[nodiscard]] RankId rank() const override { return make_id<RankId>(rank_); }
    [[nodiscard]] int size() const override { return state_.options.size; }

    void send(RankId to, Bytes bytes) override {
        const std::unique_lock lock = enter("send", to);
        if (state_.killed[to.index()]) return;  // as with MPI: sending to a dead rank seems to work
        auto& letters = state_.mail[to.index()][rank_];
        SteadyTime ready = steady_now() + next_delay(to.index());
        if (!letters.empty()) ready = std::max(ready, letters.back().ready);  // one sender's messages stay in order
        letters.push_back({ready, std::move(bytes)});
        state_.changed.notify_all();
    }

    [[nodiscard]] std::optional<Message> receive_for(std::chrono::nanoseconds timeout) override {
        const std::chrono::nanoseconds bounded =
            std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(24 * 365));
        return receive_until(steady_now() + bounded);  // now + max would overflow
    }
    [[nodiscard]] Message receive() override { return *receive_until(std::nullopt); }

    [[nodiscard]] Bytes broadcast(RankId root, Bytes bytes) override {
        // As with MPI, a broadcast need not wait for all: a rank may leave as soon as the root has come.
        const auto has_root = [&](const Meeting& m) { return m.parts[root.index()].has_value(); };
        const auto parts = meet("broadcast", root, std::move(bytes), has_root);
        return *parts[root.index()];
    }
    [[nodiscard]] std::vector<Bytes> gather(RankId root, Bytes bytes) override {
        const bool is_root = root == rank();
        // Only the root waits for all. The others have nothing to receive.
        const auto parts =
            meet("gather", root, std::move(bytes), [&](const Meeting& m) { return !is_root || is_full(m); });
        std::vector<Bytes> all;
        if (!is_root) return all;
        for (const auto& part : parts) all.push_back(*part);
        return all;
    }
    void barrier() override { meet("barrier", RankId{0}, {}, is_full); }

private:
    static bool is_full(const Meeting& meeting) {
        return std::all_of(meeting.parts.begin(), meeting.parts.end(),
                           [](const auto& part) { return part.has_value(); });
    }

    std::unique_lock<std::mutex> enter(std::string_view call, RankId peer) {
        if (!peer.is_valid() || peer.value >= size()) {
            throw MpiError(fmt::format("{}: rank {} does not exist; there are {}", call, peer.value, size()));
        }
        std::unique_lock lock(state_.mutex);
        if (state_.killed[rank_]) throw RankKilled{};
        return lock;
    }

    std::chrono::nanoseconds next_delay(std::size_t to) {
        const auto longest = static_cast<std::uint64_t>(std::chrono::nanoseconds(state_.options.max_delay).count());
        // Each pair of sender and receiver has its own sequence of delays: they do not depend on how threads are
        // scheduled, so a failure can be repeated with its seed.
        const std::uint64_t link = to * state_.mail.size() + rank_;
        Rng rng(mix(state_.options.seed, link), state_.sent[to][rank_]++);
        return std::chrono::nanoseconds(rng.below(longest + 1));
    }

    /// The sender whose oldest letter can be received first.
    [[nodiscard]] std::deque<Letter>* next_letters() const {
        std::deque<Letter>* best = nullptr;
        for (auto& letters : state_.mail[rank_]) {
            if (!letters.empty() && (best == nullptr || letters.front().ready < best->front().ready)) best = &letters;
        }
        return best;
    }

    std::optional<Message> receive_until(std::optional<SteadyTime> deadline) {
        std::unique_lock lock = enter("receive", rank());
        while (true) {
            if (state_.killed[rank_]) throw RankKilled{};
            // Woken by whatever changed, a rank looks at everything again: it may have been killed, a letter may have
            // come.
            std::optional<SteadyTime> wake = deadline;
            if (std::deque<Letter>* letters = next_letters()) {
                const SteadyTime ready = letters->front().ready;
                if (ready <= steady_now()) {
                    const auto from = static_cast<std::size_t>(letters - state_.mail[rank_].data());
                    Message message{make_id<RankId>(from), std::move(letters->front().bytes)};
                    letters->pop_front();
                    return message;
                }
                wake = deadline ? std::min(*deadline, ready) : ready;
            } else {
                // Letters of a dead rank are still taken, as with MPI; only then does its death show.
                throw_if_alone("receive", !deadline);
            }
            if (deadline && *deadline <= steady_now()) return std::nullopt;
            if (wake) {
                state_.changed.wait_until(lock, *wake);
            } else {
                state_.changed.wait(lock);
            }
        }
    }

    /// Called when there is nothing to take: nothing may ever come.
    void throw_if_alone(std::string_view call, bool waits_for_ever) const {
        if (state_.dead) throw PeerLost(fmt::format("{}: rank {} has died", call, *state_.dead));
        const auto running = std::count(state_.ended.begin(), state_.ended.end(), false);
        if (waits_for_ever && running == 1) {
            throw PeerLost(fmt::format("{}: every other rank has ended, so nothing can arrive", call));
        }
    }

    template <class Ready>
    std::vector<std::optional<Bytes>> meet(const char* call, RankId root, Bytes bytes, Ready is_ready) {
        std::unique_lock lock = enter(call, root);
        // Ranks make the same calls in the same order, so the count of its own calls tells a rank which meeting it is
        // in.
        const std::uint64_t number = state_.calls[rank_]++;
        Meeting& meeting = state_.meetings[number];
        const std::string kind = fmt::format("{} from rank {}", call, root.value);
        if (meeting.parts.empty()) {
            meeting.kind = kind;
            meeting.parts.resize(state_.mail.size());
        }
        HALFTONE_CHECK(meeting.kind == kind, "every rank makes the same collective calls in the same order");
        meeting.parts[rank_] = std::move(bytes);
        state_.changed.notify_all();
        while (!is_ready(meeting)) {
            if (state_.killed[rank_]) throw RankKilled{};
            throw_if_alone(call, true);
            state_.changed.wait(lock);
        }
        // The last rank to leave removes the meeting; until then others may still need its parts.
        auto parts = meeting.parts;
        if (++meeting.left == state_.mail.size()) state_.meetings.erase(number);
        return parts;
    }

    ThreadWorld::State& state_;
    std::size_t rank_;
};

ThreadWorld::ThreadWorld(ThreadWorldOptions options) : state_(std::make_shared<State>(options)) {
    HALFTONE_CHECK(options.size > 0, "a world has at least one rank");
}
ThreadWorld::~ThreadWorld() = default;

void ThreadWorld::run(const std::function<void(Communicator&)>& body) {
    const auto n = static_cast<std::size_t>(state_->options.size);
    std::vector<std::exception_ptr> causes(n);
    std::vector<std::exception_ptr> consequences(n);
    const auto run_rank = [&](std::size_t rank) {
        // Why a rank ended matters: a test must see the first cause, and not that the others lost their peer.
        bool has_died = true;
        try {
            ThreadCommunicator communicator(*state_, rank);
            body(communicator);
            has_died = false;
        } catch (const RankKilled&) {
            // Expected by whoever killed it.
        } catch (const PeerLost&) {
            consequences[rank] = std::current_exception();
        } catch (...) {
            causes[rank] = std::current_exception();
        }
        const std::lock_guard lock(state_->mutex);
        state_->ended[rank] = true;
        if (has_died && !state_->dead) state_->dead = rank;
        state_->changed.notify_all();
    };
    std::vector<std::thread> threads;
    for (std::size_t rank = 0; rank < n; ++rank) threads.emplace_back(run_rank, rank);
    for (std::thread& thread : threads) thread.join();
    // Causes come before consequences, and lower ranks before higher ones.
    state_->reset();
    for (const auto& errors : {causes, consequences}) {
        for (const std::exception_ptr& error : errors) {
            if (error) std::rethrow_exception(error);
        }
    }
}

void ThreadWorld::kill(RankId rank) {
    const std::lock_guard lock(state_->mutex);
    const std::size_t dying = rank.index();
    HALFTONE_CHECK(rank.is_valid() && dying < state_->mail.size(), "the rank to kill exists");
    state_->killed[dying] = true;
    // What it sent and nobody has received yet is lost, and so is what waits for it.
    for (auto& senders : state_->mail) senders[dying].clear();
    for (auto& letters : state_->mail[dying]) letters.clear();
    state_->changed.notify_all();
}

}  // namespace halftone
