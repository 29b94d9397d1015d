#include "exec/kernel_selection.hpp"

namespace halftone {

SelectedKernel select_kernel(const KernelRequest& request, Backend backend, const KernelChoices& wanted) {
    if (const auto named = wanted.find(request.node->name); named != wanted.end() && backend != Backend::ref) {
        if (const auto kernel = find_kernel(request, named->second)) {
            return {.op = kernel->op, .backend = kernel->backend, .implementation = kernel->implementation};
        }
    }
    // Fast backends come first and refuse what they do not have; plain loops (ref) have every operator.
    std::string why;
    for (const Backend each : backends_in_order(backend)) {
        const Op* op = find_op(each, request.node->op);
        if (!op) continue;
        const Support support = op->supports(request);
        if (support.is_supported) return {.op = op, .backend = each};
        why += (why.empty() ? "" : "; ") + support.why;
    }
    return {.why = why.empty() ? "no kernel for this operator" : why};
}

}  // namespace halftone
