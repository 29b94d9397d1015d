#pragma once
// MovingOp: base of operators that move or select elements and never compute with them. They run on codes as on real
// numbers when both sides have the same quantization parameters. CopyingOp: base of those that give a whole input.

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

class MovingOp : public RefOp {
public:
    [[nodiscard]] Support supports(const KernelRequest& request) const override;
};

/// An operator that gives its only input as it is.
class CopyingOp : public MovingOp {
public:
    [[nodiscard]] std::vector<TensorType> infer(const OpContext& op) const override;
    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override;
};

}  // namespace halftone::ref
