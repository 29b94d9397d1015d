#pragma once
// Codes by blocks to weights in registers of AVX-512. The order of 4-bit codes in memory is made for this: the eight
// bytes of a row go to all lanes, each lane moves its own code to its lowest bits, and one permutation, which reads
// just these bits, looks the code up as a float.
//
//   lookup        the constants of that
//   load_floats   16 codes of a row of a panel
//   load_params   scales and zero points of a block
//   wide_weights  (code - zero_point) * scale, rounded once, as in block_panels_avx2.cpp

#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/block_panels.hpp"

#ifdef __x86_64__
#include <immintrin.h>

#include <cstring>

namespace halftone::native {

// GCC 12 takes the undefined operand of its own unmasked intrinsics for an uninitialized variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

/// What turns the codes of a row into floats; it is the same for all rows.
struct Lookup {
    __m512 floats;  ///< the 16 values that a code of 4 bits has
    __m512i moves;  ///< bits by which each lane moves its 32 bits
};

HALFTONE_AVX512_INLINE Lookup lookup() {
    return {_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
            _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28)};
}

template <int Bits>
HALFTONE_AVX512_INLINE __m512 load_floats(const Lookup& lookup, const std::uint8_t* row) {
    if constexpr (Bits == 8) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
        return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(codes));
    } else {
        long long codes = 0;  // the intrinsic's type
        std::memcpy(&codes, row, sizeof codes);
        return _mm512_permutexvar_ps(_mm512_srlv_epi32(_mm512_set1_epi64(codes), lookup.moves), lookup.floats);
    }
}

/// Scales and zero points of a block of a panel. Of symmetric codes it is the product of both, which is exact but for
/// one rounding.
struct BlockParams {
    __m512 scale, zero;
};

template <bool IsSymmetric>
HALFTONE_AVX512_INLINE BlockParams load_params(const BlockPanels& matrix, std::int64_t panel, std::int64_t block) {
    const std::int64_t place = matrix.place_of(panel, block);
    return {_mm512_loadu_ps(matrix.scale.data() + place), _mm512_loadu_ps(matrix.zero.data() + place)};
}

template <int Bits, bool IsSymmetric>
HALFTONE_AVX512_INLINE __m512 wide_weights(const Lookup& lookup, const std::uint8_t* row, const BlockParams& params) {
    const __m512 codes = load_floats<Bits>(lookup, row);
    if constexpr (IsSymmetric) return _mm512_fmadd_ps(codes, params.scale, params.zero);
    return _mm512_mul_ps(_mm512_sub_ps(codes, params.zero), params.scale);
}

#pragma GCC diagnostic pop

}  // namespace halftone::native

#endif
