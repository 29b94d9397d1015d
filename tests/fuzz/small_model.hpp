#pragma once
// The model that plans and rules are applied to: two units, "/0/conv" (with a Relu) and "/1/gemm".

#include "exec/prepared_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::fuzz {

inline PreparedModel make_small_model() {
    test::GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId conv = g.conv("/0/conv", x, test::random_tensor({2, 2, 3, 3}, 1), test::random_tensor({2}, 2));
    const ValueId relu = g.node("Relu", "/0/relu", {conv}, {}, "/0/relu_out");
    const ValueId flat = g.node("Flatten", "flat", {relu});
    const ValueId y = g.gemm("/1/gemm", flat, test::random_tensor({8, 3}, 3), test::random_tensor({3}, 4));
    PreparedModel model;
    model.graph = infer_types(g.build({y}), reference_ops());
    model.units = find_units(model.graph);
    return model;
}

}  // namespace halftone::fuzz
