// A table of 256 bytes by AVX2: vpshufb looks up 16 entries and gives 0 where bit 7 of the index is set. Of the rows of
// 16 entries, row r is left by XOR of the differences D_k = T_k ^ T_(k-1), k = 0 … r: an index x - 16 k, subtracted
// with saturation, has bit 7 clear for k <= r only. Codes of 128 and more start negative and stay so; they have a chain
// of their own, with bit 7 flipped.
#include "base/check.hpp"
#include "kernel/codes/affine_steps.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::codes {

#ifdef __x86_64__

namespace avx2 {  // the names of its helpers stand in other instruction sets' files, too
namespace {

constexpr int kRows = 8;  // of 16 entries, in each half of the table

struct Differences {
    __m256i low[kRows], high[kRows];  // NOLINT(modernize-avoid-c-arrays): std::array drops the alignment of __m256i
};

HALFTONE_AVX2_INLINE __m256i row_of(const std::byte* table, int row) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * row)));
}

HALFTONE_AVX2_INLINE void find_differences(const std::byte* half, __m256i* out) {
    out[0] = row_of(half, 0);
    for (int row = 1; row < kRows; ++row) out[row] = _mm256_xor_si256(row_of(half, row), row_of(half, row - 1));
}

HALFTONE_AVX2_INLINE __m256i chain(const __m256i* differences, __m256i index) {
    const __m256i step = _mm256_set1_epi8(16);
    __m256i found = _mm256_shuffle_epi8(differences[0], index);
#pragma GCC unroll 8
    for (int row = 1; row < kRows; ++row) {
        index = _mm256_subs_epi8(index, step);
        found = _mm256_xor_si256(found, _mm256_shuffle_epi8(differences[row], index));
    }
    return found;
}

HALFTONE_AVX2 void look_up_range(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    constexpr std::size_t kLanes = 32;
    Differences differences;
    find_differences(table, differences.low);
    find_differences(table + 128, differences.high);
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(0x80));
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
        const __m256i low = chain(differences.low, codes);
        const __m256i high = chain(differences.high, _mm256_xor_si256(codes, flip));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), _mm256_or_si256(low, high));
    }
    for (; i < n; ++i) y[i] = table[static_cast<std::size_t>(x[i])];
}

}  // namespace
}  // namespace avx2

void look_up_avx2(const std::byte* table, const std::byte* x, std::size_t n, std::byte* y) {
    in_chunks(n, [&](std::size_t first, std::size_t last) {
        avx2::look_up_range(table, x + first, last - first, y + first);
    });
}

#else

void look_up_avx2(const std::byte* /*table*/, const std::byte* /*x*/, std::size_t /*n*/, std::byte* /*y*/) {
    HALFTONE_CHECK(false, "AVX2 on another architecture");
}

#endif

}  // namespace halftone::codes
