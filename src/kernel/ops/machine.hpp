#pragma once
// What this machine's kernels are: instruction set in effect, library version, threads.

#include <string>

namespace halftone {

/// Effective instruction set in oneDNN's words, lower case ("avx512_core_vnni", "avx2"); obeys ONEDNN_MAX_CPU_ISA.
[[nodiscard]] std::string isa_name();
/// u8 x s8 dot products are exact (VNNI); without it oneDNN's int8 saturates at 16 bits and is not used.
[[nodiscard]] bool has_exact_int8();
/// 256-bit registers for integers (AVX2); obeys ONEDNN_MAX_CPU_ISA.
[[nodiscard]] bool has_avx2();
/// 512-bit registers for bytes to doubles (AVX-512 F, BW, DQ, VL); obeys ONEDNN_MAX_CPU_ISA.
[[nodiscard]] bool has_avx512();
/// 512-bit registers with u8 x s8 dot products; obeys ONEDNN_MAX_CPU_ISA.
[[nodiscard]] bool has_avx512_vnni();
/// AVX-512 with permutations of bytes (VBMI); obeys ONEDNN_MAX_CPU_ISA as for AVX-512.
[[nodiscard]] bool has_avx512_vbmi();
/// bf16 dot products (AVX-512 BF16); obeys ONEDNN_MAX_CPU_ISA.
[[nodiscard]] bool has_bf16();
/// How many times more multiply-adds a core makes in a cycle with codes, or with bf16, than with fp32. The instruction
/// set alone decides it, so it bounds what a step of products can gain, in any program; see machine.cpp for the
/// instructions. Obeys ONEDNN_MAX_CPU_ISA.
struct ProductBounds {
    double int8 = 1;
    double bf16 = 1;  ///< 1 where bf16 is computed as fp32
};
[[nodiscard]] ProductBounds product_bounds();
[[nodiscard]] std::string onednn_version();
/// Threads of all kernels of this process from now on. @pre threads >= 1
void set_kernel_threads(int threads);
/// Makes set_kernel_threads() hold for the calling thread; OpenMP keeps that number per thread.
void apply_kernel_threads();

}  // namespace halftone
