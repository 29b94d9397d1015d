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

namespace halftone::native {
namespace {

struct Extremes {
    float low = 0;  ///< never above 0: the range holds 0, whatever the values are
    float high = 0;
};

/// Sixteen running extremes side by side, so that the compiler uses vector instructions: it may not reorder one. NaN
/// fails both comparisons and counts for nothing, as in the reference.
HALFTONE_INLINE Extremes find_extremes(const float* x, std::size_t n) {
    constexpr std::size_t kLanes = 16;
    std::array<float, kLanes> low{};
    std::array<float, kLanes> high{};
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            low[lane] = x[i + lane] < low[lane] ? x[i + lane] : low[lane];
            high[lane] = x[i + lane] > high[lane] ? x[i + lane] : high[lane];
        }
    }
    for (; i < n; ++i) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
    }
    return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
}

Extremes find_extremes_anywhere(const float* x, std::size_t n) { return find_extremes(x, n); }
#ifdef __x86_64__
HALFTONE_AVX2 Extremes find_extremes_avx2(const float* x, std::size_t n) { return find_extremes(x, n); }
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
