#pragma once
// HALFTONE_SIMD_CLONES before a function: the compiler builds it for AVX2 and for the base ISA and the loader picks
// one. Only for loops whose result cannot depend on the ISA: no sums of floats, and contraction is off everywhere.
// Sanitizers instrument before their run-time is ready for the resolvers, so they get the base ISA only.

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HALFTONE_SIMD_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define HALFTONE_SIMD_CLONES
#endif
