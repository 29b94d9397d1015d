#include "kernel/shape/fast_op.hpp"

namespace halftone {

Support FastOp::supports(const KernelRequest& request) const {
    // The reference's rule comes first, so that wrong ranks, types and attributes have one message in all backends, and
    // a fast operator may rely on a valid node.
    if (Support support = ref::rule_accepts(request, seen_as()); !support.is_supported) return support;
    // A node of constants only is folded when the graph is loaded; what is left of them is not worth a kernel.
    if (request.inputs.empty()) return Support::no("all inputs are constants");
    return accepts(request);
}

}  // namespace halftone
