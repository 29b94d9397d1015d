// Communicator over MPI's nonblocking calls, and MPI's beginning and end.
//
//   send              starts MPI_Isend for each piece and keeps the bytes until forget_sent() finds them taken
//   receive_for       looks again and again: accept_arrivals() starts receiving whatever has been announced, and
//                     next_complete() joins the pieces of a sender and returns a message that is whole
//   broadcast, gather, barrier   sizes first, then bytes in pieces, on a communicator of their own
//   wait, PatientWait            wait for requests by sleeping, because MPI's own waits keep a core busy
//   MpiWorld          MPI_Init to MPI_Finalize; abort() ends all ranks when one cannot go on
//
// One thread of a process calls MPI. Progress happens only inside its calls, so every wait also looks after the sends.
#include "comm/mpi/mpi_communicator.hpp"

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1  // the C++ bindings left the standard with MPI 3
#endif
#include <fmt/format.h>
#include <mpi.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <list>
#include <map>
#include <new>
#include <set>
#include <utility>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/process.hpp"

namespace halftone {
namespace {

/// @throws MpiError naming the call, with MPI's own text. Communicators return errors because we set MPI_ERRORS_RETURN.
void check_mpi(int code, std::string_view call) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw MpiError(fmt::format("{}: {}", call, std::string_view(text.data(), static_cast<std::size_t>(length))));
}

/// Waiting by sleeping, because MPI's own waits keep a core busy. A pause is a hundredth of the wait so far, but 50 us
/// to 1 ms: so a message is found about 1 % later than it came, and a wait of 200 ms takes about 500 looks instead of
/// 2,000.
class PatientWait {
public:
    /// Sleeps, but not longer than `longest`.
    void sleep(std::chrono::nanoseconds longest = std::chrono::nanoseconds::max()) {
        const auto pause = std::min(std::clamp(slept_ / 100, kShortest, kLongest), longest);
        const timespec request{0, pause.count()};
        ::nanosleep(&request, nullptr);
        slept_ += pause;
    }
    /// Begins anew with short pauses: something moves, and each of its steps happens in a look of ours.
    void restart() { slept_ = {}; }

private:
    static constexpr std::chrono::nanoseconds kShortest = std::chrono::microseconds(50);
    static constexpr std::chrono::nanoseconds kLongest = std::chrono::milliseconds(1);
    std::chrono::nanoseconds slept_{};
};

/// A duplicate of a communicator. Messages on it never mix with those of other duplicates.
class OwnedComm {
public:
    explicit OwnedComm(MPI_Comm parent) : OwnedComm() {
        check_mpi(MPI_Comm_dup(parent, &comm_), "MPI_Comm_dup");
        check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    }
    OwnedComm(const OwnedComm&) = delete;
    OwnedComm& operator=(const OwnedComm&) = delete;
    ~OwnedComm() {
        // Freeing is collective: a rank that unwinds does it alone, and is about to abort the job anyway.
        if (comm_ != MPI_COMM_NULL && std::uncaught_exceptions() == exceptions_at_start_) MPI_Comm_free(&comm_);
    }
    [[nodiscard]] MPI_Comm get() const noexcept { return comm_; }

private:
    OwnedComm() = default;
    MPI_Comm comm_ = MPI_COMM_NULL;
    int exceptions_at_start_ = std::uncaught_exceptions();
};

/// Bytes and their requests; MPI reads or writes the bytes until every request is complete, so they must not move.
struct Transfer {
    Bytes bytes;
    std::vector<MPI_Request> requests;

    [[nodiscard]] bool is_complete(std::string_view call) {
        int done = 0;
        check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE), call);
        return done != 0;
    }
};

/// A piece that MPI has matched to a receive of ours.
struct Arriving {
    int from = 0;
    bool is_last_piece = false;
    Transfer transfer;
};

constexpr int kMorePieces = 1;  ///< tag of every piece but the last of a message
constexpr int kLastPiece = 2;

class MpiCommunicator final : public Communicator {
public:
    explicit MpiCommunicator(std::size_t piece_bytes)
        : messages_(MPI_COMM_WORLD), collectives_(MPI_COMM_WORLD), piece_bytes_(piece_bytes) {
        check_mpi(MPI_Comm_rank(messages_.get(), &rank_), "MPI_Comm_rank");
        check_mpi(MPI_Comm_size(messages_.get(), &size_), "MPI_Comm_size");
    }
    ~MpiCommunicator() override;

    [[nodiscard]] RankId rank() const override { return RankId{rank_}; }
    [[nodiscard]] int size() const override { return size_; }

    void send(RankId to, Bytes bytes) override;
    [[nodiscard]] std::optional<Message> receive_for(std::chrono::nanoseconds timeout) override;
    [[nodiscard]] Message receive() override { return *receive_for(std::chrono::nanoseconds::max()); }
    [[nodiscard]] Bytes broadcast(RankId root, Bytes bytes) override;
    [[nodiscard]] std::vector<Bytes> gather(RankId root, Bytes bytes) override;
    void barrier() override;

private:
    [[nodiscard]] int existing(std::string_view call, RankId rank) const {
        if (rank.is_valid() && rank.value < size_) return static_cast<int>(rank.value);
        throw MpiError(fmt::format("{}: rank {} does not exist; there are {}", call, rank.value, size_));
    }
    /// Calls piece(pointer, count, is_last) over the bytes; once, with 0, when there are none.
    template <class Piece>
    void for_each_piece(Bytes& bytes, Piece piece) const {
        // `do`: a message without bytes is one empty piece, or its receiver would wait for ever.
        std::size_t at = 0;
        do {
            const std::size_t count = std::min(piece_bytes_, bytes.size() - at);
            piece(bytes.data() + at, static_cast<int>(count), at + count == bytes.size());
            at += count;
        } while (at < bytes.size());
    }
    void wait(Transfer& transfer, std::string_view call);
    void wait(MPI_Request request, std::string_view call);
    void forget_sent();
    void accept_arrivals();
    [[nodiscard]] std::optional<Message> next_complete();

    OwnedComm messages_;
    OwnedComm collectives_;  ///< its own, so that receiving from any rank never sees a gather's pieces
    std::size_t piece_bytes_;
    int rank_ = 0;
    int size_ = 1;
    std::list<Transfer> leaving_;
    std::list<Arriving> arriving_;     ///< in the order in which MPI matched them
    std::map<int, Bytes> incomplete_;  ///< by sender: the pieces so far of a message in several
};

MpiCommunicator::~MpiCommunicator() {
    // A receiver that is still at work takes its time; one that will never come must not hold us for ever.
    PatientWait patience;
    const double deadline = MPI_Wtime() + 10.0;
    try {
        const bool unwinding = std::uncaught_exceptions() > 0;
        for (forget_sent(); !unwinding && !leaving_.empty() && MPI_Wtime() < deadline; forget_sent()) patience.sleep();
    } catch (const MpiError&) {
        // Nothing can be done about it here.
    }
    // MPI may still touch these buffers, so they are given up, not freed.
    if (!leaving_.empty()) static_cast<void>(new (std::nothrow) std::list<Transfer>(std::move(leaving_)));
    if (!arriving_.empty()) static_cast<void>(new (std::nothrow) std::list<Arriving>(std::move(arriving_)));
}

void MpiCommunicator::send(RankId to, Bytes bytes) {
    const int target = existing("send", to);
    forget_sent();
    // A list never moves its elements, so MPI's pointers into the bytes stay valid.
    Transfer& transfer = leaving_.emplace_back();
    transfer.bytes = std::move(bytes);
    for_each_piece(transfer.bytes, [&](const char* data, int count, bool is_last) {
        MPI_Request& request = transfer.requests.emplace_back(MPI_REQUEST_NULL);
        const int tag = is_last ? kLastPiece : kMorePieces;
        check_mpi(MPI_Isend(data, count, MPI_BYTE, target, tag, messages_.get(), &request), "MPI_Isend");
    });
}

void MpiCommunicator::forget_sent() {
    leaving_.remove_if([](Transfer& transfer) { return transfer.is_complete("MPI_Testall of sends"); });
}

void MpiCommunicator::accept_arrivals() {
    while (true) {
        int found = 0;
        MPI_Message matched = MPI_MESSAGE_NULL;
        MPI_Status status{};
        // A matched probe takes the message out of the queue. A plain probe and a receive from any sender could get two
        // different messages.
        check_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, messages_.get(), &found, &matched, &status), "MPI_Improbe");
        if (found == 0) return;
        int count = 0;
        check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
        Arriving& arriving = arriving_.emplace_back();
        arriving.from = status.MPI_SOURCE;
        arriving.is_last_piece = status.MPI_TAG == kLastPiece;
        arriving.transfer.bytes.resize(static_cast<std::size_t>(count));
        // Not a blocking receive: a long message moves only while its sender is inside MPI, and it may be computing.
        MPI_Request& request = arriving.transfer.requests.emplace_back(MPI_REQUEST_NULL);
        check_mpi(MPI_Imrecv(arriving.transfer.bytes.data(), count, MPI_BYTE, &matched, &request), "MPI_Imrecv");
    }
}

std::optional<Message> MpiCommunicator::next_complete() {
    std::set<int> waiting;  // senders with an older piece on its way: theirs must not be overtaken
    for (auto piece = arriving_.begin(); piece != arriving_.end();) {
        const int from = piece->from;
        if (waiting.contains(from) || !piece->transfer.is_complete("MPI_Testall of receives")) {
            waiting.insert(from);
            ++piece;
            continue;
        }
        Bytes bytes = std::move(piece->transfer.bytes);
        const bool is_last = piece->is_last_piece;
        piece = arriving_.erase(piece);
        if (const auto begun = incomplete_.find(from); begun != incomplete_.end()) {
            bytes = std::move(begun->second) + bytes;
            incomplete_.erase(begun);
        }
        if (is_last) return Message{RankId{from}, std::move(bytes)};
        incomplete_.emplace(from, std::move(bytes));
    }
    return std::nullopt;
}

std::optional<Message> MpiCommunicator::receive_for(std::chrono::nanoseconds timeout) {
    const auto start = steady_now();
    PatientWait patience;
    while (true) {
        forget_sent();
        accept_arrivals();
        if (auto message = next_complete()) return message;
        const std::chrono::nanoseconds left = timeout - (steady_now() - start);
        if (left <= std::chrono::nanoseconds::zero()) return std::nullopt;
        if (!arriving_.empty() || !leaving_.empty()) patience.restart();
        patience.sleep(left);
    }
}

void MpiCommunicator::wait(Transfer& transfer, std::string_view call) {
    PatientWait patience;
    while (!transfer.is_complete(call)) {
        forget_sent();
        if (!leaving_.empty()) patience.restart();
        patience.sleep();
    }
}

void MpiCommunicator::wait(MPI_Request request, std::string_view call) {
    // The request is moved into a Transfer that owns no bytes: the caller keeps them.
    Transfer transfer{{}, {request}};
    wait(transfer, call);
}

Bytes MpiCommunicator::broadcast(RankId root, Bytes bytes) {
    const int from = existing("broadcast", root);
    // Other ranks do not know the size yet.
    std::uint64_t size = bytes.size();
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(&size, 1, MPI_UINT64_T, from, collectives_.get(), &request), "MPI_Ibcast");
    wait(request, "MPI_Ibcast");
    bytes.resize(size);
    for_each_piece(bytes, [&](char* data, int count, bool) {
        check_mpi(MPI_Ibcast(data, count, MPI_BYTE, from, collectives_.get(), &request), "MPI_Ibcast");
        wait(request, "MPI_Ibcast");
    });
    return bytes;
}

std::vector<Bytes> MpiCommunicator::gather(RankId root, Bytes bytes) {
    const int to = existing("gather", root);
    const std::uint64_t size = bytes.size();
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(size_));
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Igather(&size, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, to, collectives_.get(), &request),
              "MPI_Igather");
    wait(request, "MPI_Igather");
    if (rank_ != to) {
        // Piece by piece and not MPI_Gatherv, whose displacements are int: all ranks together may exceed 2 GiB.
        for_each_piece(bytes, [&](char* data, int count, bool) {
            check_mpi(MPI_Isend(data, count, MPI_BYTE, to, kLastPiece, collectives_.get(), &request), "MPI_Isend");
            wait(request, "MPI_Isend of a gather");
        });
        return {};
    }
    std::vector<Bytes> all(sizes.size());
    // One rank after the other: the root could not use the parts in another order, and the memory for all is needed
    // anyway.
    for (int from = 0; from < size_; ++from) {
        Bytes& part = all[static_cast<std::size_t>(from)];
        if (from == rank_) continue;
        part.resize(sizes[static_cast<std::size_t>(from)]);
        for_each_piece(part, [&](char* data, int count, bool) {
            check_mpi(MPI_Irecv(data, count, MPI_BYTE, from, kLastPiece, collectives_.get(), &request), "MPI_Irecv");
            wait(request, "MPI_Irecv of a gather");
        });
    }
    all[static_cast<std::size_t>(rank_)] = std::move(bytes);
    return all;
}

void MpiCommunicator::barrier() {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(collectives_.get(), &request), "MPI_Ibarrier");
    wait(request, "MPI_Ibarrier");
}

}  // namespace

MpiWorld::MpiWorld(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
    // The kernel rounds sleeps up by 50 us unless told otherwise; ours are that short themselves.
    ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    int provided = MPI_THREAD_SINGLE;
    check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    if (provided < MPI_THREAD_FUNNELED) throw MpiError("MPI_Init_thread: this MPI does not allow other threads");
}

MpiWorld::~MpiWorld() {
    const bool is_unwinding = std::uncaught_exceptions() > exceptions_at_start_;
    if (is_unwinding && size() > 1) return;  // the others would wait in MPI_Finalize for us; main aborts the job
    MPI_Finalize();
}

std::unique_ptr<Communicator> MpiWorld::communicator(std::size_t piece_bytes) {
    HALFTONE_CHECK(piece_bytes > 0 && std::cmp_less_equal(piece_bytes, std::numeric_limits<int>::max()),
                   "a piece is counted with int");
    return std::make_unique<MpiCommunicator>(piece_bytes);
}

int MpiWorld::size() const {
    int size = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

int MpiWorld::rank() const {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

void MpiWorld::abort(int code) {
    // MPI_Abort kills this process, too, with whatever stdout still holds. It may return nevertheless, hence _Exit.
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
}

bool is_launched_by_mpi() {
    // Not SLURM_PROCID: the batch script of a job has it too, and plain programs started from it inherit it.
    const std::array names{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
    return std::any_of(names.begin(), names.end(), [](const char* name) { return environment(name).has_value(); });
}

std::string mpi_version() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
    // "Open MPI v4.1.4, package: Debian …"
    const std::string whole(text.data(), static_cast<std::size_t>(length));
    std::string version = whole.substr(0, whole.find_first_of(",\n"));
    if (const auto at = version.find(" v"); at != std::string::npos) version.erase(at + 1, 1);
    return version;
}

}  // namespace halftone
