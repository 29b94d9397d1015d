#pragma once
// A small net on rows of 8 numbers, and the check that a pass makes one operator of all its nodes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/exec_passes.hpp"
#include "support/graph_helpers.hpp"
#include "support/interpreter.hpp"

namespace halftone {

using test::apply_pass;
using test::GraphMaker;
using test::op_sequence;
using test::random_tensor;
using ::testing::FloatNear;
using ::testing::Pointwise;

class FusePatternsNet : public GraphMaker {
public:
    ValueId x = input("x", {kSymbolic, 3, 8});

    ValueId number(float value) { return constant("c" + std::to_string(next_++), Tensor::scalar(value)); }
    ValueId row(std::uint64_t seed) {
        return constant("row" + std::to_string(seed), random_tensor({8}, seed, 0.5F, 2));
    }

    ValueId silu(ValueId from) { return node("Mul", "silu", {node("Sigmoid", "sig", {from}), from}); }
    ValueId gelu(ValueId from, bool half_first) {
        const ValueId erf = node("Erf", "erf", {node("Div", "div", {from, number(std::sqrt(2.0F))})});
        const ValueId one = node("Add", "one", {number(1.0F), erf});
        if (half_first) return node("Mul", "gelu", {node("Mul", "half", {from, number(0.5F)}), one});
        return node("Mul", "gelu", {node("Mul", "m", {from, one}), number(0.5F)});
    }
    ValueId layer_norm(ValueId from, bool squares_by_pow) {
        const Attributes last{{"axes", std::vector<std::int64_t>{-1}}};
        centred = node("Sub", "sub", {from, node("ReduceMean", "mean", {from}, last)});
        const ValueId squares = squares_by_pow ? node("Pow", "squares", {centred, number(2.0F)})
                                               : node("Mul", "squares", {centred, centred});
        const ValueId variance = node("ReduceMean", "variance", {squares}, last);
        const ValueId root = node("Sqrt", "root", {node("Add", "eps", {variance, number(1e-5F)})});
        const ValueId scaled = node("Mul", "scale", {node("Div", "quotient", {centred, root}), row(1)});
        return node("Add", "shift", {row(2), scaled});
    }
    /// 0.5 * x * (1 + tanh(0.79788 * (x + 0.044715 * x^3))), as PyTorch (a power) and JAX (products) write it.
    ValueId tanh_gelu(ValueId from, bool cubes_by_pow) {
        const ValueId cube = cubes_by_pow ? node("Pow", "cube", {from, number(3.0F)})
                                          : node("Mul", "cube", {node("Mul", "square", {from, from}), from});
        const ValueId sum = node("Add", "sum", {from, node("Mul", "cubic", {cube, number(0.044715F)})});
        const ValueId tanh = node("Tanh", "tanh", {node("Mul", "root", {sum, number(0.7978845608F)})});
        const ValueId one = node("Add", "one", {tanh, number(1.0F)});
        if (cubes_by_pow) return node("Mul", "gelu", {node("Mul", "half", {from, number(0.5F)}), one});
        return node("Mul", "gelu", {from, node("Mul", "half", {number(0.5F), one})});
    }
    ValueId clipped_sum(ValueId from, float high = 6) {
        return node("Clip", "clip", {node("Add", "sum", {from, number(3.0F)}), number(0.0F), number(high)});
    }
    Graph typed(ValueId y) { return infer_types(build({y}), reference_ops()); }

    ValueId centred;

private:
    int next_ = 0;
};

inline std::vector<float> output_of(const Graph& graph) {
    Session session(graph, reference_ops(), {.batch = 2});
    const Tensor x = random_tensor({2, 3, 8}, 7, -3, 3);
    std::copy_n(x.view().data, x.bytes(), session.input(0).data);
    session.run();
    const auto y = session.output(0).as<float>();
    return {y.begin(), y.end()};
}

/// What the graph's own nodes give one after the other, by the reference operators.
inline std::vector<float> plain_output_of(const Graph& graph, const std::vector<Tensor>& inputs) {
    const std::vector<Tensor> outputs = test::interpret(graph, reference_ops(), inputs);
    const auto y = outputs.at(0).as<float>();
    return {y.begin(), y.end()};
}

/// The same with random values for the only input.
inline std::vector<float> plain_output_of(const Graph& graph) {
    return plain_output_of(graph, {random_tensor({2, 3, 8}, 7, -3, 3)});
}

/// All nodes become these operators, and the session gives what the plain operators of the nodes give.
inline void expect_fused(const Graph& graph, const std::string& ops, std::string_view pass = "fuse_patterns") {
    const auto fused = apply_pass(pass, graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), ops);
    EXPECT_EQ(fused->value(fused->outputs()[0]).name, graph.value(graph.outputs()[0]).name);
    EXPECT_THAT(output_of(graph), Pointwise(FloatNear(2e-6F), plain_output_of(graph)));
}

}  // namespace halftone
