#pragma once
// What Conv, Gemm and MatMul share as steps: constant weights and bias, f32 or codes.

#include "kernel/ref/lib/step.hpp"
#include "kernel/shape/request_context.hpp"

namespace halftone::ref {

class WeightedStep : public FusedStep {
public:
    explicit WeightedStep(const KernelRequest& request);

protected:
    [[nodiscard]] bool is_quantized() const { return is_quantized_; }
    [[nodiscard]] std::int32_t zero_point() const { return zero_point_; }
    /// Input scale * weight scale, as float: one, or one for each output channel.
    [[nodiscard]] std::span<const float> scales() const { return scales_; }
    [[nodiscard]] const Tensor& weight() const { return weight_; }
    [[nodiscard]] bool has_bias() const { return !bias_.is_empty(); }
    [[nodiscard]] const Tensor& bias() const { return bias_; }
    [[nodiscard]] std::span<const float> real_bias() const { return bias_.as<float>(); }
    [[nodiscard]] std::span<const std::int32_t> int_bias() const {
        return has_bias() ? bias_.as<std::int32_t>() : std::span<const std::int32_t>{};
    }

private:
    bool is_quantized_;
    std::int32_t zero_point_ = 0;
    std::vector<float> scales_;
    Tensor weight_;
    Tensor bias_;
};

/// Everything but the operator's own limits: dtypes of input, weight and bias, parameters, output, residual, and the
/// shape rule. `channels` is the number of output channels.
[[nodiscard]] Support weighted_step_accepts(const KernelRequest& request, std::int64_t channels);

}  // namespace halftone::ref
