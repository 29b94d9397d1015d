// What every pass of exec/passes promises: the graph computes the same, values that stay keep their names and types, a
// second run finds nothing more to do, taps stay readable, and the given graph stays as it was.
//
// Each graph of kGraphs has something to do for one pass at least, and each pass is tried on all of them.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/exec_passes.hpp"
#include "support/interpreter.hpp"
#include "support/quant_plans.hpp"
#include "support/rounding_net.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

ValueId number(GraphMaker& g, const std::string& name, float value) { return g.constant(name, Tensor::scalar(value)); }

/// Rows of 8 through a normalization in single steps and through Swish.
Graph rows() {
    GraphMaker g;
    const Attributes last{{"axes", Ints{-1}}};
    const ValueId x = g.input("x", {kSymbolic, 3, 8});
    const ValueId centred = g.node("Sub", "centred", {x, g.node("ReduceMean", "mean", {x}, last)});
    const ValueId squares = g.node("Mul", "squares", {centred, centred});
    const ValueId variance = g.node("ReduceMean", "variance", {squares}, last);
    const ValueId root = g.node("Sqrt", "root", {g.node("Add", "plus", {variance, number(g, "eps", 1e-5F)})});
    const ValueId scaled =
        g.node("Mul", "scaled", {g.node("Div", "normal", {centred, root}), g.constant("g", random_tensor({8}, 1))});
    const ValueId normal = g.node("Add", "shifted", {scaled, g.constant("b", random_tensor({8}, 2))});
    return g.build({g.node("Mul", "swish", {normal, g.node("Sigmoid", "sigmoid", {normal})}, {}, "y")});
}

/// softmax(q * k^T / 2) * v of two heads, all three being x.
Graph attention() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 10, 2, 4});
    const auto turned = [&](const std::string& name, Ints perm) {
        return g.node("Transpose", name, {x}, {{"perm", std::move(perm)}});
    };
    const ValueId scores = g.node("MatMul", "scores", {turned("q", {0, 2, 1, 3}), turned("k", {0, 2, 3, 1})});
    const ValueId halved = g.node("Mul", "halved", {scores, number(g, "half", 0.5F)});
    const ValueId shares = g.node("Softmax", "softmax", {halved}, {{"axis", std::int64_t{-1}}});
    return g.build({g.node("MatMul", "context", {shares, turned("v", {0, 2, 1, 3})}, {}, "y")});
}

/// Constants of more dimensions than the rows: each result has a dimension of 1 in front, which no operator that is
/// made of these nodes would add.
Graph raised_rank() {
    RoundingNet n({kSymbolic, 8});
    const ValueId factor = n.constant("factor", floats(Shape{1, 1, 1}, {1.7F}));
    const ValueId gate = n.node("Sigmoid", "gate", {n.node("Mul", "scaled", {n.x, factor})});
    const ValueId swish = n.node("Mul", "swish", {n.x, gate});
    const Attributes last{{"axes", Ints{-1}}};
    const ValueId centred = n.node("Sub", "centred", {n.x, n.node("ReduceMean", "mean", {n.x}, last)});
    const ValueId squares = n.node("Mul", "squares", {centred, centred});
    const ValueId variance = n.node("ReduceMean", "variance", {squares}, last);
    const ValueId root = n.node("Sqrt", "root", {n.node("Add", "plus", {variance, number(n, "eps", 1e-5F)})});
    const ValueId row = n.constant("g", random_tensor({1, 1, 8}, 7));
    const ValueId normal = n.node("Mul", "normal", {n.node("Div", "quotient", {centred, root}), row});
    const ValueId table = n.rounded("b", n.node("Mul", "m", {n.rounded("a", n.x, 0.05F, 128), factor}), 0.1F, 128);
    return n.build({n.node("Sum", "sum", {swish, normal, table}, {}, "y")});
}

/// A Reshape to a shape that is computed from the input's.
Graph computed_shape() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 3});
    const ValueId batch = g.node("Gather", "gather", {g.node("Shape", "shape", {x}), g.constant("zero", int64s({0}))});
    const ValueId dims =
        g.node("Concat", "dims", {batch, g.constant("rest", int64s({-1}))}, {{"axis", std::int64_t{0}}});
    return g.build({g.node("Reshape", "reshape", {x, dims}, {}, "y")});
}

/// A constant that the file quantizes, a Concat of codes with two scales, a function of codes.
Graph codes() {
    RoundingNet n({kSymbolic, 4});
    const ValueId row = n.rounded("row", n.constant("r", random_tensor({4}, 3)), 0.02F, 128);
    const ValueId sum = n.rounded("sum", n.node("Add", "add", {n.x, row}), 0.05F, 128);
    const ValueId tanh = n.rounded("tanh", n.node("Tanh", "t", {sum}), 0.01F, 128);
    const ValueId both = n.node("Concat", "concat", {sum, tanh}, {{"axis", std::int64_t{1}}});
    return n.build(
        {n.node("QuantizeLinear", "codes",
                {both, number(n, "s", 0.05F), n.constant("z", Tensor::scalar(std::uint8_t{128}))}, {}, "y")});
}

/// Two products whose units have this configuration.
Graph products(const UnitConfig& config) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3, 32});
    const ValueId a = g.mat_mul("a", x, random_tensor({32, 16}, 4, -0.5F, 0.5F), random_tensor({16}, 5));
    const ValueId y = g.mat_mul("b", g.node("Relu", "relu", {a}), random_tensor({16, 8}, 6, -0.5F, 0.5F));
    return QuantCase(g.build({g.node("Identity", "last", {y}, {}, "y")}), {config, config}).apply().graph;
}

Graph dynamic_products() {
    UnitConfig config = int8();
    config.activation.when = When::at_run_time;
    return products(config);
}

Graph block_products() {
    UnitConfig config = kFp32;
    config.weight = {.dtype = DType::s4, .scheme = Scheme::sym, .algorithm = kRoundToNearest, .group_size = 16};
    return products(config);
}

const std::map<std::string, Graph (*)()> kGraphs{{"rows", rows},
                                                 {"attention", attention},
                                                 {"computed_shape", computed_shape},
                                                 {"raised_rank", raised_rank},
                                                 {"codes", codes},
                                                 {"dynamic_products", dynamic_products},
                                                 {"block_products", block_products}};

class EveryExecPass : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] std::optional<Graph> run(const Graph& graph, std::vector<ValueId> taps = {},
                                           std::int64_t batch = 1) const {
        return apply_pass(GetParam(), graph, std::move(taps), batch);
    }

    /// Calls the check with each graph in which the pass finds something, and with what it makes of it.
    template <class Check>
    void for_each_change(std::int64_t batch, const Check& check) const {
        int changes = 0;
        for (const auto& [name, make] : kGraphs) {
            SCOPED_TRACE(name);
            const Graph before = infer_types(make(), reference_ops());
            const auto after = run(before, {}, batch);
            if (!after) continue;
            ++changes;
            check(before, *after);
        }
        EXPECT_GT(changes, 0) << "no graph here has something to do for the pass: add one";
    }
};

void expect_close(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(actual.type(), expected.type());
    if (actual.dtype() != DType::f32) {
        EXPECT_TRUE(has_same_bytes(actual, expected));
        return;
    }
    const auto a = actual.as<float>();
    const auto b = expected.as<float>();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5F * (1 + std::abs(b[i]))) << "element " << i;
}

/// The values of all outputs for seeded numbers.
std::vector<Tensor> outputs_of(const Graph& graph, std::int64_t batch) {
    Shape shape = graph.value(graph.inputs()[0]).type.shape;
    shape[0] = batch;
    return interpret(graph, reference_ops(), {random_tensor(shape, 11)});
}

TEST_P(EveryExecPass, LeavesWhatTheGraphComputes) {
    for (const std::int64_t batch : {1, 3}) {
        for_each_change(batch, [&](const Graph& before, const Graph& after) {
            ASSERT_EQ(after.outputs().size(), 1U);
            EXPECT_EQ(after.value(after.inputs()[0]).name, "x");
            EXPECT_EQ(after.value(after.outputs()[0]).name, "y");
            expect_close(outputs_of(after, batch)[0], outputs_of(before, batch)[0]);
        });
    }
}

TEST_P(EveryExecPass, KnowsTheTypesOfAllValues) {
    for_each_change(1, [&](const Graph& before, const Graph& after) {
        for (const Value& value : after.values()) {
            EXPECT_TRUE(value.has_type) << value.name;
            if (const auto known = before.find_value(value.name)) {
                EXPECT_EQ(value.type.dtype, before.value(*known).type.dtype) << value.name;
            }
        }
    });
}

TEST_P(EveryExecPass, FindsNothingMoreInASecondRun) {
    for_each_change(1, [&](const Graph&, const Graph& after) { EXPECT_FALSE(run(after).has_value()); });
}

TEST_P(EveryExecPass, ModifiesNoTensorOfTheGraphItWasGiven) {
    for (const auto& [name, make] : kGraphs) {
        const Graph before = infer_types(make(), reference_ops());
        const std::uint64_t hash = hash_of(before);
        static_cast<void>(run(before));
        EXPECT_EQ(hash_of(before), hash) << name;
    }
}

TEST_P(EveryExecPass, KeepsEachTapReadable) {
    for (const auto& [name, make] : kGraphs) {
        const Graph before = infer_types(make(), reference_ops());
        for (const Node& node : before.nodes()) {
            SCOPED_TRACE(name + ", " + node.name);
            const ValueId tap = node.outputs[0];
            const auto after = run(before, {tap});
            if (!after) continue;
            const auto kept = after->find_value(before.value(tap).name);
            ASSERT_TRUE(kept.has_value());
            const auto read = [](const Graph& graph, ValueId value) {
                GraphBuilder builder(graph);
                builder.outputs() = {value};
                return outputs_of(std::move(builder).build(), 1)[0];
            };
            expect_close(read(*after, *kept), read(before, tap));
        }
    }
}

std::vector<std::string> pass_words() {
    std::vector<std::string> words;
    for (const auto& row : exec_passes()) words.emplace_back(row.word);
    return words;
}

INSTANTIATE_TEST_SUITE_P(Passes, EveryExecPass, ::testing::ValuesIn(pass_words()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone::test
