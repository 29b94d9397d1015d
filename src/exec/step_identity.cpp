#include "exec/step_identity.hpp"

#include <algorithm>

#include "kernel/ops/request_fields.hpp"

namespace halftone {
namespace {

bool is_same_input(const StepInput& a, const StepInput& b, const SameProducer& is_same_producer) {
    const bool is_made = a.producer != StepInput::kNone && b.producer != StepInput::kNone;
    if (is_made) return a.output == b.output && is_same_producer(a.producer, b.producer);
    return a.producer == b.producer && a.graph_input == b.graph_input && is_same(a.constant, b.constant);
}

}  // namespace

StepIdentity::StepIdentity(const KernelRequest* given) {
    if (given == nullptr) return;
    // The graph is gone when sessions are compared, so the nodes are copied. Tensors are shared, not copied.
    node = *given->node;
    request = *given;
    request->node = &node;
    if (given->epilogue.activation == nullptr) return;
    activation = *given->epilogue.activation;
    request->epilogue.activation = &activation;
}

bool computes_same(const StepIdentity& a, const StepIdentity& b, const SameProducer& is_same_producer) {
    if (a.implementation != b.implementation || a.output_layouts != b.output_layouts) return false;
    if (a.request.has_value() != b.request.has_value()) return false;
    // Inputs first: they are cheap to compare, weights are not.
    const bool has_same_inputs =
        std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(),
                   [&](const StepInput& x, const StepInput& y) { return is_same_input(x, y, is_same_producer); });
    return has_same_inputs && (!a.request || is_same(*a.request, *b.request));
}

}  // namespace halftone
