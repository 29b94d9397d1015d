// What every registered pass promises: the graph computes the same, a second run finds nothing more to do, and the
// tensors of the graph that it was given stay as they were.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"
#include "support/interpreter.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// Conv with everything that passes fold into it: Pad in front, BatchNormalization behind, Identities between.
Graph convolutional() {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 3, 6, 6});
    x = g.node("Identity", "first", {x});
    x = g.node("Pad", "pad", {x, g.constant("pads", int64s({0, 0, 1, 1, 0, 0, 1, 1}))});
    x = g.conv("conv", x, random_tensor({4, 3, 3, 3}, 1), {}, {{"kernel_shape", Ints{3, 3}}});
    x = g.batch_norm("bn", x, random_tensor({4}, 2, 0.5F, 2), random_tensor({4}, 3), random_tensor({4}, 4),
                     random_tensor({4}, 5, 0.5F, 2), 1e-5F);
    x = g.node("Identity", "second", {g.node("Relu", "relu", {x})});
    return g.build({g.node("Flatten", "flatten", {x}, {}, "y")});
}

/// Constants that are computed from constants, one of them read twice.
Graph with_constants() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId sum =
        g.node("Add", "sum", {g.constant("a", random_tensor({4}, 6)), g.constant("b", random_tensor({4}, 7))});
    const ValueId alias = g.node("Identity", "alias", {sum});
    const ValueId y = g.node("Mul", "mul", {x, alias});
    return g.build({g.node("Add", "add", {y, sum}, {}, "y")});
}

/// A Reshape whose shape is computed from the input's: [batch, 4, 3] becomes [batch, 12].
Graph with_shape_arithmetic() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 3});
    const ValueId batch = g.node("Gather", "gather", {g.node("Shape", "shape", {x}), g.constant("zero", int64s({0}))});
    const ValueId dims =
        g.node("Concat", "concat", {batch, g.constant("rest", int64s({-1}))}, {{"axis", std::int64_t{0}}});
    return g.build({g.node("Reshape", "reshape", {x, dims}, {}, "y")});
}

const std::map<std::string, Graph (*)()> kGraphs{{"convolutional", convolutional},
                                                 {"with_constants", with_constants},
                                                 {"with_shape_arithmetic", with_shape_arithmetic}};

class EveryPass : public ::testing::TestWithParam<std::string> {
protected:
    /// A pass relies on the types of all values, as run_passes infers them in front of it.
    [[nodiscard]] Graph run(const Graph& graph) const {
        for (const Pass& pass : all_passes()) {
            if (pass.word == GetParam()) return infer_types(pass.value(graph, reference_ops()), reference_ops());
        }
        throw std::runtime_error("no pass " + GetParam());
    }
};

void expect_close(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(actual.type(), expected.type());
    const auto a = actual.as<float>();
    const auto b = expected.as<float>();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5F * (1 + std::abs(b[i]))) << "element " << i;
}

TEST_P(EveryPass, LeavesWhatTheGraphComputes) {
    for (const auto& [name, make] : kGraphs) {
        SCOPED_TRACE(name);
        const Graph before = infer_types(make(), reference_ops());
        const Graph after = run(before);
        ASSERT_EQ(after.outputs().size(), before.outputs().size());
        EXPECT_EQ(after.value(after.inputs()[0]).name, "x");
        EXPECT_EQ(after.value(after.outputs()[0]).name, "y");
        for (const std::int64_t batch : {1, 3}) {
            Shape shape = before.value(before.inputs()[0]).type.shape;
            shape[0] = batch;
            const Tensor x = random_tensor(shape, 11);
            expect_close(interpret(after, reference_ops(), {x})[0], interpret(before, reference_ops(), {x})[0]);
        }
    }
}

// It also copies nothing then: most passes find nothing in most models, which may have 100,000 nodes.
TEST_P(EveryPass, FindsNothingMoreInASecondRun) {
    for (const auto& [name, make] : kGraphs) {
        const Graph once = run(infer_types(make(), reference_ops()));
        const Graph twice = run(once);
        EXPECT_EQ(hash_of(twice), hash_of(once)) << name;
        EXPECT_TRUE(twice.shares_memory_with(once)) << name;
    }
}

TEST_P(EveryPass, ModifiesNoTensorOfTheGraphItWasGiven) {
    for (const auto& [name, make] : kGraphs) {
        const Graph before = infer_types(make(), reference_ops());
        const std::uint64_t hash = hash_of(before);
        static_cast<void>(run(before));
        EXPECT_EQ(hash_of(before), hash) << name;
    }
}

TEST(AllPasses, FindNothingMoreInASecondRun) {
    for (const auto& [name, make] : kGraphs) {
        const Graph once = run_passes(make(), reference_ops());
        const Graph twice = run_passes(once, reference_ops());
        EXPECT_EQ(hash_of(twice), hash_of(once)) << name;
        EXPECT_TRUE(twice.shares_memory_with(once)) << name;
    }
}

std::vector<std::string> pass_names() {
    std::vector<std::string> names;
    for (const Pass& pass : all_passes()) names.emplace_back(pass.word);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Passes, EveryPass, ::testing::ValuesIn(pass_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone::test
