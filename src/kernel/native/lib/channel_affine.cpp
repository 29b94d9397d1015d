// One pass over the tensor, as fast as memory gives it. Channels are innermost (rows of channels), or each plane has
// one.
#include "kernel/native/lib/channel_affine.hpp"

#include "kernel/codes/parallel.hpp"
#include "kernel/native/lib/exponentials.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

/// The mean is taken away first, as the operator says: folded into the shift it would cost digits where it is large.
/// Both comparisons are false for NaN, which so passes.
template <bool Fused>
HALFTONE_INLINE float affine_value(float x, float mean, float factor, float shift, const Clamp& clamp) {
    const float v = multiply_add<Fused>(x - mean, factor, shift);
    const float low = v < clamp.low ? clamp.low : v;
    return low > clamp.high ? clamp.high : low;
}

template <bool Fused>
HALFTONE_INLINE void affine_rows(const ChannelAffine& a, std::int64_t first, std::int64_t last, const float* x,
                                 float* y) {
    const auto channels = static_cast<std::int64_t>(a.means.size());
    const Clamp clamp = a.clamp;  // a local copy, which no store to y can change
    const float* const means = a.means.data();
    const float* const factors = a.factors.data();
    const float* const shifts = a.shifts.data();
    for (std::int64_t row = first; row < last; ++row) {
        if (a.plane == 0) {
            const float* from = x + row * channels;
            float* to = y + row * channels;
#pragma GCC ivdep
            for (std::int64_t c = 0; c < channels; ++c)
                to[c] = affine_value<Fused>(from[c], means[c], factors[c], shifts[c], clamp);
            continue;
        }
        const float* from = x + row * a.plane;
        float* to = y + row * a.plane;
        const std::int64_t c = row % channels;
        const float mean = means[c];
        const float factor = factors[c];
        const float shift = shifts[c];
#pragma GCC ivdep
        for (std::int64_t i = 0; i < a.plane; ++i) to[i] = affine_value<Fused>(from[i], mean, factor, shift, clamp);
    }
}

void affine_rows_base(const ChannelAffine& a, std::int64_t first, std::int64_t last, const float* x, float* y) {
    affine_rows<false>(a, first, last, x, y);
}

#ifdef __x86_64__
HALFTONE_FMA void affine_rows_avx2(const ChannelAffine& a, std::int64_t first, std::int64_t last, const float* x,
                                   float* y) {
    affine_rows<true>(a, first, last, x, y);
}
#endif

using AffineRows = void (*)(const ChannelAffine&, std::int64_t, std::int64_t, const float*, float*);

AffineRows affine_loop() {
#ifdef __x86_64__
    if (has_avx2()) return affine_rows_avx2;
#endif
    return affine_rows_base;
}

}  // namespace

void run_channel_affine(const ChannelAffine& a, const float* x, float* y) {
    const std::size_t row = a.plane == 0 ? a.means.size() : static_cast<std::size_t>(a.plane);
    codes::in_rows(static_cast<std::size_t>(a.rows), row,
                   [&, loop = affine_loop()](std::size_t first, std::size_t last) {
                       loop(a, static_cast<std::int64_t>(first), static_cast<std::int64_t>(last), x, y);
                   });
}

}  // namespace halftone::native
