#include "eval/autotune.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/random_net.hpp"

namespace halftone {
namespace {

using Samples = std::vector<std::vector<double>>;

std::vector<double> around(double center, double spread, std::size_t n = 15) {
    std::vector<double> samples;
    for (std::size_t i = 0; i < n; ++i) samples.push_back(center + (i % 2 == 0 ? spread : -spread));
    return samples;
}

AutotuneOptions quick() {
    return {.rounds = 2,
            .fill_inputs = [](Session& session) { std::fill_n(session.input(0).data, 1, std::byte{0}); },
            .is_stopped = [] { return false; }};
}

TEST(ChooseKernel, TakesTheFastest) {
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.01), around(0.8, 0.01), around(0.7, 0.01)}), 2U);
}

TEST(ChooseKernel, KeepsTheDefaultWhereNothingIsFaster) {
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.01), around(1.2, 0.01)}), 0U);
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.01)}), 0U);
}

TEST(ChooseKernel, AGainWithinTwoPercentIsNone) {
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.0), around(0.985, 0.0)}), 0U);
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.0), around(0.975, 0.0)}), 1U);
}

TEST(ChooseKernel, AGainWithinTheNoiseIsNone) {
    std::vector<double> noisy = around(0.9, 0.0);
    for (std::size_t i = 0; i < 5; ++i) noisy[i] = 1.3;  // slower in a third of the rounds
    EXPECT_EQ(choose_kernel(Samples{around(1.0, 0.0), noisy}), 0U);
}

TEST(ChooseKernel, ASlowPhaseThatHitsBothDoesNotHideAGain) {
    std::vector<double> first = around(1.0, 0.0);
    std::vector<double> second = around(0.9, 0.0);
    for (std::size_t i = 0; i < 5; ++i) {
        first[i] *= 3;
        second[i] *= 3;
    }
    EXPECT_EQ(choose_kernel(Samples{first, second}), 1U);
}

TEST(Autotune, TimesEveryKernelAndChoosesAmongThem) {
    const Graph graph = test::RandomNet(3).build();
    const Autotuned tuned = autotune(graph, reference_ops(), {.batch = 2}, quick());
    ASSERT_FALSE(tuned.steps.empty());
    std::size_t chosen = 0;
    for (const KernelTimes& step : tuned.steps) {
        ASSERT_EQ(step.ms.size(), step.kernels.size()) << step.node;
        EXPECT_TRUE(std::all_of(step.ms.begin(), step.ms.end(), [](double ms) { return ms > 0; })) << step.node;
        if (step.chosen == 0) continue;
        ++chosen;
        EXPECT_EQ(tuned.choices.at(step.node), step.kernels[step.chosen]);
    }
    EXPECT_EQ(chosen, tuned.choices.size());
    EXPECT_TRUE(!tuned.is_dropped || tuned.choices.empty());
}

TEST(Autotune, EarlierChoicesDoNotHideTheDefault) {
    const Graph graph = test::RandomNet(3).build();
    const Autotuned before = autotune(graph, reference_ops(), {.batch = 2}, quick());
    KernelChoices last;
    for (const KernelTimes& step : before.steps) last[step.node] = step.kernels.back();
    const Autotuned after = autotune(with_kernels(graph, last), reference_ops(), {.batch = 2}, quick());
    ASSERT_EQ(after.steps.size(), before.steps.size());
    for (std::size_t s = 0; s < after.steps.size(); ++s) EXPECT_EQ(after.steps[s].kernels, before.steps[s].kernels);
}

TEST(Autotune, AStopLeavesNoChoice) {
    const Graph graph = test::RandomNet(3).build();
    AutotuneOptions options = quick();
    int asked = 0;
    options.is_stopped = [&asked] { return ++asked > 3; };
    EXPECT_TRUE(autotune(graph, reference_ops(), {.batch = 2}, options).choices.empty());
}

TEST(Autotune, KernelsOfAnotherMachineAreNamed) {
    const Graph graph = test::RandomNet(3).build();
    EXPECT_EQ(missing_kernels_text(graph, {.batch = 2}), "") << "nothing was chosen";
    const std::string node = graph.nodes().front().name;
    const std::string text = missing_kernels_text(with_kernels(graph, {{node, "dnnl/no_such"}}), {.batch = 2});
    EXPECT_EQ(text.substr(0, text.find('(')), "1 of the chosen kernels are not to be had on this machine ");
    EXPECT_NE(text.find("the first dnnl/no_such for " + node), std::string::npos) << text;
}

}  // namespace
}  // namespace halftone
