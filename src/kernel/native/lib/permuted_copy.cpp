// Three kinds of copy, by how the input lies along the output's innermost dimension:
//
//   copy_rows_of  element by element, one after the other: rows are copied as bytes
//   turn_blocks   some other dimension has the input's neighbours: squares of kSquare x kSquare elements are turned, in
//                 blocks of kLongSide x kShortSide elements (turn_block), so that both sides are read and written in
//                 whole cache lines
//   copy_strided  neither: element by element
#include "kernel/native/lib/permuted_copy.hpp"

#include <algorithm>
#include <array>
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
// Elements of a block along the side that is walked, and across it (a cache line of fp32).
constexpr std::int64_t kLongSide = 256;
constexpr std::int64_t kShortSide = 16;
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

/// y[i * y_step + n * y_across] = x[i * x_step + n * x_across] for `count` times N elements. N is known to the
/// compiler: a loop over so few elements would take longer than they do.
template <int N, class Word>
void copy_narrow(const Word* x, std::int64_t x_step, std::int64_t x_across, std::int64_t count, Word* y,
                 std::int64_t y_step, std::int64_t y_across) {
    for (std::int64_t i = 0; i < count; ++i, x += x_step, y += y_step) {
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) y[n * y_across] = x[n * x_across];
    }
}

/// The same for `width` (below kSquare) instead of N: a picture with few channels, and what squares leave over.
template <class Word>
void copy_strip(const Word* x, std::int64_t x_step, std::int64_t x_across, std::int64_t count, Word* y,
                std::int64_t y_step, std::int64_t y_across, std::int64_t width) {
    using Narrow = void (*)(const Word*, std::int64_t, std::int64_t, std::int64_t, Word*, std::int64_t, std::int64_t);
    static constexpr std::array<Narrow, kSquare> kByWidth{
        copy_narrow<0, Word>, copy_narrow<1, Word>, copy_narrow<2, Word>, copy_narrow<3, Word>,
        copy_narrow<4, Word>, copy_narrow<5, Word>, copy_narrow<6, Word>, copy_narrow<7, Word>};
    if (width > 0) kByWidth.at(static_cast<std::size_t>(width))(x, x_step, x_across, count, y, y_step, y_across);
}

/// Squares that follow each other in a block: how many, and from one to the next.
struct SquareRun {
    std::int64_t count, x_step, y_step;
};

#ifdef __x86_64__
/// 8 x 8 words, four columns of x at a time: a register holds four words of a row and of the row four below it, so that
/// turning 4 x 4 words in each half makes whole rows of the result.
HALFTONE_AVX2_INLINE void turn_square_avx2(const float* x, std::int64_t x_step, float* y, std::int64_t y_step) {
    for (int half = 0; half < 2; ++half, x += 4, y += 4 * y_step) {
        const auto rows = [&](int i) HALFTONE_AVX2 {
            return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(x + i * x_step)),
                                        _mm_loadu_ps(x + (i + 4) * x_step), 1);
        };
        const __m256 a = rows(0);
        const __m256 b = rows(1);
        const __m256 c = rows(2);
        const __m256 d = rows(3);
        const __m256 ab_low = _mm256_unpacklo_ps(a, b);
        const __m256 ab_high = _mm256_unpackhi_ps(a, b);
        const __m256 cd_low = _mm256_unpacklo_ps(c, d);
        const __m256 cd_high = _mm256_unpackhi_ps(c, d);
        _mm256_storeu_ps(y, _mm256_shuffle_ps(ab_low, cd_low, 0x44));
        _mm256_storeu_ps(y + y_step, _mm256_shuffle_ps(ab_low, cd_low, 0xEE));
        _mm256_storeu_ps(y + 2 * y_step, _mm256_shuffle_ps(ab_high, cd_high, 0x44));
        _mm256_storeu_ps(y + 3 * y_step, _mm256_shuffle_ps(ab_high, cd_high, 0xEE));
    }
}

HALFTONE_AVX2 void turn_squares_avx2(const float* x, std::int64_t x_step, float* y, std::int64_t y_step,
                                     SquareRun run) {
    for (; run.count > 0; --run.count, x += run.x_step, y += run.y_step) turn_square_avx2(x, x_step, y, y_step);
}

/// 8 x 8 bytes by SSE2, which every x86-64 has: rows are woven by bytes, by words and by double words; then each
/// register holds two rows of the result.
HALFTONE_INLINE void turn_square_bytes(const std::uint8_t* x, std::int64_t x_step, std::uint8_t* y,
                                       std::int64_t y_step) {
    const auto row = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x + i * x_step)); };
    const __m128i a = _mm_unpacklo_epi8(row(0), row(1));
    const __m128i b = _mm_unpacklo_epi8(row(2), row(3));
    const __m128i c = _mm_unpacklo_epi8(row(4), row(5));
    const __m128i d = _mm_unpacklo_epi8(row(6), row(7));
    const __m128i ab[] = {_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)};  // NOLINT(modernize-avoid-c-arrays)
    const __m128i cd[] = {_mm_unpacklo_epi16(c, d), _mm_unpackhi_epi16(c, d)};  // NOLINT(modernize-avoid-c-arrays)
    for (int i = 0; i < 2; ++i) {
        const __m128i low = _mm_unpacklo_epi32(ab[i], cd[i]);
        const __m128i high = _mm_unpackhi_epi32(ab[i], cd[i]);
        std::uint8_t* to = y + 4 * i * y_step;
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), low);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + y_step), _mm_unpackhi_epi64(low, low));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 2 * y_step), high);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 3 * y_step), _mm_unpackhi_epi64(high, high));
    }
}

void turn_squares_bytes(const std::uint8_t* x, std::int64_t x_step, std::uint8_t* y, std::int64_t y_step,
                        SquareRun run) {
    for (; run.count > 0; --run.count, x += run.x_step, y += run.y_step) turn_square_bytes(x, x_step, y, y_step);
}
#endif

template <class Word>
void turn_squares(const Word* x, std::int64_t x_step, Word* y, std::int64_t y_step, SquareRun run) {
    for (; run.count > 0; --run.count, x += run.x_step, y += run.y_step)
        copy_narrow<kSquare>(x, x_step, 1, kSquare, y, 1, y_step);
}

/// A block of `rows` x `columns`: runs of squares, then what is left over. Where steps are powers of two, all lines of
/// one side compete for the same few places of the first-level cache, and a line that is half used is gone before its
/// other half is wanted. So runs go along the lines of the side with the longer step, and a block is so small that the
/// other side stays in the cache.
template <class Word, class Squares>
void turn_block(const Word* x, std::int64_t x_step, std::int64_t rows, std::int64_t columns, Word* y,
                std::int64_t y_step, Squares squares) {
    const std::int64_t whole_rows = rows / kSquare * kSquare;
    const std::int64_t whole_columns = columns / kSquare * kSquare;
    if (x_step > y_step) {
        const SquareRun run{whole_rows / kSquare, kSquare, kSquare * y_step};
        for (std::int64_t c = 0; c < whole_columns; c += kSquare) squares(x + c * x_step, x_step, y + c, y_step, run);
    } else {
        const SquareRun run{whole_columns / kSquare, kSquare * x_step, kSquare};
        for (std::int64_t r = 0; r < whole_rows; r += kSquare) squares(x + r, x_step, y + r * y_step, y_step, run);
    }
    // Rests: columns beside the squares, and rows below them.
    copy_strip(x + whole_columns * x_step, 1, x_step, whole_rows, y + whole_columns, y_step, 1,
               columns - whole_columns);
    copy_strip(x + whole_rows, x_step, 1, columns, y + whole_rows * y_step, 1, y_step, rows - whole_rows);
}

template <class Word, class Squares>
void turn_blocks(const StridedWalk& walk, std::size_t neighbours, const Word* x, Word* y, Squares squares) {
    std::vector<OuterDimension> outer = all_dimensions(walk);
    // Columns are the output's innermost dimension, rows the one along which the input's elements are neighbours: a
    // square of both is contiguous on one side by rows and on the other by columns.
    const OuterDimension columns = outer.back();
    const OuterDimension rows = outer[neighbours];
    outer.pop_back();
    outer.erase(outer.begin() + static_cast<std::ptrdiff_t>(neighbours));
    const bool runs_along_rows = columns.in_step > rows.out_step;
    const std::int64_t most_rows = runs_along_rows ? kLongSide : kShortSide;
    const std::int64_t most_columns = runs_along_rows ? kShortSide : kLongSide;
    const std::int64_t strips = (rows.size + most_rows - 1) / most_rows;
    const std::int64_t all = combinations(outer) * strips;
    codes::in_rows(static_cast<std::size_t>(all), static_cast<std::size_t>(most_rows * columns.size),
                   [&](std::size_t first, std::size_t last) {
                       for (auto i = static_cast<std::int64_t>(first); i < static_cast<std::int64_t>(last); ++i) {
                           const Places places = places_of(outer, i / strips);
                           const std::int64_t row = i % strips * most_rows;
                           const Word* from = x + places.in + row;
                           Word* to = y + places.out + row * rows.out_step;
                           for (std::int64_t c = 0; c < columns.size; c += most_columns) {
                               turn_block(from + c * columns.in_step, columns.in_step,
                                          std::min(most_rows, rows.size - row),
                                          std::min(most_columns, columns.size - c), to + c, rows.out_step, squares);
                           }
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

template <class Word, class Squares>
void copy_permuted(const StridedWalk& walk, const Word* x, Word* y, Squares squares) {
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
    if (neighbours != kNoDimension) return turn_blocks(walk, neighbours, x, y, squares);
    copy_rows_of(walk, x, y, [&inner](const Word* from, Word* to) {
        for (std::int64_t i = 0; i < inner.size; ++i) to[i] = from[i * inner.steps[0]];
    });
}

template <class Word>
void copy_words(const StridedWalk& walk, const std::byte* x, std::byte* y) {
    copy_permuted(walk, reinterpret_cast<const Word*>(x), reinterpret_cast<Word*>(y), turn_squares<Word>);
}

}  // namespace

void run_permuted_copy(const PermutedCopy& copy, const std::byte* x, std::byte* y) {
    switch (copy.element) {
        case 1:
#ifdef __x86_64__
            return copy_permuted(copy.walk, reinterpret_cast<const std::uint8_t*>(x),
                                 reinterpret_cast<std::uint8_t*>(y), turn_squares_bytes);
#else
            return copy_words<std::uint8_t>(copy.walk, x, y);
#endif
        case 2:
            return copy_words<std::uint16_t>(copy.walk, x, y);
        case 8:
            return copy_words<std::uint64_t>(copy.walk, x, y);
        default:
            break;
    }
#ifdef __x86_64__
    if (has_avx2()) {
        copy_permuted(copy.walk, reinterpret_cast<const float*>(x), reinterpret_cast<float*>(y), turn_squares_avx2);
        return;
    }
#endif
    copy_words<std::uint32_t>(copy.walk, x, y);
}

}  // namespace halftone::native
