// Activations over a run of elements, one struct for each. They are compiled for the base instruction set, for AVX2
// with FMA and for AVX-512; every loop has no branch, so that it vectorises. Each test for a bound is written so that
// NaN fails it and passes through. Sources: ONNX operators HardSwish, LeakyRelu, Sigmoid, Swish, Tanh and Clip.
#include "kernel/native/lib/row_functions.hpp"

#include <string_view>

#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/exponentials.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

template <bool Fused>
struct HardSwishOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& /*e*/, float x) const {
        float gate = x * (1.0F / 6.0F) + 0.5F;
        gate = gate < 0.0F ? 0.0F : gate;
        gate = gate > 1.0F ? 1.0F : gate;
        return x * gate;
    }
};
template <bool Fused>
struct LeakyOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& e, float x) const { return x < 0.0F ? e.alpha * x : x; }
};
template <bool Fused>
struct LogisticOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& /*e*/, float x) const { return logistic<Fused>(x); }
};
template <bool Fused>
struct SwishOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& e, float x) const { return x * logistic<Fused>(e.alpha * x); }
};
template <bool Fused>
struct TangentOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& /*e*/, float x) const { return hyperbolic_tangent<Fused>(x); }
};
template <bool Fused>
struct ClampOf {
    HALFTONE_INLINE float operator()(const RowEpilogue& e, float x) const {
        const float v = x < e.clamp.low ? e.clamp.low : x;
        return v > e.clamp.high ? e.clamp.high : v;
    }
};

template <class Of>
HALFTONE_INLINE void each_of_row(const RowEpilogue& given, float* y, std::int64_t count) {
    const RowEpilogue e = given;  // a local copy, which no store to y can change
    for (std::int64_t i = 0; i < count; ++i) y[i] = Of{}(e, y[i]);
}

template <template <bool> class Of>
void row_base(const RowEpilogue& e, float* y, std::int64_t count) {
    each_of_row<Of<false>>(e, y, count);
}

#ifdef __x86_64__
template <template <bool> class Of>
HALFTONE_FMA void row_fma(const RowEpilogue& e, float* y, std::int64_t count) {
    each_of_row<Of<true>>(e, y, count);
}
template <template <bool> class Of>
HALFTONE_AVX512_FMA void row_avx512(const RowEpilogue& e, float* y, std::int64_t count) {
    each_of_row<Of<true>>(e, y, count);
}
#endif

template <template <bool> class Of>
RowFunction row_function() {
#ifdef __x86_64__
    if (has_avx512()) return row_avx512<Of>;
    if (has_avx2()) return row_fma<Of>;
#endif
    return row_base<Of>;
}

RowFunction row_function_named(std::string_view op) {
    if (op == "HardSwish") return row_function<HardSwishOf>();
    if (op == "LeakyRelu") return row_function<LeakyOf>();
    if (op == "Sigmoid") return row_function<LogisticOf>();
    if (op == "Swish") return row_function<SwishOf>();
    if (op == "Tanh") return row_function<TangentOf>();
    return nullptr;
}

}  // namespace

bool has_row_function(const Node* activation) {
    return activation == nullptr || row_function_named(activation->op) != nullptr;
}

RowEpilogue row_epilogue(const Epilogue& epilogue) {
    RowEpilogue row{.clamp = epilogue.clamp};
    if (epilogue.activation != nullptr) {
        row.activation = row_function_named(epilogue.activation->op);
        // ONNX's defaults of the two operators that have the attribute; the others ignore it.
        row.alpha = float_attribute(*epilogue.activation, "alpha", epilogue.activation->op == "Swish" ? 1.0F : 0.01F);
    }
    if (!epilogue.clamp.is_identity()) row.clamping = row_function<ClampOf>();
    return row;
}

}  // namespace halftone::native
