#include "base/budget.hpp"

#include <fmt/format.h>

#include "base/byte_size.hpp"
#include "base/free_memory.hpp"
#include "base/reclaim.hpp"

namespace halftone {

namespace {

// A loop instead of fetch_add: a refused amount must never be counted, not even for a moment, or another thread would
// be refused what it may have. The comparison is written so that it cannot overflow.
bool take_once(std::atomic<std::uint64_t>& used, std::uint64_t limit, std::uint64_t amount) noexcept {
    std::uint64_t before = used.load();
    do {
        if (before > limit || amount > limit - before) return false;
    } while (!used.compare_exchange_weak(before, before + amount));
    return true;
}

}  // namespace

bool Budget::try_take(std::atomic<std::uint64_t>& used, std::uint64_t limit, std::uint64_t amount) noexcept {
    if (take_once(used, limit, amount)) return true;
    // What is kept for later is memory of the process, and of no use to another budget. More than there is at all is
    // refused anyway.
    if (&used != &process_budget().bytes_ || amount > limit) return false;
    return reclaim_memory() && take_once(used, limit, amount);
}

std::uint64_t Budget::bytes_left() const {
    const std::uint64_t limit = byte_limit_;
    const std::uint64_t used = bytes_;
    return used < limit ? limit - used : 0;
}

BudgetError Budget::refusal(std::uint64_t bytes, std::string_view what) const {
    const std::uint64_t used = bytes_;
    // What is in use is said only where it decides: else a user would look for the fault in the wrong place.
    const std::string in_use =
        bytes <= byte_limit_ && used > 0 ? fmt::format("{} are in use, ", byte_size_text(used)) : "";
    return BudgetError(fmt::format("{} needs {}, {}the limit is {} (--memory)", what, byte_size_text(bytes), in_use,
                                   byte_size_text(byte_limit_)));
}

Budget& process_budget() {
    static Budget budget({.bytes = free_memory() / static_cast<std::uint64_t>(ranks_on_machine())});
    return budget;
}

std::string out_of_memory_text() {
    return fmt::format(
        "out of memory: the operating system refused it; {} of tensors are in use, the limit is {} "
        "(--memory)",
        byte_size_text(process_budget().bytes_in_use()), byte_size_text(process_budget().byte_limit()));
}

}  // namespace halftone
