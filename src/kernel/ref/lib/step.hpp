#pragma once
// Primitives of the reference operators: plain layouts, no packing. FusedStep is the part that Conv, Gemm and Add
// share: residual, clamp and quantization of a real-valued result.

#include <optional>
#include <vector>

#include "kernel/ops/op.hpp"

namespace halftone::ref {

class RefPrimitive : public Primitive {
public:
    explicit RefPrimitive(const KernelRequest& request);
    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_[i]; }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return outputs_[i]; }
    [[nodiscard]] std::string implementation() const override { return "ref"; }

private:
    std::vector<Layout> inputs_;
    std::vector<Layout> outputs_;
};

/// y = clamp(activation(compute(…) [+ residual])), then quantized if the output has parameters.
class FusedStep : public RefPrimitive {
public:
    explicit FusedStep(const KernelRequest& request);
    [[nodiscard]] std::size_t scratch_bytes() const override;
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) final;

protected:
    /// Fills `values` with the real-valued result of the operator alone. `inputs` has the residual, too, last.
    virtual void compute(std::span<const std::byte* const> inputs, std::span<float> values) const = 0;

private:
    void activate(std::span<float> values) const;

    std::optional<QuantParams> output_params_;
    std::optional<Node> activation_;
    Clamp clamp_;
    bool has_residual_;
};

/// What FusedStep needs of a request: one output, f32 or 8-bit with per-tensor parameters; an f32 residual of the
/// output's shape; an activation that is a known operator.
[[nodiscard]] Support fused_step_accepts(const KernelRequest& request);

}  // namespace halftone::ref
