// No NaN becomes a number on its way through a session, and looking for it costs next to nothing. What every function
// makes of values that are not finite is compared with ONNX Runtime in tests/golden/exec.
#include "exec/nan_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/random_net.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Truly;

constexpr float kNanValue = std::numeric_limits<float>::quiet_NaN();

bool is_nan(float value) { return std::isnan(value); }

/// `depth` times Conv and Relu, of real layers' size: 16 channels, 3x3.
Graph deep_net(int depth, float scale) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 16, 4, 4});
    for (int i = 0; i < depth; ++i) {
        const std::string name = std::to_string(i);
        x = g.conv("c" + name, x, random_tensor({16, 16, 3, 3}, static_cast<std::uint64_t>(i), -scale, scale), {},
                   {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
        x = g.node("Relu", "r" + name, {x});
    }
    return infer_types(g.build({x}), reference_ops());
}

/// Steps that look at an input, of a graph at batch 1.
std::vector<std::size_t> checking_steps(const Graph& graph) {
    const Lowering lowering = lower(graph, bind_batch(graph, reference_ops(), 1), {});
    NanGuard guard;
    std::vector<std::size_t> checking;
    for (std::size_t s = 0; s < lowering.steps.size(); ++s) {
        if (!guard.add_step(lowering.steps[s]).checked.empty()) checking.push_back(s);
    }
    return checking;
}

TEST(NanGuard, LooksAtTheInputAndThenOnlyWhereBoundsHaveGrownLarge) {
    // Each layer may enlarge its input 16 * 9 * 0.1 = 14.4 times, and takes inputs up to 8.5e37 / 15.4: from 1e9 that
    // is reached in 24 layers.
    EXPECT_THAT(checking_steps(deep_net(50, 0.1F)), ElementsAre(0, 24, 48));
}

TEST(NanGuard, ALimitOnTheResultIsABound) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 4, 4, 4});
    for (int i = 0; i < 40; ++i) {
        const std::string name = std::to_string(i);
        x = g.conv("c" + name, x, random_tensor({4, 4, 1, 1}, 1, -10, 10));
        x = g.node(
            "Clip", "r" + name,
            {x, g.constant("low" + name, Tensor::scalar(0.0F)), g.constant("high" + name, Tensor::scalar(6.0F))});
    }
    EXPECT_THAT(checking_steps(infer_types(g.build({x}), reference_ops())), ElementsAre(0));
}

TEST(NanGuard, ANanThatIsMadeOnTheWayComesOut) {
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        GraphMaker g;
        ValueId x = g.input("x", {kSymbolic, 1, 1, 1});
        // 1e30 * 1e30 is infinite, and infinity minus infinity is NaN, which Relu must not make a 0.
        x = g.node("Relu", "r1", {g.conv("c1", x, test::floats({2, 1, 1, 1}, {1e30F, 1e30F}))});
        x = g.node("Relu", "r2", {g.conv("c2", x, test::floats({2, 2, 1, 1}, {1e30F, 0.0F, 0.0F, 1e30F}))});
        x = g.node("Relu", "r3", {g.conv("c3", x, test::floats({1, 2, 1, 1}, {1.0F, -1.0F}))});
        const Graph graph = infer_types(g.build({x}), reference_ops());
        EXPECT_THAT(run_once(graph, test::floats({1, 1, 1, 1}, {1.0F}), backend), Each(Truly(is_nan)));
        EXPECT_THAT(run_once(graph, test::floats({1, 1, 1, 1}, {1e-30F}), backend), ElementsAre(0.0F));
    }
}

TEST(NanGuard, WeightsThatAreNotNumbersMakeTheResultNan) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 1, 1, 1});
    const ValueId y = g.node("Relu", "r", {g.conv("c", x, test::floats({2, 1, 1, 1}, {kNanValue, 2.0F}))});
    const Graph graph = infer_types(g.build({y}), reference_ops());
    EXPECT_THAT(run_once(graph, test::floats({1, 1, 1, 1}, {1.0F})), ElementsAre(Truly(is_nan), 2.0F));
}

/// Runs a session on a batch.
std::vector<float> run_batch(Session& session, const Tensor& input) {
    std::copy(input.as<float>().begin(), input.as<float>().end(), session.input(0).as<float>().begin());
    session.run();
    const auto result = session.output(0).as<float>();
    return {result.begin(), result.end()};
}

TEST(NanGuard, OtherSamplesOfTheBatchAndLaterRunsKeepTheirBits) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor clean = random_tensor({3, 3, 9, 9}, seed);
        Tensor odd = clean.clone();
        odd.mutable_view().as<float>()[3 * 81 + 40] = kNanValue;  // of sample 1
        Session session(graph, reference_ops(), {.batch = 3});
        const std::vector<float> wanted = run_batch(session, clean);
        const std::vector<float> have = run_batch(session, odd);
        const std::size_t classes = wanted.size() / 3;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const bool is_odd = i / classes == 1;
            EXPECT_TRUE(is_odd ? std::isnan(have[i]) : have[i] == wanted[i]) << "net " << seed << ", element " << i;
        }
        EXPECT_EQ(run_batch(session, clean), wanted) << "net " << seed;
    }
}

}  // namespace
}  // namespace halftone
