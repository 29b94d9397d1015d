// Three kinds of copy, by how the input lies along the output's innermost dimension:
//
//   copy_rows_of  element by element, one after the other: rows are copied as bytes
//   turn_blocks   some other dimension has the input's neighbours: squares of kSquare x kSquare elements are turned,
//                 so that both sides are read and written in whole cache lines
//   copy_strided  neither: element by element
#include "kernel/native/lib/permuted_copy.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {
namespace {

constexpr std::int64_t kSquare = 8;
constexpr std::size_t kNoDimension = ~std::size_t{0};

/// A dimension that is walked outside of the copy of a row or of squares, with its step in the output.
struct OuterDimension {
    std::int64_t size, in_step, out_step;
};

struct Places {
    std::int64_t in = 0;
    std::int64_t out = 0;
};

/// Where the copy number `index` of all combinations of outer dimensions begins.
Places places_of(const std::vector<OuterDimension>& outer, std::int64_t index) {
    Places places;
    for (std::size_t d = outer.size(); d-- > 0;) {
        const std::int64_t place = index % outer[d].size;
        index /= outer[d].size;
        places.in += place * outer[d].in_step;
        places.out += place * outer[d].out_step;
    }
    return places;
}

std::vector<OuterDimension> all_dimensions(const StridedWalk& walk) {
    std::vector<OuterDimension> all;
    std::int64_t step = 1;
    for (std::size_t d = walk.dimensions.size(); d-- > 0;) {
        all.insert(all.begin(), {walk.dimensions[d].size, walk.dimensions[d].steps[0], step});
        step *= walk.dimensions[d].size;
    }
    return all;
}

std::int64_t combinations(const std::vector<OuterDimension>& outer) {
    std::int64_t count = 1;
    for (const OuterDimension& dimension : outer) count *= dimension.size;
    return count;
}

/// y[r * y_step + c] = x[c * x_step + r] for rows r and columns c.
template <class Word>
HALFTONE_INLINE void turn_elements(const Word* x, std::int64_t x_step, std::int64_t rows, std::int64_t columns, Word* y,
                                   std::int64_t y_step) {
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) y[r * y_step + c] = x[c * x_step + r];
    }
}

#ifdef __x86_64__
/// 8 x 8 words: pairs of rows are woven by words, then by double words, then halves of registers change places.
HALFTONE_AVX2 void turn_square_avx2(const float* x, std::int64_t x_step, float* y, std::int64_t y_step) {
    __m256 rows[8];   // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m256
    __m256 woven[8];  // NOLINT(modernize-avoid-c-arrays)
    for (int i = 0; i < 8; ++i) rows[i] = _mm256_loadu_ps(x + i * x_step);
    for (int i = 0; i < 8; i += 2) {
        woven[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        woven[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        rows[i] = _mm256_shuffle_ps(woven[i], woven[i + 2], 0x44);
        rows[i + 1] = _mm256_shuffle_ps(woven[i], woven[i + 2], 0xEE);
        rows[i + 2] = _mm256_shuffle_ps(woven[i + 1], woven[i + 3], 0x44);
        rows[i + 3] = _mm256_shuffle_ps(woven[i + 1], woven[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; ++i) {
        _mm256_storeu_ps(y + i * y_step, _mm256_permute2f128_ps(rows[i], rows[i + 4], 0x20));
        _mm256_storeu_ps(y + (i + 4) * y_step, _mm256_permute2f128_ps(rows[i], rows[i + 4], 0x31));
    }
}
#endif

template <class Word>
void turn_square(const Word* x, std::int64_t x_step, Word* y, std::int64_t y_step) {
    turn_elements(x, x_step, kSquare, kSquare, y, y_step);
}

/// A strip of `rows` (at most kSquare) output rows and all columns.
template <class Word, class Square>
void turn_strip(const Word* x, std::int64_t x_step, std::int64_t rows, std::int64_t columns, Word* y,
                std::int64_t y_step, Square square) {
    std::int64_t c = 0;
    if (rows == kSquare) {
        for (; c + kSquare <= columns; c += kSquare) square(x + c * x_step, x_step, y + c, y_step);
    }
    turn_elements(x + c * x_step, x_step, rows, columns - c, y + c, y_step);
}

template <class Word, class Square>
void turn_blocks(const StridedWalk& walk, std::size_t neighbours, const Word* x, Word* y, Square square) {
    std::vector<OuterDimension> outer = all_dimensions(walk);
    // Columns are the output's innermost dimension, rows the one along which the input's elements are neighbours: a
    // square of both is contiguous on one side by rows and on the other by columns.
    const OuterDimension columns = outer.back();
    const OuterDimension rows = outer[neighbours];
    outer.pop_back();
    outer.erase(outer.begin() + static_cast<std::ptrdiff_t>(neighbours));
    const std::int64_t strips = (rows.size + kSquare - 1) / kSquare;
    const std::int64_t all = combinations(outer) * strips;
    codes::in_rows(static_cast<std::size_t>(all), static_cast<std::size_t>(kSquare * columns.size),
                   [&](std::size_t first, std::size_t last) {
                       for (auto i = static_cast<std::int64_t>(first); i < static_cast<std::int64_t>(last); ++i) {
                           const Places places = places_of(outer, i / strips);
                           const std::int64_t row = i % strips * kSquare;
                           turn_strip(x + places.in + row, columns.in_step, std::min(kSquare, rows.size - row),
                                      columns.size, y + places.out + row * rows.out_step, rows.out_step, square);
                       }
                   });
}

/// Each innermost row by `copy_row(from, to)`. Rows are counted like an odometer, because a division for each would
/// take as long as a short row.
template <class Word, class CopyRow>
void copy_rows_of(const StridedWalk& walk, const Word* x, Word* y, CopyRow copy_row) {
    std::vector<OuterDimension> outer = all_dimensions(walk);
    const std::int64_t columns = outer.back().size;
    outer.pop_back();
    const OuterDimension rows = outer.back();
    outer.pop_back();
    const std::int64_t all = combinations(outer) * rows.size;
    codes::in_rows(static_cast<std::size_t>(all), static_cast<std::size_t>(columns),
                   [&](std::size_t first, std::size_t last) {
                       auto row = static_cast<std::int64_t>(first);
                       while (row < static_cast<std::int64_t>(last)) {
                           const std::int64_t inside = row % rows.size;
                           const std::int64_t end = std::min(rows.size, inside + static_cast<std::int64_t>(last) - row);
                           const Places places = places_of(outer, row / rows.size);
                           for (std::int64_t i = inside; i < end; ++i)
                               copy_row(x + places.in + i * rows.in_step, y + places.out + i * rows.out_step);
                           row += end - inside;
                       }
                   });
}

template <class Word, class Square>
void copy_permuted(const StridedWalk& walk, const Word* x, Word* y, Square square) {
    const auto& inner = walk.dimensions.back();
    if (inner.steps[0] == 1) {
        const std::size_t bytes = static_cast<std::size_t>(inner.size) * sizeof(Word);
        constexpr std::size_t kHead =
            64 * sizeof(float);  // by far the most usual size of a head: a copy without a call
        if (bytes == kHead)
            return copy_rows_of(walk, x, y, [](const Word* from, Word* to) { std::memcpy(to, from, kHead); });
        return copy_rows_of(walk, x, y, [bytes](const Word* from, Word* to) { std::memcpy(to, from, bytes); });
    }
    // At most one dimension has step 1 and more than one element, because every element is copied once.
    std::size_t neighbours = kNoDimension;
    for (std::size_t d = 0; d + 1 < walk.dimensions.size(); ++d) {
        if (walk.dimensions[d].steps[0] == 1 && walk.dimensions[d].size > 1) neighbours = d;
    }
    if (neighbours != kNoDimension) return turn_blocks(walk, neighbours, x, y, square);
    copy_rows_of(walk, x, y, [&inner](const Word* from, Word* to) {
        for (std::int64_t i = 0; i < inner.size; ++i) to[i] = from[i * inner.steps[0]];
    });
}

template <class Word>
void copy_words(const StridedWalk& walk, const std::byte* x, std::byte* y) {
    copy_permuted(walk, reinterpret_cast<const Word*>(x), reinterpret_cast<Word*>(y), turn_square<Word>);
}

}  // namespace

void run_permuted_copy(const PermutedCopy& copy, const std::byte* x, std::byte* y) {
    switch (copy.element) {
        case 1:
            return copy_words<std::uint8_t>(copy.walk, x, y);
        case 2:
            return copy_words<std::uint16_t>(copy.walk, x, y);
        case 8:
            return copy_words<std::uint64_t>(copy.walk, x, y);
        default:
            break;
    }
#ifdef __x86_64__
    if (has_avx2()) {
        copy_permuted(copy.walk, reinterpret_cast<const float*>(x), reinterpret_cast<float*>(y), turn_square_avx2);
        return;
    }
#endif
    copy_words<std::uint32_t>(copy.walk, x, y);
}

}  // namespace halftone::native
