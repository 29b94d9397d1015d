// bind_shapes makes every shape that the model computes (Shape, Size and what follows from them) a constant for the
// session's batch size.
#include "exec/passes/passes.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {

std::optional<Graph> bind_shapes(const Graph& graph, const ExecPassContext& context) {
    // First of all passes: the others look for patterns of static shapes, and no kernel can take a computed one.
    return specialise(graph, context.ops, context.batch, context.taps);
}

}  // namespace halftone
