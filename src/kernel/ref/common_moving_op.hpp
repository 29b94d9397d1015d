#pragma once
// MovingOp: base of operators that move or select elements and never compute with them. They run on codes as on real
// numbers when both sides have the same quantization parameters.

#include "kernel/ref/common_numbers.hpp"
#include "kernel/ref/common_rules.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone::ref {

class MovingOp : public RefOp {
public:
    [[nodiscard]] Support supports(const KernelRequest& request) const override;
};

}  // namespace halftone::ref
