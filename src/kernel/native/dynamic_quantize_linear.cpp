// uint8 codes of a tensor whose range is found when it runs, with the scale and the zero point as outputs: one pass for
// the extremes, one for the codes, both by all threads. Bit for bit the reference's. Source: ONNX operator
// DynamicQuantizeLinear, opset 11; kernel/ref/dynamic_quantize_linear.cpp has the formula.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace halftone::native {
namespace {

struct Extremes {
    float low = 0;  ///< never above 0: the range holds 0, whatever the values are
    float high = 0;
};

/// NaN fails both comparisons and counts for nothing, as in the reference.
Extremes find_extremes_anywhere(const float* x, std::size_t n) {
    Extremes found;
    for (std::size_t i = 0; i < n; ++i) {
        found.low = x[i] < found.low ? x[i] : found.low;
        found.high = x[i] > found.high ? x[i] : found.high;
    }
    return found;
}

#ifdef __x86_64__
/// Sixteen running extremes side by side, because the compiler may not change the order of the loop above. The
/// instructions give their second operand where the first is NaN, so the comparisons are the same.
HALFTONE_AVX2 Extremes find_extremes_avx2(const float* x, std::size_t n) {
    constexpr std::size_t kLanes = 8;
    __m256 low = _mm256_setzero_ps();
    __m256 low2 = low;
    __m256 high = low;
    __m256 high2 = low;
    std::size_t i = 0;
    for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
        const __m256 a = _mm256_loadu_ps(x + i);
        const __m256 b = _mm256_loadu_ps(x + i + kLanes);
        low = _mm256_min_ps(a, low);
        low2 = _mm256_min_ps(b, low2);
        high = _mm256_max_ps(a, high);
        high2 = _mm256_max_ps(b, high2);
    }
    std::array<float, kLanes> lows{};
    std::array<float, kLanes> highs{};
    _mm256_storeu_ps(lows.data(), _mm256_min_ps(low, low2));
    _mm256_storeu_ps(highs.data(), _mm256_max_ps(high, high2));
    Extremes found = find_extremes_anywhere(x + i, n - i);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        found = {std::min(found.low, lows[lane]), std::max(found.high, highs[lane])};
    }
    return found;
}
#endif

using FindExtremes = Extremes (*)(const float*, std::size_t);
FindExtremes choose_find_extremes() {
#ifdef __x86_64__
    if (has_avx2()) return find_extremes_avx2;
#endif
    return find_extremes_anywhere;
}

class DynamicQuantizeStep final : public Primitive {
public:
    DynamicQuantizeStep(const KernelRequest& request, const Layout& input)
        : input_(input),
          outputs_{with_dtype(input, DType::u8), Layout(request.outputs[1].type), Layout(request.outputs[2].type)},
          elements_(static_cast<std::size_t>(request.inputs[0].type.shape.elements())),
          parts_((elements_ + codes::kChunk - 1) / codes::kChunk),
          find_extremes_(choose_find_extremes()) {}

    [[nodiscard]] const Layout& input_layout(std::size_t /*i*/) const override { return input_; }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return outputs_.at(i); }
    [[nodiscard]] std::string implementation() const override { return codes::codes_implementation(); }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* /*scratch*/) override {
        apply_kernel_threads();
        const auto* x = reinterpret_cast<const float*>(inputs[0]);
        codes::in_chunks(elements_, [&](std::size_t first, std::size_t last) {
            parts_[first / codes::kChunk] = find_extremes_(x + first, last - first);
        });
        Extremes all;
        for (const Extremes& part : parts_) all = {std::min(all.low, part.low), std::max(all.high, part.high)};
        const float width = (all.high - all.low) / 255.0F;
        codes::CodesResult result;                // uint8, not clamped: the preset
        result.scale = width > 0 ? width : 1.0F;  // a tensor of zeros has codes of 0, as in ONNX Runtime
        result.zero_point =
            static_cast<std::int32_t>(std::nearbyint(std::clamp(-all.low / result.scale, 0.0F, 255.0F)));
        codes::quantize_codes(x, elements_, result, outputs[0]);
        std::memcpy(outputs[1], &result.scale, sizeof result.scale);
        outputs[2][0] = static_cast<std::byte>(result.zero_point);
    }

private:
    Layout input_;
    std::array<Layout, 3> outputs_;
    std::size_t elements_;
    std::vector<Extremes> parts_;  ///< of the chunks that threads take, so that who takes one changes nothing
    FindExtremes find_extremes_;
};

class DynamicQuantizeLinearOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.inputs.size() != 1 || request.is_fused() || request.inputs[0].params)
            return Support::no("the operator fuses nothing");
        return Support::yes();
    }

    // Codes, scale and zero point are outputs of their own: nothing stands for real values here.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return std::make_unique<DynamicQuantizeStep>(request,
                                                     dense_layout(request.inputs[0].type, context.available, 0));
    }
};

}  // namespace

const FastOp& dynamic_quantize_linear_op() {
    static const DynamicQuantizeLinearOp op;
    return op;
}

}  // namespace halftone::native
