#include <omp.h>

#include <array>
#include <atomic>

#include "base/check.hpp"
#include "base/process.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/threads.hpp"

namespace halftone {
namespace {

// Primitives of a tuner: layers x {fp32, int8 with and without zero points} x batch shapes; the default is 1024.
constexpr int kPrimitiveCacheCapacity = 8192;

// dnnl_cpu_isa_t is a bit set; these two bits are the u8 x s8 dot products that accumulate in 32 bits.
constexpr unsigned kAvx2Bit = 0x4;
constexpr unsigned kAvxVnniBit = 0x8;
constexpr unsigned kAvx512VnniBit = 0x40;
constexpr unsigned kAvx512Bit = 0x20;
constexpr unsigned kAvx512Bf16Bit = 0x80;
constexpr unsigned kAmxBit = 0x200;

constexpr std::array<std::pair<dnnl::cpu_isa, const char*>, 12> kIsaNames{{
    {dnnl::cpu_isa::sse41, "sse41"},
    {dnnl::cpu_isa::avx, "avx"},
    {dnnl::cpu_isa::avx2, "avx2"},
    {dnnl::cpu_isa::avx2_vnni, "avx2_vnni"},
    {dnnl::cpu_isa::avx2_vnni_2, "avx2_vnni_2"},
    {dnnl::cpu_isa::avx512_core, "avx512_core"},
    {dnnl::cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
    {dnnl::cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
    {dnnl::cpu_isa::avx512_core_fp16, "avx512_core_fp16"},
    {dnnl::cpu_isa::avx512_core_amx, "avx512_core_amx"},
    {dnnl::cpu_isa::avx512_core_amx_fp16, "avx512_core_amx_fp16"},
    {dnnl::cpu_isa::isa_default, "generic"},
}};

// The one setting of a process that kernels share; see machine.hpp.
std::atomic<int> threads_of_kernels{1};

unsigned isa_bits() { return static_cast<unsigned>(dnnl::get_effective_cpu_isa()); }

}  // namespace

std::string isa_name() {
    const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    for (const auto& [known, name] : kIsaNames) {
        if (known == isa) return name;
    }
    return "isa_" + std::to_string(isa_bits());  // newer than this file; still equal on equal machines
}

// AVX2's and AVX-512's vpmaddubsw adds two products in 16 bits and saturates: 255 * 127 * 2 does not fit. VNNI's
// vpdpbusd adds four products in 32 bits, which is exact.
bool has_exact_int8() { return (isa_bits() & (kAvxVnniBit | kAvx512VnniBit)) != 0; }

bool has_avx2() { return (isa_bits() & kAvx2Bit) != 0; }

bool has_avx512() { return (isa_bits() & kAvx512Bit) != 0; }

bool has_avx512_vnni() { return (isa_bits() & kAvx512VnniBit) != 0; }

#ifdef __x86_64__
bool has_avx512_vbmi() { return has_avx512() && __builtin_cpu_supports("avx512vbmi") != 0; }
#else
bool has_avx512_vbmi() { return false; }
#endif

bool has_bf16() { return (isa_bits() & kAvx512Bf16Bit) != 0; }

// Registers have the same width for all types, and an instruction is taken to have the same throughput; so the bound is
// the ratio of multiply-adds to instructions.
//   fp32       vfmadd: one multiply-add in each lane of 32 bits, by one instruction
//   VNNI       vpdpbusd: four, by one instruction                                                     -> 4
//   AVX2, AVX-512 without it   vpmaddubsw, vpmaddwd, vpaddd: four, by three instructions              -> 4/3
//   AVX-512 BF16  vdpbf16ps: two, by one instruction                                                  -> 2
//   AMX        tdpbusd: 16 x 16 x 64 in 16 cycles, where two vfmadd of 512 bits make 32 in a cycle    -> 32; bf16: half
// Source: Intel 64 and IA-32 Architectures Optimization Reference Manual, chapters on VNNI and AMX.
ProductBounds product_bounds() {
    const bool has_amx = (isa_bits() & kAmxBit) != 0;
    ProductBounds bounds;
    if (has_amx)
        bounds.int8 = 32;
    else if (has_exact_int8())
        bounds.int8 = 4;
    else if (has_avx2())
        bounds.int8 = 4.0 / 3.0;
    if (has_bf16()) bounds.bf16 = has_amx ? 16 : 2;
    return bounds;
}

std::string onednn_version() {
    const dnnl_version_t& version = *dnnl_version();
    return std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' + std::to_string(version.patch);
}

void set_kernel_threads(int threads) {
    HALFTONE_CHECK(threads >= 1, "kernels need at least one thread");
    threads_of_kernels = threads;
}

int kernel_threads() { return threads_of_kernels; }

void apply_kernel_threads() {
    // omp_set_num_threads is a setting of the calling thread, so each thread remembers what it has set.
    thread_local int applied = 0;
    const int wanted = threads_of_kernels;
    if (applied == wanted) return;
    omp_set_num_threads(wanted);
    applied = wanted;
}

namespace onednn {

const dnnl::engine& cpu_engine() {
    static const dnnl::engine engine = [] {
        // oneDNN reads this variable itself: a user's own choice wins.
        if (!environment("ONEDNN_PRIMITIVE_CACHE_CAPACITY")) {
            dnnl::set_primitive_cache_capacity(kPrimitiveCacheCapacity);
        }
        return dnnl::engine(dnnl::engine::kind::cpu, 0);
    }();
    return engine;
}

}  // namespace onednn
}  // namespace halftone
