#pragma once
// BudgetedVector: a vector whose memory the budget of the process counts, for buffers that are large and no Tensor.

#include <cstddef>
#include <memory>
#include <vector>

#include "base/budget.hpp"

namespace halftone {

/// @throws BudgetError  from the functions of the vector that take memory
template <class T>
struct BudgetedAllocator {
    using value_type = T;
    BudgetedAllocator() = default;
    template <class U>
    BudgetedAllocator(const BudgetedAllocator<U>& /*other*/) noexcept {}  // NOLINT: implicit, as vectors want it

    [[nodiscard]] T* allocate(std::size_t count) {
        const std::size_t bytes = count * sizeof(T);  // a vector's size does not overflow this
        process_budget().take_bytes(bytes, "a buffer");
        try {
            return std::allocator<T>().allocate(count);
        } catch (...) {
            process_budget().return_bytes(bytes);
            throw;
        }
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        std::allocator<T>().deallocate(memory, count);
        process_budget().return_bytes(count * sizeof(T));
    }
    friend bool operator==(const BudgetedAllocator& /*a*/, const BudgetedAllocator& /*b*/) { return true; }
};

template <class T>
using BudgetedVector = std::vector<T, BudgetedAllocator<T>>;

}  // namespace halftone
