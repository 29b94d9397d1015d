#pragma once
// Products and sums of numbers that a user or a file gave. A result that does not fit 64 bits becomes the largest
// number, so that a comparison with a limit is still right. (A wrapped product could be small or negative, and pass.)

#include <cstdint>
#include <limits>

namespace halftone {

/// Returns a * b, or the largest number if the product does not fit. @pre neither is negative
[[nodiscard]] constexpr std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

/// Returns a + b, or the largest number if the sum does not fit. @pre neither is negative
[[nodiscard]] constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace halftone
