#pragma once
// Base of the operators of dnnl and native: the shape rule of the reference operator is asked first.

#include "kernel/ops/op.hpp"
#include "kernel/shape/request_context.hpp"

namespace halftone {

class FastOp : public Op {
public:
    /// What the operator's shape rule (kernel/ref) refuses, then what this implementation does not do.
    [[nodiscard]] Support supports(const KernelRequest& request) const final;

protected:
    /// @pre the shape rule accepted the request
    [[nodiscard]] virtual Support accepts(const KernelRequest& request) const = 0;
    /// How the shape rule is to see codes; as they are stored only where the op makes or takes codes itself.
    [[nodiscard]] virtual ref::SeenAs seen_as() const { return ref::SeenAs::real; }
};

}  // namespace halftone
