#pragma once
// MovingOp: base of operators that move or select elements and never compute with them. They run on codes as on real
// numbers when both sides have the same quantization parameters.

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

class MovingOp : public RefOp {
public:
    [[nodiscard]] Support supports(const KernelRequest& request) const override;
};

}  // namespace halftone::ref
