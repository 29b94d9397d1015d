#include "kernel/dnnl/lib/clamp_values.hpp"

#include "tensor/simd_clones.hpp"

namespace halftone::onednn {
namespace {

inline float clamped(float v, Clamp clamp) {
    v = v < clamp.low ? clamp.low : v;
    return v > clamp.high ? clamp.high : v;
}

}  // namespace

HALFTONE_SIMD_CLONES void clamp_values(const float* x, std::size_t n, Clamp clamp, float* y) {
#pragma GCC ivdep  // y is either x itself or does not overlap it, so no iteration reads what another wrote
    for (std::size_t i = 0; i < n; ++i) y[i] = clamped(x[i], clamp);
}

}  // namespace halftone::onednn
