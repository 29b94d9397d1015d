#pragma once
// The loops of Gemm and MatMul: plain row-major matrices, one output row at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.hpp"

namespace halftone::ref {

/// [rows, columns] -> [columns, rows].
template <class T>
std::vector<T> transposed(const T* matrix, std::int64_t rows, std::int64_t columns) {
    std::vector<T> out(static_cast<std::size_t>(rows * columns));
    T* to = out.data();
    for (std::int64_t c = 0; c < columns; ++c) {
        for (std::int64_t r = 0; r < rows; ++r) *to++ = matrix[r * columns + c];
    }
    return out;
}

/// One row of A times B: sums[n] += a[k * step] * b[k * sums.size() + n], k ascending, in double.
void add_product_f32(const float* a, std::int64_t step, const float* b, std::int64_t inner, std::span<double> sums);

/// The same of codes, exact: (a[k] - zero_point) * b. @param a  one row of u8 or s8, as many as `inner`
void add_product_codes(TensorView a, std::int32_t zero_point, const std::int8_t* b, std::span<std::int64_t> sums);

}  // namespace halftone::ref
