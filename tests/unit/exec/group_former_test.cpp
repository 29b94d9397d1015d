// Which nodes join one group, and which values keep them apart.
#include "exec/group_former.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using test::GraphMaker;
using test::QuantCase;
using test::random_tensor;

/// The groups of a graph at batch 1, by plain loops, and the names of the nodes in each.
class Formed {
public:
    explicit Formed(const Graph& untyped, const std::vector<std::string>& tapped = {})
        : graph_(infer_types(untyped, reference_ops())), types_(bind_batch(graph_, reference_ops(), 1)) {
        options_.backend = Backend::ref;
        for (const std::string& name : tapped) options_.taps.push_back(*graph_.find_value(name));
        view_.emplace(graph_, types_, options_);
        groups_ = form_groups(*view_, {});
    }

    /// Returns the group whose main node has this name; fails loudly if there is none.
    [[nodiscard]] const StepGroup& group_of(const std::string& main) const {
        for (const auto& [last, group] : groups_.by_last_node) {
            if (graph_.node(group.main).name == main) return group;
        }
        throw std::runtime_error("no group of " + main);
    }
    [[nodiscard]] std::size_t size() const { return groups_.by_last_node.size(); }
    /// Returns the name of a member; "" if the group has none.
    [[nodiscard]] std::string name(NodeId id) const { return id.is_valid() ? graph_.node(id).name : ""; }

private:
    Graph graph_;
    std::vector<TensorType> types_;
    LoweringOptions options_;
    std::optional<LoweringView> view_;
    StepGroups groups_;
};

/// Two convolutions of x, their sum, and its Relu.
Graph residual_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId a = g.conv("a", x, random_tensor({4, 4, 1, 1}, 1));
    const ValueId b = g.conv("b", x, random_tensor({4, 4, 1, 1}, 2));
    return g.build({g.node("Relu", "relu", {g.node("Add", "add", {a, b})})});
}

TEST(GroupFormer, TheLaterProducerTakesTheResidualAndWhatFollows) {
    const Formed formed(residual_net());
    EXPECT_EQ(formed.size(), 2U);
    const StepGroup& first = formed.group_of("a");
    EXPECT_EQ(formed.name(first.residual_add), "");
    const StepGroup& second = formed.group_of("b");
    EXPECT_EQ(formed.name(second.residual_add), "add");
    EXPECT_EQ(formed.name(second.clamp), "relu");
    EXPECT_EQ(formed.name(second.last), "relu");
    EXPECT_EQ(second.residual, first.output);
    EXPECT_FALSE(second.is_integer);
}

TEST(GroupFormer, ATappedValueEndsTheGroup) {
    const Formed formed(residual_net(), {"add_out"});
    const StepGroup& second = formed.group_of("b");
    EXPECT_EQ(formed.name(second.residual_add), "add");
    EXPECT_EQ(formed.name(second.clamp), "") << "somebody wants the sum before the Relu";
}

TEST(GroupFormer, ASecondReaderEndsTheGroup) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId product = g.gemm("g", x, random_tensor({4, 4}, 1));
    const Formed formed(g.build({g.node("Relu", "relu", {product}), g.node("Tanh", "tanh", {product})}));
    EXPECT_EQ(formed.name(formed.group_of("g").clamp), "");
}

TEST(GroupFormer, AnInt8UnitIsOneGroupOnCodes) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const ValueId a = g.conv("a", x, random_tensor({4, 4, 1, 1}, 1), random_tensor({4}, 2));
    const ValueId b = g.conv("b", a, random_tensor({4, 4, 1, 1}, 3));
    const QuantCase c(g.build({b}), {test::kInt8, test::kInt8}, {{"x", {-1, 1}}});
    const Formed formed(c.apply().graph);
    const StepGroup& first = formed.group_of("a");
    EXPECT_TRUE(first.is_integer);
    EXPECT_EQ(formed.name(first.quantize), "a_out_QuantizeLinear");
    EXPECT_TRUE(formed.group_of("b").is_integer);
    EXPECT_EQ(formed.name(formed.group_of("b").quantize), "") << "a graph output stays real";
}

}  // namespace
}  // namespace halftone
