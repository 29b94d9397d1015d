// One row of A times B as a sum of rows of B, each scaled by one element of A. B is read in the order in which it lies,
// and every sum keeps its order, k ascending, whatever the width of the vectors.
#include "kernel/ref/lib/gemm_loops.hpp"

#include "tensor/simd_clones.hpp"

namespace halftone::ref {
namespace {

// The innermost loop runs along the columns of B, so it vectorises (-O3 is set for this file in src/CMakeLists.txt).

HALFTONE_SIMD_CLONES void add_scaled_row(double* sums, const float* b, std::int64_t columns, double a) {
    for (std::int64_t n = 0; n < columns; ++n) sums[n] += a * static_cast<double>(b[n]);
}

// The product of two codes fits into 32 bits with room to spare; only the sum needs 64.
HALFTONE_SIMD_CLONES void add_scaled_codes(std::int64_t* sums, const std::int8_t* b, std::int64_t columns,
                                           std::int32_t a) {
    for (std::int64_t n = 0; n < columns; ++n) sums[n] += a * std::int32_t{b[n]};
}

template <class Code>
void add_rows(const Code* a, std::int64_t inner, std::int32_t zero_point, const std::int8_t* b,
              std::span<std::int64_t> sums) {
    const auto columns = static_cast<std::int64_t>(sums.size());
    for (std::int64_t k = 0; k < inner; ++k) {
        add_scaled_codes(sums.data(), b + k * columns, columns, std::int32_t{a[k]} - zero_point);
    }
}

}  // namespace

void add_product_f32(const float* a, std::int64_t step, const float* b, std::int64_t inner, std::span<double> sums) {
    const auto columns = static_cast<std::int64_t>(sums.size());
    for (std::int64_t k = 0; k < inner; ++k) {
        add_scaled_row(sums.data(), b + k * columns, columns, static_cast<double>(a[k * step]));
    }
}

void add_product_codes(TensorView a, std::int32_t zero_point, const std::int8_t* b, std::span<std::int64_t> sums) {
    if (a.type.dtype == DType::u8) return add_rows(a.as<std::uint8_t>().data(), a.elements(), zero_point, b, sums);
    add_rows(a.as<std::int8_t>().data(), a.elements(), zero_point, b, sums);
}

}  // namespace halftone::ref
