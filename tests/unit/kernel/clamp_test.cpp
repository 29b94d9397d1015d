#include "kernel/clamp.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The clamp of a Clip with these bounds; a nullptr is a missing one, an empty Tensor one that is not constant.
std::optional<Clamp> clip(const Tensor* low, const Tensor* high) {
    test::GraphMaker g;
    std::vector<ValueId> inputs{g.input("x", {2})};
    const auto add = [&](const char* name, const Tensor* bound) {
        if (bound == nullptr)
            inputs.emplace_back();
        else
            inputs.push_back(bound->is_empty() ? g.input(name, {}) : g.constant(name, *bound));
    };
    add("low", low);
    add("high", high);
    const Graph graph = g.build({g.node("Clip", "clip", inputs)});
    return find_clamp(graph, graph.nodes()[0]);
}

TEST(FindClamp, ReluIsOpenAbove) {
    test::GraphMaker g;
    const Graph graph = g.build({g.node("Relu", "r", {g.input("x", {2})})});
    EXPECT_EQ(find_clamp(graph, graph.nodes()[0]), (Clamp{.low = 0, .high = kInfinity}));
}

TEST(FindClamp, ClipHasItsConstantBoundsAndIsOpenWhereOneIsMissing) {
    const Tensor zero = Tensor::scalar(0.0F);
    const Tensor six = test::floats({6.0F});  // also as a vector of one
    EXPECT_EQ(clip(&zero, &six), (Clamp{.low = 0, .high = 6}));
    EXPECT_EQ(clip(&zero, nullptr), (Clamp{.low = 0, .high = kInfinity}));
    EXPECT_EQ(clip(nullptr, &six), (Clamp{.low = -kInfinity, .high = 6}));
    EXPECT_EQ(clip(nullptr, nullptr), Clamp{});
}

TEST(FindClamp, IsNothingForABoundThatIsNotAConstantNumber) {
    const Tensor zero = Tensor::scalar(0.0F);
    const Tensor unknown;
    const Tensor two = test::floats({6.0F, 7.0F});
    const Tensor integer = Tensor::scalar(std::int64_t{6});
    EXPECT_FALSE(clip(&zero, &unknown));
    EXPECT_FALSE(clip(&zero, &two));
    EXPECT_FALSE(clip(&zero, &integer));
}

TEST(FindClamp, IsNothingForOtherNodes) {
    test::GraphMaker g;
    const Graph graph = g.build({g.node("Identity", "i", {g.input("x", {2})})});
    EXPECT_FALSE(find_clamp(graph, graph.nodes()[0]));
    EXPECT_THROW((void)clamp_of(graph, graph.nodes()[0]), InternalError);
}

}  // namespace
}  // namespace halftone
