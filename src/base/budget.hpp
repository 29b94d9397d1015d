#pragma once
// Budget: how many bytes and how much work one import, one load or one execution may take.
//
// Sizes come from models, data and configs of strangers. Code that takes memory or works for a size from a file asks a
// budget first. The budget refuses before anything is allocated, with a message that a user can act on. Without it the
// program would end in the middle of its work, by std::bad_alloc or by the operating system.

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace halftone {

/// Something needs more memory or work than it may take. This is not a bug: the exit code is that of a refused model.
/// If a candidate needs too much, only its trial fails, and the search goes on.
struct BudgetError : Error {
    explicit BudgetError(std::string message) : Error(ExitCode::model, std::move(message)) {}
};

/// What a budget allows. One unit of work is one multiplication with its addition, or one element that is moved.
struct BudgetLimits {
    static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t bytes = kUnlimited;
    std::uint64_t work = kUnlimited;
};

/// Counts what is taken. Safe to use from several threads.
class Budget {
public:
    explicit Budget(BudgetLimits limits) : byte_limit_(limits.bytes), work_limit_(limits.work) {}
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

    /// Takes the bytes if they are left, and returns whether it did.
    [[nodiscard]] bool try_take_bytes(std::uint64_t bytes) noexcept { return try_take(bytes_, byte_limit_, bytes); }
    /// Takes the bytes. @param what  subject of the message, for example "the constant 'w'"
    /// @throws BudgetError "<what> needs 38 GiB, the limit is 16 GiB (--memory)"
    void take_bytes(std::uint64_t bytes, std::string_view what) {
        if (!try_take_bytes(bytes)) throw refusal(bytes, what);
    }
    /// Gives back bytes that were taken.
    void return_bytes(std::uint64_t bytes) noexcept { bytes_ -= bytes; }

    /// Takes the work if it is left, and returns whether it did. Work is never given back.
    [[nodiscard]] bool try_take_work(std::uint64_t work) noexcept { return try_take(work_, work_limit_, work); }

    [[nodiscard]] std::uint64_t byte_limit() const { return byte_limit_; }
    [[nodiscard]] std::uint64_t bytes_in_use() const { return bytes_; }
    [[nodiscard]] std::uint64_t bytes_left() const;
    /// Changes the limit of bytes. Bytes that are taken already stay taken, even if they exceed it.
    void set_byte_limit(std::uint64_t bytes) { byte_limit_ = bytes; }

    /// Returns the error that take_bytes throws, for callers that ask with try_take_bytes.
    [[nodiscard]] BudgetError refusal(std::uint64_t bytes, std::string_view what) const;

private:
    [[nodiscard]] static bool try_take(std::atomic<std::uint64_t>& used, std::uint64_t limit,
                                       std::uint64_t amount) noexcept;

    std::atomic<std::uint64_t> byte_limit_;
    std::uint64_t work_limit_;
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> work_{0};
};

/// Bytes of a budget that are given back when this goes out of scope: for memory that is no Tensor, such as a vector
/// of intermediate results. Take them before the vector is made.
class BudgetedBytes {
public:
    /// @throws BudgetError  see Budget::take_bytes
    BudgetedBytes(Budget& budget, std::uint64_t bytes, std::string_view what) : budget_(&budget), bytes_(bytes) {
        budget.take_bytes(bytes, what);
    }
    ~BudgetedBytes() { budget_->return_bytes(bytes_); }
    BudgetedBytes(const BudgetedBytes&) = delete;
    BudgetedBytes& operator=(const BudgetedBytes&) = delete;

private:
    Budget* budget_;
    std::uint64_t bytes_;
};

/// The bytes of this process: every Tensor takes its memory from here. The limit is --memory; until that is set, it is
/// the free memory of the machine divided by the ranks that share it, as it was when this was first called.
[[nodiscard]] Budget& process_budget();

/// Returns the message for std::bad_alloc: the operating system refused memory although the budget allowed it.
[[nodiscard]] std::string out_of_memory_text();

}  // namespace halftone
