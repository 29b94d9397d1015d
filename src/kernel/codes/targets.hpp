#pragma once
// Attributes of functions that use the instructions of one instruction set, whatever the compiler's flags say. The
// caller must have asked kernel/ops/machine.hpp whether the machine has them.

#define HALFTONE_INLINE inline __attribute__((always_inline))

#ifdef __x86_64__
#define HALFTONE_AVX2 __attribute__((target("avx2")))
// Fused multiplication and addition, which every processor with AVX2 has. The compiler fuses nothing by itself
// (-ffp-contract=off): a kernel says where.
#define HALFTONE_FMA __attribute__((target("avx2,fma")))
#define HALFTONE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
// The same with FMA, for loops that the compiler vectorises: without the last word GCC may stay with 256 bits. Clang
// does not know that word, and would leave out the whole attribute.
#ifdef __clang__
#define HALFTONE_AVX512_FMA __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#else
#define HALFTONE_AVX512_FMA \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")))
#endif
#define HALFTONE_AVX512_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
#define HALFTONE_AVX512_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define HALFTONE_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

#define HALFTONE_AVX2_INLINE HALFTONE_AVX2 HALFTONE_INLINE
#define HALFTONE_AVX512_INLINE HALFTONE_AVX512 HALFTONE_INLINE
#define HALFTONE_AVX512_VNNI_INLINE HALFTONE_AVX512_VNNI HALFTONE_INLINE
#endif
