#include "contract/comm/communicator_scenarios.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "base/rng.hpp"

namespace halftone {
namespace {

using std::chrono::milliseconds;

RankId rank_id(int rank) { return RankId{rank}; }
bool is_rank(const Communicator& comm, int rank) { return comm.rank() == rank_id(rank); }

/// n bytes that depend on the seed; without a period, so that a lost or doubled piece shows.
Bytes pattern(std::size_t n, std::uint64_t seed) {
    Bytes bytes(n, '\0');
    Rng rng(mix(seed, n));
    for (char& byte : bytes) byte = static_cast<char>(rng.next() & 0xffU);
    return bytes;
}

void knows_its_place(Communicator& comm) {
    EXPECT_GE(comm.size(), 1);
    EXPECT_GE(comm.rank().value, 0);
    EXPECT_LT(comm.rank().value, comm.size());
}

void sends_to_itself(Communicator& comm) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{200'000}}) {
        comm.send(comm.rank(), pattern(size, 1));
        const Message message = comm.receive();
        EXPECT_EQ(message.from, comm.rank());
        EXPECT_EQ(message.bytes, pattern(size, 1));
    }
}

/// Every rank sends to every rank, itself included, before anybody receives.
void keeps_each_senders_order(Communicator& comm) {
    const int rounds = 50;
    for (int round = 0; round < rounds; ++round) {
        for (int to = 0; to < comm.size(); ++to) comm.send(rank_id(to), fmt::format("{}", round));
    }
    std::map<RankId, int> next;
    for (int i = 0; i < rounds * comm.size(); ++i) {
        const Message message = comm.receive();
        ASSERT_EQ(message.bytes, fmt::format("{}", next[message.from]++));
    }
    for (int from = 0; from < comm.size(); ++from) EXPECT_EQ(next[rank_id(from)], rounds);
    EXPECT_FALSE(comm.receive_for(milliseconds(0)).has_value());
}

/// Sizes around every limit of a transport, short behind long: a short message must not overtake.
void carries_any_size_in_order(Communicator& comm) {
    const std::array<std::size_t, 9> sizes{0, 1, 4096, 500'000, 7, 65'537, 0, 14, 100'000};
    const int next_rank = static_cast<int>((comm.rank().value + 1) % comm.size());
    for (const std::size_t size : sizes) comm.send(rank_id(next_rank), pattern(size, size));
    for (const std::size_t size : sizes) {
        const Message message = comm.receive();
        ASSERT_EQ(message.bytes.size(), size);
        ASSERT_EQ(message.bytes, pattern(size, size));
    }
}

void carries_any_byte(Communicator& comm) {
    Bytes all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    comm.send(comm.rank(), all);
    EXPECT_EQ(comm.receive().bytes, all);
}

void receive_for_gives_up(Communicator& comm) {
    EXPECT_FALSE(comm.receive_for(milliseconds(0)).has_value());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(comm.receive_for(milliseconds(5)).has_value());
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(5));
}

void broadcast_gives_everybody_the_roots_bytes(Communicator& comm) {
    for (int root = 0; root < comm.size(); ++root) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{250'003}}) {
            const Bytes mine = is_rank(comm, root) ? pattern(size, size + 1) : Bytes("ignored");
            ASSERT_EQ(comm.broadcast(rank_id(root), mine), pattern(size, size + 1));
        }
    }
}

void gather_gives_the_root_all_in_rank_order(Communicator& comm) {
    for (int root = 0; root < comm.size(); ++root) {
        const auto rank = static_cast<std::size_t>(comm.rank().value);
        const std::vector<Bytes> all = comm.gather(rank_id(root), pattern(rank * 70'000, rank));
        if (!is_rank(comm, root)) {
            EXPECT_TRUE(all.empty());
            continue;
        }
        ASSERT_EQ(all.size(), static_cast<std::size_t>(comm.size()));
        for (std::size_t from = 0; from < all.size(); ++from) ASSERT_EQ(all[from], pattern(from * 70'000, from));
    }
}

/// Nobody leaves the barrier before the last has come: each announces itself to rank 0 first.
void barrier_waits_for_all(Communicator& comm) {
    comm.barrier();
    std::this_thread::sleep_for(milliseconds(2 * comm.rank().value));
    comm.send(rank_id(0), "before");
    comm.barrier();
    comm.send(rank_id(0), "after");
    if (!is_rank(comm, 0)) return;
    std::map<RankId, std::vector<Bytes>> got;
    for (int i = 0; i < 2 * comm.size(); ++i) {
        const Message message = comm.receive();
        got[message.from].push_back(message.bytes);
    }
    for (const auto& [from, words] : got) EXPECT_EQ(words, (std::vector<Bytes>{"before", "after"}));
}

void collectives_do_not_disturb_messages(Communicator& comm) {
    comm.send(rank_id(0), fmt::format("message of {}", comm.rank().value));
    comm.barrier();
    EXPECT_EQ(comm.broadcast(rank_id(0), "model"), "model");
    const auto all = comm.gather(rank_id(0), "part");
    if (!is_rank(comm, 0)) return;
    EXPECT_EQ(all, std::vector<Bytes>(static_cast<std::size_t>(comm.size()), "part"));
    for (int i = 0; i < comm.size(); ++i) {
        const Message message = comm.receive();
        EXPECT_EQ(message.bytes, fmt::format("message of {}", message.from.value));
    }
}

/// A coordinator and its workers, the traffic of a real run: each answer asks for the next item.
void serves_workers(Communicator& comm) {
    const int items = 60;
    if (comm.size() == 1) return;
    if (!is_rank(comm, 0)) {
        for (Message m = comm.receive(); m.bytes != "stop"; m = comm.receive()) comm.send(rank_id(0), m.bytes + "!");
        return;
    }
    int assigned = 0;
    int done = 0;
    for (int worker = 1; worker < comm.size(); ++worker) comm.send(rank_id(worker), fmt::format("{}", assigned++));
    while (done < assigned) {
        const Message answer = comm.receive();
        EXPECT_EQ(answer.bytes.back(), '!');
        ++done;
        if (assigned < items) comm.send(answer.from, fmt::format("{}", assigned++));
    }
    EXPECT_EQ(done, std::max(items, comm.size() - 1));
    for (int worker = 1; worker < comm.size(); ++worker) comm.send(rank_id(worker), "stop");
}

void refuses_ranks_that_do_not_exist(Communicator& comm) {
    EXPECT_THROW(comm.send(rank_id(comm.size()), "x"), MpiError);
    EXPECT_THROW(comm.send(RankId{}, "x"), MpiError);
    EXPECT_THROW(static_cast<void>(comm.broadcast(rank_id(comm.size()), "x")), MpiError);
    EXPECT_THROW(static_cast<void>(comm.gather(rank_id(-1), "x")), MpiError);
}

/// How often this thread has given its core away by itself (by sleeping or blocking) since it began.
std::int64_t voluntary_switches() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/// Checks that a wait leaves the core to others: a wait that sleeps or blocks gives the core away by itself, and one
/// that spins never does, however busy the machine is. A wait is done in several rounds, because a thread that a busy
/// machine held up finds that what it waits for has come already. Every rank takes part in `wait`; those that are to
/// sleep in it say so.
template <class Wait>
void expect_sleep(Communicator& comm, const char* what, bool is_sleeper, Wait wait) {
    std::int64_t switches = 0;
    for (int round = 0; round < 4; ++round) {
        comm.barrier();
        const std::int64_t before = voluntary_switches();
        wait();
        switches += voluntary_switches() - before;
    }
    EXPECT_TRUE(!is_sleeper || switches >= 1) << what << " kept the core busy";
}

void waiting_does_not_burn_a_core(Communicator& comm) {
    const milliseconds pause(60);
    expect_sleep(comm, "receive_for", true, [&] { static_cast<void>(comm.receive_for(pause)); });
    if (comm.size() == 1) return;
    const int last = comm.size() - 1;
    const bool is_late = is_rank(comm, last);
    const bool is_root = is_rank(comm, 0);
    const auto late = [&] {
        if (is_late) std::this_thread::sleep_for(pause);
    };
    expect_sleep(comm, "barrier", !is_late, [&] { late(), comm.barrier(); });
    expect_sleep(comm, "broadcast", !is_late, [&] { late(), static_cast<void>(comm.broadcast(rank_id(last), "x")); });
    expect_sleep(comm, "gather", is_root, [&] { late(), static_cast<void>(comm.gather(rank_id(0), "x")); });
    expect_sleep(comm, "receive", is_root, [&] {
        late();
        if (is_late) comm.send(rank_id(0), "x");
        if (is_root) static_cast<void>(comm.receive());
    });
}

constexpr std::array kScenarios{
    Scenario{"KnowsItsPlace", knows_its_place},
    Scenario{"SendsToItself", sends_to_itself},
    Scenario{"KeepsEachSendersOrder", keeps_each_senders_order},
    Scenario{"CarriesAnySizeInOrder", carries_any_size_in_order},
    Scenario{"CarriesAnyByte", carries_any_byte},
    Scenario{"ReceiveForGivesUp", receive_for_gives_up},
    Scenario{"BroadcastGivesEverybodyTheRootsBytes", broadcast_gives_everybody_the_roots_bytes},
    Scenario{"GatherGivesTheRootAllInRankOrder", gather_gives_the_root_all_in_rank_order},
    Scenario{"BarrierWaitsForAll", barrier_waits_for_all},
    Scenario{"CollectivesDoNotDisturbMessages", collectives_do_not_disturb_messages},
    Scenario{"ServesWorkers", serves_workers},
    Scenario{"RefusesRanksThatDoNotExist", refuses_ranks_that_do_not_exist},
    Scenario{"WaitingDoesNotBurnACore", waiting_does_not_burn_a_core},
};

}  // namespace

std::span<const Scenario> communicator_scenarios() { return kScenarios; }

}  // namespace halftone
