#include "exec/kernel_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/random_net.hpp"

namespace halftone {
namespace {

using test::random_tensor;
using test::RandomNet;
using test::run_once;
using ::testing::Pointwise;
using ::testing::SizeIs;

std::vector<StepInfo> kernel_steps_of(const Graph& graph) {
    return Session(graph, reference_ops(), {.batch = 2, .lists_kernels = true}).steps();
}

/// Every step that has one by its k-th kernel.
KernelChoices choices_of(const std::vector<StepInfo>& steps, std::size_t k) {
    KernelChoices choices;
    for (const StepInfo& step : steps) {
        if (k < step.kernels.size()) choices[step.name] = step.kernels[k];
    }
    return choices;
}

std::size_t most_kernels(const std::vector<StepInfo>& steps) {
    std::size_t most = 0;
    for (const StepInfo& step : steps) most = std::max(most, step.kernels.size());
    return most;
}

TEST(KernelChoices, AreCarriedByTheGraphUnderNamesWithSpaces) {
    const Graph graph = RandomNet(1).build();
    const KernelChoices choices{{"a node", "dnnl/jit:avx2"}, {"b", "native"}};
    EXPECT_EQ(kernel_choices(with_kernels(graph, choices)), choices);
    EXPECT_THAT(kernel_choices(with_kernels(with_kernels(graph, choices), {})), SizeIs(0));
}

TEST(KernelChoices, NamesAreABackendOrAnImplementationOfOneDnn) {
    for (const char* good : {"native", "dnnl", "dnnl/brgconv:avx2"}) EXPECT_TRUE(is_kernel_name(good)) << good;
    for (const char* bad : {"", "ref", "dnnl/", "dnnl/a b", "native/x", "jit:avx2"}) {
        EXPECT_FALSE(is_kernel_name(bad)) << bad;
    }
}

TEST(KernelChoices, TheDefaultRunsTheFirstKernelOfEachStep) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const std::vector<StepInfo> steps = kernel_steps_of(graph);
        const std::vector<StepInfo> chosen = kernel_steps_of(with_kernels(graph, choices_of(steps, 0)));
        ASSERT_EQ(chosen.size(), steps.size());
        for (std::size_t s = 0; s < steps.size(); ++s) {
            EXPECT_EQ(chosen[s].implementation, steps[s].implementation) << steps[s].name;
            EXPECT_EQ(chosen[s].kernels, steps[s].kernels) << "the list does not depend on the choice";
        }
    }
}

TEST(KernelChoices, TheNamedImplementationRuns) {
    const Graph graph = RandomNet(2).build();
    const std::vector<StepInfo> steps = kernel_steps_of(graph);
    ASSERT_GE(most_kernels(steps), 2U) << "oneDNN has several convolutions on every x86 machine";
    for (std::size_t k = 0; k < most_kernels(steps); ++k) {
        for (const StepInfo& step : kernel_steps_of(with_kernels(graph, choices_of(steps, k)))) {
            if (k >= step.kernels.size() || !step.kernels[k].starts_with("dnnl/")) continue;
            EXPECT_EQ("dnnl/" + step.implementation, step.kernels[k]) << step.name;
        }
    }
}

TEST(KernelChoices, WhatThisMachineDoesNotHaveLeavesTheDefault) {
    const Graph graph = RandomNet(2).build();
    KernelChoices choices;
    for (const StepInfo& step : kernel_steps_of(graph)) choices[step.name] = "dnnl/brgconv:avx1024";
    const Tensor input = random_tensor({2, 3, 9, 9}, 2);
    EXPECT_EQ(run_once(with_kernels(graph, choices), input), run_once(graph, input));
}

TEST(KernelChoices, EveryKernelAgreesWithTheReference) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor input = random_tensor({2, 3, 9, 9}, seed);
        const std::vector<float> reference = run_once(graph, input, Backend::ref);
        float largest = 0;
        for (const float v : reference) largest = std::max(largest, std::abs(v));
        const std::vector<StepInfo> steps = kernel_steps_of(graph);
        for (std::size_t k = 0; k < most_kernels(steps); ++k) {
            EXPECT_THAT(run_once(with_kernels(graph, choices_of(steps, k)), input),
                        Pointwise(::testing::FloatNear(1e-5F * largest), reference))
                << "net " << seed << ", kernel " << k;
        }
    }
}

TEST(KernelChoices, EveryKernelOfAQuantizedNetAgreesWithTheReference) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor input = random_tensor({2, 3, 9, 9}, seed);
        Rng rng(seed);
        const test::QuantCase c(graph, test::random_configs(find_units(graph).size(), rng),
                                test::observed_ranges(graph, input));
        const Graph quantized = c.apply().graph;
        const std::vector<float> reference = run_once(quantized, input, Backend::ref);
        float largest = 0;
        for (const float v : reference) largest = std::max(largest, std::abs(v));
        const std::vector<StepInfo> steps = kernel_steps_of(quantized);
        for (std::size_t k = 0; k < most_kernels(steps); ++k) {
            // A tie may round to the neighbouring code (kernel/dnnl/README.md), which shows here.
            EXPECT_THAT(run_once(with_kernels(quantized, choices_of(steps, k)), input),
                        Pointwise(::testing::FloatNear(0.02F * largest), reference))
                << "net " << seed << ", kernel " << k;
        }
    }
}

}  // namespace
}  // namespace halftone
