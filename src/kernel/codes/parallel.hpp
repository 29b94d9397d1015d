#pragma once
// Element-wise work cut into pieces for OpenMP's threads. Who does a piece changes no result.

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace halftone::codes {

inline constexpr std::size_t kChunk = 16384;  ///< elements that a thread takes at once

/// body(first, last) over [0, n) in chunks, by several threads where there is more than one chunk.
template <class Body>
void in_chunks(std::size_t n, Body body) {
    const auto chunks = static_cast<std::int64_t>((n + kChunk - 1) / kChunk);
    // Even for a team of one, OpenMP takes longer than many small steps.
    if (chunks == 1) return body(std::size_t{0}, n);
#pragma omp parallel for schedule(static)
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::size_t first = static_cast<std::size_t>(c) * kChunk;
        body(first, std::min(n, first + kChunk));
    }
}

/// body(first row, last row) in chunks of whole rows, each of `columns` elements.
template <class Body>
void in_rows(std::size_t rows, std::size_t columns, Body body) {
    const std::size_t step = std::max<std::size_t>(kChunk / std::max<std::size_t>(columns, 1), 1);
    const auto chunks = static_cast<std::int64_t>((rows + step - 1) / step);
    if (chunks == 1) return body(std::size_t{0}, rows);
#pragma omp parallel for schedule(static)
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::size_t first = static_cast<std::size_t>(c) * step;
        body(first, std::min(rows, first + step));
    }
}

}  // namespace halftone::codes
