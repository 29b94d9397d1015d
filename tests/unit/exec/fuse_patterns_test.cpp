// Which groups of nodes become one operator for execution, and which must stay as they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/exec_passes.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

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

std::vector<float> output_of(const Graph& graph) {
    Session session(graph, reference_ops(), {.batch = 2});
    const Tensor x = random_tensor({2, 3, 8}, 7, -3, 3);
    std::copy_n(x.view().data, x.bytes(), session.input(0).data);
    session.run();
    const auto y = session.output(0).as<float>();
    return {y.begin(), y.end()};
}

/// The values of the graph's own nodes, by the reference operators.
std::vector<float> plain_output_of(const Graph& graph) {
    std::map<ValueId, Tensor> values;
    for (std::size_t v = 0; v < graph.values().size(); ++v) {
        if (graph.values()[v].is_constant()) values[make_id<ValueId>(v)] = graph.values()[v].constant;
    }
    values[graph.inputs()[0]] = random_tensor({2, 3, 8}, 7, -3, 3);
    for (const Node& node : graph.nodes()) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> inputs;
        for (const ValueId id : node.inputs) {
            inputs.push_back(values.at(id));
            op.inputs.push_back(inputs.back().type());
            op.constants.push_back(&values.at(id));
        }
        values[node.outputs[0]] = reference_ops().evaluate(op, inputs)[0];
    }
    const auto y = values.at(graph.outputs()[0]).as<float>();
    return {y.begin(), y.end()};
}

void expect_fused(const Graph& graph, const std::string& ops) {
    const auto fused = apply_pass("fuse_patterns", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), ops);
    EXPECT_EQ(fused->value(fused->outputs()[0]).name, graph.value(graph.outputs()[0]).name);
    EXPECT_THAT(output_of(graph), Pointwise(FloatNear(2e-6F), plain_output_of(graph)));
}

TEST(FusePatterns, XTimesItsSigmoidIsSwish) {
    FusePatternsNet n;
    expect_fused(n.typed(n.silu(n.x)), "Swish");
}

TEST(FusePatterns, TheErfFormIsGeluWithTheHalfAtEitherEnd) {
    for (const bool half_first : {false, true}) {
        FusePatternsNet n;
        expect_fused(n.typed(n.gelu(n.x, half_first)), "Gelu");
    }
}

TEST(FusePatterns, TheTanhFormIsGeluWithPowersOrProducts) {
    FusePatternsNet power;
    expect_fused(power.typed(power.tanh_gelu(power.x, true)), "Gelu");
    FusePatternsNet product;
    const Graph graph = product.typed(product.tanh_gelu(product.x, false));
    expect_fused(graph, "Gelu");
}

TEST(FusePatterns, AClippedSumIsHardSigmoidOrHardSwish) {
    FusePatternsNet sigmoid;
    expect_fused(sigmoid.typed(sigmoid.node("Div", "d", {sigmoid.clipped_sum(sigmoid.x), sigmoid.number(6.0F)})),
                 "HardSigmoid");
    FusePatternsNet paddle;
    ValueId y = paddle.node("Mul", "m", {paddle.x, paddle.clipped_sum(paddle.x)});
    expect_fused(paddle.typed(paddle.node("Div", "d", {y, paddle.number(6.0F)})), "HardSwish");
    FusePatternsNet keras;
    y = keras.node("Mul", "s", {keras.number(1.0F / 6.0F), keras.clipped_sum(keras.x)});
    expect_fused(keras.typed(keras.node("Mul", "m", {y, keras.x})), "HardSwish");
    FusePatternsNet torch;
    y = torch.node("HardSigmoid", "h", {torch.x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    expect_fused(torch.typed(torch.node("Mul", "m", {torch.x, y})), "HardSwish");
}

TEST(FusePatterns, OtherHardFunctionsStay) {
    FusePatternsNet five;
    const ValueId y = five.node("Div", "d", {five.clipped_sum(five.x, 5), five.number(6.0F)});
    EXPECT_FALSE(apply_pass("fuse_patterns", five.typed(y)).has_value());
    FusePatternsNet slope;
    const ValueId h = slope.node("HardSigmoid", "h", {slope.x}, {{"alpha", 0.2F}});
    EXPECT_FALSE(apply_pass("fuse_patterns", slope.typed(slope.node("Mul", "m", {slope.x, h}))).has_value());
}

TEST(FusePatterns, TheDecomposedFormIsLayerNormalization) {
    for (const bool squares_by_pow : {false, true}) {
        FusePatternsNet n;
        expect_fused(n.typed(n.layer_norm(n.x, squares_by_pow)), "LayerNormalization");
    }
}

TEST(FusePatterns, KerasWritesLayerNormalizationWithAFactorAndAShift) {
    for (const bool squares_by_pow : {false, true}) {
        FusePatternsNet n;
        const Attributes last{{"axes", std::vector<std::int64_t>{-1}}};
        const ValueId mean = n.node("ReduceMean", "mean", {n.x}, last);
        const ValueId d = n.node("Sub", "sub", {n.x, mean});
        const ValueId squares =
            squares_by_pow ? n.node("Pow", "squares", {d, n.number(2.0F)}) : n.node("Mul", "squares", {d, d});
        const ValueId variance = n.node("ReduceMean", "variance", {squares}, last);
        const ValueId root = n.node("Sqrt", "root", {n.node("Add", "eps", {variance, n.number(1e-3F)})});
        const ValueId factor = n.node("Mul", "factor", {n.node("Reciprocal", "inverse", {root}), n.row(1)});
        const ValueId shift = n.node("Sub", "shift", {n.row(2), n.node("Mul", "scaled_mean", {mean, factor})});
        const ValueId y = n.node("Add", "y", {n.node("Mul", "scaled", {n.x, factor}), shift});
        expect_fused(n.typed(y), "LayerNormalization");
    }
}

TEST(FusePatterns, ReduceMeanOfOpset18HasItsAxesAsAnInput) {
    FusePatternsNet n;
    const ValueId axes = n.constant("axes", test::int64s({2}));
    const ValueId centred = n.node("Sub", "sub", {n.x, n.node("ReduceMean", "mean", {n.x, axes})});
    const ValueId variance = n.node("ReduceMean", "variance", {n.node("Mul", "squares", {centred, centred}), axes});
    const ValueId root = n.node("Sqrt", "root", {n.node("Add", "eps", {variance, n.number(1e-5F)})});
    const ValueId scaled = n.node("Mul", "scale", {n.node("Div", "quotient", {centred, root}), n.row(1)});
    expect_fused(n.typed(n.node("Add", "shift", {scaled, n.row(2)})), "LayerNormalization");
}

TEST(FusePatterns, AVisibleValueInsideKeepsThePatternAsItIs) {
    FusePatternsNet n;
    const ValueId centred_name = n.layer_norm(n.x, true);
    const Graph graph = n.typed(centred_name);
    EXPECT_FALSE(apply_pass("fuse_patterns", graph, {*graph.find_value("sub_out")}).has_value());
    EXPECT_TRUE(apply_pass("fuse_patterns", graph, {*graph.find_value("shift_out"), graph.inputs()[0]}).has_value());
}

TEST(FusePatterns, OtherNumbersAreOtherFunctions) {
    FusePatternsNet n;
    const ValueId erf = n.node("Erf", "erf", {n.node("Div", "div", {n.x, n.number(1.5F)})});
    const ValueId m = n.node("Mul", "m", {n.x, n.node("Add", "one", {erf, n.number(1.0F)})});
    EXPECT_FALSE(apply_pass("fuse_patterns", n.typed(n.node("Mul", "y", {m, n.number(0.5F)}))).has_value());
}

TEST(FusePatterns, ASecondReaderInsideKeepsThePatternAsItIs) {
    FusePatternsNet n;
    const ValueId sigmoid = n.node("Sigmoid", "sig", {n.x});
    const ValueId y = n.node("Add", "y", {n.node("Mul", "silu", {sigmoid, n.x}), sigmoid});
    EXPECT_FALSE(apply_pass("fuse_patterns", n.typed(y)).has_value());
}

TEST(FusePatterns, AFunctionJoinsTheProductBeforeIt) {
    FusePatternsNet n;
    const Graph graph = n.typed(n.gelu(n.mat_mul("m", n.x, random_tensor({8, 8}, 3), random_tensor({8}, 4)), false));
    const Session session(graph, reference_ops(), {.batch = 2});
    ASSERT_EQ(session.steps().size(), 1U);
    EXPECT_EQ(session.steps()[0].op, "MatMul");
    EXPECT_THAT(output_of(graph), Pointwise(FloatNear(5e-6F), plain_output_of(graph)));
}

}  // namespace
}  // namespace halftone
