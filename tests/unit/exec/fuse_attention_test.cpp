// Which groups of nodes are a block of attention, in every form in which an exporter writes it, and which are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/exec_passes.hpp"
#include "support/graph_helpers.hpp"
#include "unit/exec/pattern_net.hpp"

namespace halftone {
namespace {

using test::apply_pass;
using test::GraphMaker;
using test::op_sequence;
using test::random_tensor;
using ::testing::FloatNear;
using ::testing::Pointwise;

/// Queries, keys and values [1, 10 positions, 2 heads, 8], and a mask of [1, 1, 10, 10].
class AttentionNet : public GraphMaker {
public:
    ValueId q = input("q", {1, 10, 2, 8});
    ValueId k = input("k", {1, 10, 2, 8});
    ValueId v = input("v", {1, 10, 2, 8});
    ValueId mask = input("mask", {1, 1, 10, 10});

    ValueId number(float value) { return constant("c" + std::to_string(next_++), Tensor::scalar(value)); }
    ValueId turned(const std::string& name, ValueId from, std::vector<std::int64_t> perm) {
        return node("Transpose", name, {from}, {{"perm", std::move(perm)}});
    }
    ValueId heads(const std::string& name, ValueId from) { return turned(name, from, {0, 2, 1, 3}); }
    ValueId softmax(ValueId scores) { return node("Softmax", "softmax", {scores}, {{"axis", std::int64_t{-1}}}); }
    ValueId context(ValueId scores) { return node("MatMul", "context", {softmax(scores), heads("values", v)}); }
    ValueId scores() { return node("MatMul", "scores", {heads("queries", q), turned("keys", k, {0, 2, 3, 1})}); }
    Graph typed(ValueId y) { return infer_types(build({y}), reference_ops()); }

private:
    int next_ = 0;
};

std::vector<float> session_output(const Graph& graph) {
    Session session(graph, reference_ops(), {.batch = 1});
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const Tensor x = random_tensor(graph.value(graph.inputs()[i]).type.shape, 7 + i, -3, 3);
        std::copy_n(x.view().data, x.bytes(), session.input(i).data);
    }
    session.run();
    const auto y = session.output(0).as<float>();
    return {y.begin(), y.end()};
}

/// What the nodes of the graph give by themselves for the inputs of session_output.
std::vector<float> unfused_output(const Graph& graph) {
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        inputs.push_back(random_tensor(graph.value(graph.inputs()[i]).type.shape, 7 + i, -3, 3));
    }
    return plain_output_of(graph, inputs);
}

void expect_attention(const Graph& graph, const std::string& ops = "ScaledAttention") {
    const auto fused = apply_pass("fuse_attention", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_EQ(op_sequence(*fused), ops);
    EXPECT_EQ(fused->value(fused->outputs()[0]).name, graph.value(graph.outputs()[0]).name);
    EXPECT_THAT(session_output(graph), Pointwise(FloatNear(2e-6F), unfused_output(graph)));
}

TEST(FuseAttention, ScoresAreScaledAndMasked) {
    for (const bool divides : {true, false}) {
        AttentionNet n;
        const ValueId scaled = n.node(divides ? "Div" : "Mul", "scaled", {n.scores(), n.number(divides ? 2.5F : 0.4F)});
        const ValueId masked = n.node("Add", "masked", {divides ? scaled : n.mask, divides ? n.mask : scaled});
        expect_attention(n.typed(n.heads("back", n.context(masked))));
    }
}

TEST(FuseAttention, ScaleAndMaskMayBeMissing) {
    AttentionNet n;
    expect_attention(n.typed(n.context(n.scores())));
}

TEST(FuseAttention, TheScaleMayStandAtQueriesAndKeys) {
    AttentionNet n;
    const ValueId queries = n.node("Mul", "q_scaled", {n.heads("queries", n.q), n.number(0.6F)});
    const ValueId before = n.node("Mul", "k_scaled", {n.k, n.number(0.5F)});
    const ValueId keys = n.node("Mul", "k_again", {n.number(0.7F), n.turned("keys", before, {0, 2, 3, 1})});
    expect_attention(n.typed(n.context(n.node("MatMul", "scores", {queries, keys}))));
}

TEST(FuseAttention, KeysMayBeTurnedAlready) {
    GraphMaker n;
    const ValueId scores = n.node("MatMul", "scores", {n.input("q", {3, 9, 4}), n.input("k", {3, 4, 12})});
    const ValueId powers = n.node("Softmax", "softmax", {scores}, {{"axis", std::int64_t{2}}});
    const ValueId y = n.node("MatMul", "context", {powers, n.input("v", {3, 12, 5})});
    expect_attention(infer_types(n.build({y}), reference_ops()));
}

/// A Transpose whose result others read stays, and so does a factor in front of it.
TEST(FuseAttention, WhatOthersReadStays) {
    AttentionNet n;
    const ValueId before = n.node("Mul", "k_scaled", {n.k, n.number(0.5F)});
    const ValueId keys = n.turned("keys", before, {0, 2, 3, 1});
    const ValueId context = n.context(n.node("MatMul", "scores", {n.heads("queries", n.q), keys}));
    const ValueId y =
        n.node("Add", "sum", {context, n.node("ReduceMean", "mean", {keys}, {{"keepdims", std::int64_t{1}}})});
    const Graph graph = n.typed(y);
    const auto fused = apply_pass("fuse_attention", graph);
    ASSERT_TRUE(fused.has_value());
    EXPECT_THAT(op_sequence(*fused), testing::HasSubstr("ScaledAttention"));
    EXPECT_THAT(op_sequence(*fused), testing::HasSubstr("Mul Transpose"));
    // The factor counts once.
    EXPECT_THAT(session_output(graph), Pointwise(FloatNear(2e-6F), unfused_output(graph)));
}

TEST(FuseAttention, OtherGroupsStayAsTheyAre) {
    using Change = std::function<ValueId(AttentionNet&)>;
    const std::vector<Change> others{
        // Scores along another axis.
        [](AttentionNet& n) {
            const ValueId powers = n.node("Softmax", "softmax", {n.scores()}, {{"axis", std::int64_t{-2}}});
            return n.node("MatMul", "context", {powers, n.heads("values", n.v)});
        },
        // Powers that are read twice.
        [](AttentionNet& n) {
            const ValueId powers = n.softmax(n.scores());
            return n.node("Add", "both",
                          {n.node("MatMul", "context", {powers, n.heads("values", n.v)}),
                           n.node("MatMul", "other", {powers, n.heads("more", n.q)})});
        },
        // A number divided by the scores.
        [](AttentionNet& n) {
            return n.context(n.node("Div", "divided", {n.number(1), n.scores()}));
        },
        // A factor for each head.
        [](AttentionNet& n) {
            const ValueId factors = n.constant("factors", random_tensor({2, 1, 1}, 1, 1, 2));
            return n.context(n.node("Mul", "scaled", {n.scores(), factors}));
        },
        // Two sums.
        [](AttentionNet& n) {
            const ValueId once = n.node("Add", "once", {n.scores(), n.mask});
            return n.context(n.node("Add", "twice", {once, n.mask}));
        }};
    for (std::size_t i = 0; i < others.size(); ++i) {
        AttentionNet n;
        EXPECT_FALSE(apply_pass("fuse_attention", n.typed(others[i](n))).has_value()) << i;
    }
}

TEST(FuseAttention, FewRowsAreLeftToTheProducts) {
    GraphMaker n;
    const ValueId scores = n.node("MatMul", "scores", {n.input("q", {3, 1, 4}), n.input("k", {3, 4, 12})});
    const ValueId powers = n.node("Softmax", "softmax", {scores}, {{"axis", std::int64_t{2}}});
    const ValueId y = n.node("MatMul", "context", {powers, n.input("v", {3, 12, 5})});
    EXPECT_FALSE(apply_pass("fuse_attention", infer_types(n.build({y}), reference_ops())).has_value());
}

}  // namespace
}  // namespace halftone
