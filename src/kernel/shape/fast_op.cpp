#include "kernel/shape/fast_op.hpp"

namespace halftone {

Support FastOp::supports(const KernelRequest& request) const {
    if (Support support = ref::rule_accepts(request, seen_as()); !support.is_supported) return support;
    if (request.inputs.empty()) return Support::no("all inputs are constants");
    return accepts(request);
}

}  // namespace halftone
