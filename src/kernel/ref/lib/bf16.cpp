#include "kernel/ref/lib/bf16.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace halftone::ref {
namespace {

/// The fp32 step with its inputs rounded into scratch memory before it and its output rounded in place behind it. The
/// products of two bf16 numbers are exact in fp32 (8 + 8 bits of significand), so this is what bf16 hardware computes,
/// up to the order of the sum.
class RoundedStep final : public Primitive {
public:
    RoundedStep(std::unique_ptr<Primitive> real, std::size_t inputs) : real_(std::move(real)) {
        for (std::size_t i = 0; i < inputs; ++i) {
            offsets_.push_back(scratch_);
            // Each rounded copy begins at a multiple of 64 bytes, as every buffer of a step does.
            scratch_ += (real_->input_layout(i).bytes() + 63) / 64 * 64;
        }
    }
    const Layout& input_layout(std::size_t i) const override { return real_->input_layout(i); }
    const Layout& output_layout(std::size_t i) const override { return real_->output_layout(i); }
    std::size_t scratch_bytes() const override { return scratch_ + real_->scratch_bytes(); }
    std::string implementation() const override { return real_->implementation() + ":bf16"; }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        std::vector<const std::byte*> rounded;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            round(inputs[i], scratch + offsets_[i], real_->input_layout(i).bytes());
            rounded.push_back(scratch + offsets_[i]);
        }
        real_->execute(rounded, outputs, scratch + scratch_);
        round(outputs[0], outputs[0], real_->output_layout(0).bytes());
    }

private:
    static void round(const std::byte* from, std::byte* to, std::size_t bytes) {
        const auto* values = reinterpret_cast<const float*>(from);
        auto* results = reinterpret_cast<float*>(to);
        for (std::size_t i = 0; i < bytes / sizeof(float); ++i) results[i] = rounded_to_bf16(values[i]);
    }

    std::unique_ptr<Primitive> real_;
    std::vector<std::size_t> offsets_;  ///< of the rounded inputs in the scratch memory
    std::size_t scratch_ = 0;
};

}  // namespace

float rounded_to_bf16(float value) {
    if (!std::isfinite(value)) return value;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t half = 0x7fffU + ((bits >> 16U) & 1U);
    return std::bit_cast<float>((bits + half) & 0xffff0000U);
}

std::unique_ptr<Primitive> with_rounding(const KernelRequest& request,
                                         const std::function<std::unique_ptr<Primitive>(const KernelRequest&)>& build) {
    KernelRequest real = request;
    real.is_bf16 = false;
    real.weight.values = request.weight.values.clone();
    for (float& w : real.weight.values.mutable_view().as<float>()) w = rounded_to_bf16(w);
    return std::make_unique<RoundedStep>(build(real), request.inputs.size());
}

}  // namespace halftone::ref
