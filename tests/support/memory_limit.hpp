#pragma once
// MemoryLimit: leaves the process's budget a given number of bytes while a test runs.

#include <cstdint>

#include "base/budget.hpp"

namespace halftone::test {

class MemoryLimit {
public:
    /// @param left  what can still be taken from now on
    explicit MemoryLimit(std::uint64_t left) : before_(process_budget().byte_limit()) {
        process_budget().set_byte_limit(process_budget().bytes_in_use() + left);
    }
    ~MemoryLimit() { process_budget().set_byte_limit(before_); }
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;

private:
    std::uint64_t before_;
};

}  // namespace halftone::test
