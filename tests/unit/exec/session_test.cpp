#include "exec/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"
#include "support/memory_limit.hpp"
#include "support/random_net.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pointwise;

float largest(const std::vector<float>& values) {
    float result = 0;
    for (const float v : values) result = std::max(result, std::abs(v));
    return result;
}

std::vector<std::string> ops_of(const Session& session) {
    std::vector<std::string> ops;
    for (const StepInfo& step : session.steps()) ops.push_back(step.op);
    return ops;
}

void fill(Session& session, const Tensor& input) {
    std::copy(input.as<float>().begin(), input.as<float>().end(), session.input(0).as<float>().begin());
}

TEST(Session, IsRefusedAsAWholeWhereTheBudgetIsTooSmall) {
    const Graph graph = RandomNet(1).build();
    const std::uint64_t before = process_budget().bytes_in_use();
    const MemoryLimit limit(30000);
    EXPECT_THAT([&] { (void)Session(graph, reference_ops(), {.batch = 16}); },
                ::testing::ThrowsMessage<BudgetError>(::testing::HasSubstr("running the model at batch 16 needs")));
    EXPECT_EQ(process_budget().bytes_in_use(), before);
}

TEST(Session, AnUnusedInputCountsWithItsSize) {
    GraphMaker g;
    const ValueId x = g.input("x", {1});
    g.input("unused", {std::int64_t{1} << 20, std::int64_t{1} << 20});
    const Graph graph = infer_types(g.build({g.node("Relu", "r", {x})}), reference_ops());
    EXPECT_THAT([&] { (void)Session(graph, reference_ops(), {.batch = 1}); },
                ::testing::ThrowsMessage<BudgetError>(::testing::HasSubstr("needs 4 TiB, ")));
}

TEST(Session, OneDnnAgreesWithTheReferenceOnRandomNets) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor input = random_tensor({3, 3, 9, 9}, seed);
        const std::vector<float> reference = run_once(graph, input, Backend::ref);
        const float tolerance = 1e-5F * largest(reference);
        EXPECT_THAT(run_once(graph, input), Pointwise(::testing::FloatNear(tolerance), reference)) << "net " << seed;
    }
}

TEST(Session, OneDnnAgreesWithTheReferenceOnQuantizedRandomNets) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor input = random_tensor({3, 3, 9, 9}, seed);
        Rng rng(seed);
        const QuantCase c(graph, random_configs(find_units(graph).size(), rng), observed_ranges(graph, input));
        const Graph quantized = c.apply().graph;
        const std::vector<float> reference = run_once(quantized, input, Backend::ref);
        // A result on a tie may round to the neighbouring code (kernel/dnnl/README.md), and such a step shows here.
        const float tolerance = 0.02F * largest(reference);
        EXPECT_THAT(run_once(quantized, input), Pointwise(::testing::FloatNear(tolerance), reference))
            << "net " << seed;
    }
}

TEST(Session, AResidualThatIsReadAgainLaterIsNotOverwritten) {
    for (const Backend backend : {Backend::ref, Backend::dnnl}) {
        GraphMaker g;
        const ValueId r = g.node("Relu", "r", {g.input("x", {kSymbolic, 1, 1, 2})});
        const Tensor twice = test::floats({1, 1, 1, 1}, {2.0F});
        const ValueId a = g.node("Add", "a", {g.conv("c1", r, twice), r});  // 2r + r, fused, could overwrite r
        const ValueId b = g.node("Add", "b", {g.conv("c2", a, twice), r});  // 6r + r
        const Graph graph = infer_types(g.build({b}), reference_ops());
        EXPECT_THAT(run_once(graph, test::floats({1, 1, 1, 2}, {1.0F, 10.0F}), backend), ElementsAre(7.0F, 70.0F));
    }
}

TEST(Session, AConvolutionDoesNotWriteOverAnInputThatIsAlsoItsResidual) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 16, 6, 6});
    const ValueId r = g.conv("c1", x, random_tensor({16, 16, 1, 1}, 1));
    const ValueId sum = g.node(
        "Add", "a",
        {g.conv("c2", r, random_tensor({16, 16, 3, 3}, 2), {}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}), r});
    const Graph graph = infer_types(
        g.build({g.node("MaxPool", "p", {sum}, {{"kernel_shape", std::vector<std::int64_t>{2, 2}}})}), reference_ops());
    const Tensor input = random_tensor({2, 16, 6, 6}, 3);
    const std::vector<float> reference = run_once(graph, input, Backend::ref);
    EXPECT_THAT(run_once(graph, input), Pointwise(::testing::FloatNear(1e-5F * largest(reference)), reference));
}

TEST(Session, AStepThatMayRunInPlaceSharesItsBufferAtALastRead) {
    const auto arena = [](bool is_read_again) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 4, 8, 8});
        const ValueId a = g.node("Relu", "a", {x});
        const ValueId r = g.node("Relu", "r", {a});
        const ValueId y = g.node("Add", "y", {r, is_read_again ? a : x});
        return Session(infer_types(g.build({y}), reference_ops()), reference_ops(), {}).arena_bytes();
    };
    EXPECT_EQ(arena(false), 4U * 8 * 8 * sizeof(float));
    EXPECT_EQ(arena(true), 2U * 4 * 8 * 8 * sizeof(float));
}

TEST(Session, GraphInputsAndOutputsAndTapsSurviveTheRun) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    const ValueId r = g.node("Relu", "r", {x});
    const ValueId s = g.node("Relu", "s", {g.node("Add", "a", {r, x})});
    const Graph graph = infer_types(g.build({s, r}), reference_ops());
    Session session(graph, reference_ops(), {.taps = {*graph.find_value("a_out"), *graph.find_value("x")}});
    fill(session, test::floats({1, 4}, {-1, 2, -3, 4}));
    for (int run = 0; run < 2; ++run) {  // a second run starts from the same input
        session.run();
        EXPECT_THAT(session.output(0).as<float>(), ElementsAre(0, 4, 0, 8));
        EXPECT_THAT(session.output(1).as<float>(), ElementsAre(0, 2, 0, 4));
        EXPECT_THAT(session.tap(0).as<float>(), ElementsAre(-1, 4, -3, 8));
        EXPECT_THAT(session.tap(1).as<float>(), ElementsAre(-1, 2, -3, 4));
    }
}

TEST(Session, LayoutsAreChangedOnceAtTheEndsAndNotBetweenConvolutions) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 8, 6, 6});
    for (const char* name : {"c1", "c2", "c3"}) x = g.conv(name, x, random_tensor({8, 8, 1, 1}, 1));
    const Graph graph = infer_types(g.build({x}), reference_ops());
    const Session session(graph, reference_ops(), {});
    EXPECT_THAT(ops_of(session), ElementsAre("Reorder", "Conv", "Conv", "Conv", "Reorder"));
    EXPECT_EQ(session.steps().front().name, "plain to nhwc");
    const Session plain(graph, reference_ops(), {.backend = Backend::ref});
    EXPECT_THAT(ops_of(plain), Not(Contains("Reorder")));
}

TEST(Session, AReorderedValueServesAllItsReaders) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8, 6, 6});
    const ValueId a = g.conv("c1", x, random_tensor({8, 8, 1, 1}, 1));
    const ValueId b = g.conv("c2", x, random_tensor({8, 8, 1, 1}, 2));
    const Session session(infer_types(g.build({a, b}), reference_ops()), reference_ops(), {});
    EXPECT_THAT(ops_of(session), ElementsAre("Reorder", "Conv", "Conv", "Reorder", "Reorder"));
}

TEST(Session, EachRowDependsOnItsSampleOnly) {
    const Graph graph = RandomNet(3).build();
    const Tensor input = random_tensor({4, 3, 9, 9}, 5);
    Rng rng(2);
    const QuantCase c(graph, random_configs(find_units(graph).size(), rng), observed_ranges(graph, input));
    Session session(c.apply().graph, reference_ops(), {.batch = 4});
    fill(session, input);
    session.run();
    const auto before = session.output(0).as<float>();
    const std::vector<float> first_row(before.begin(), before.begin() + 10);
    Tensor other = input.clone();
    for (float& v : other.mutable_view().as<float>().subspan(3 * 9 * 9)) v = 0;  // rows 1 to 3
    fill(session, other);
    session.run();
    EXPECT_THAT(session.output(0).as<float>().first(10), ::testing::ElementsAreArray(first_row));
}

TEST(Session, SharedPackedWeightsChangeNoNumber) {
    const Graph graph = RandomNet(4).build();
    const Tensor input = random_tensor({2, 3, 9, 9}, 5);
    const auto cache = make_weight_cache();
    std::vector<float> results[2];
    for (auto& result : results) {
        Session session(graph, reference_ops(), {.batch = 2, .weights = cache.get()});
        fill(session, input);
        session.run();
        result.assign(session.output(0).as<float>().begin(), session.output(0).as<float>().end());
    }
    EXPECT_GT(cache->entries(), 0U);
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], run_once(graph, input));
}

TEST(Session, AConstantGraphOutputIsThere) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId c = g.constant("c", test::floats({5.0F, 6.0F}));
    const Graph graph = infer_types(g.build({g.node("Relu", "r", {x}), c}), reference_ops());
    Session session(graph, reference_ops(), {});
    session.run();
    EXPECT_THAT(session.output(1).as<float>(), ElementsAre(5.0F, 6.0F));
}

}  // namespace
}  // namespace halftone
