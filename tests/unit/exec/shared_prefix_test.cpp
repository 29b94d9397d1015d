#include "exec/shared_prefix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/random_net.hpp"

namespace halftone {
namespace {

using test::observed_ranges;
using test::QuantCase;
using test::random_configs;
using test::random_tensor;
using test::RandomNet;

/// Several plans of one random net, compiled for sharing.
struct Plans {
    Graph graph;
    Tensor input = random_tensor({3, 3, 9, 9}, 1);
    std::vector<Session> sessions;

    Plans(std::uint64_t seed, std::size_t count) : graph(RandomNet(seed).build()) {
        Rng rng(seed);
        const std::vector<UnitConfig> base = random_configs(find_units(graph).size(), rng);
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<UnitConfig> configs = base;  // each plan changes one unit, the last one first
            if (i > 0) {
                const std::size_t unit = (configs.size() * 2 - i) % configs.size();
                configs[unit] = configs[unit].is_quantized() ? high_precision(DType::f32) : test::kInt8;
            }
            const QuantCase c(graph, configs, observed_ranges(graph, input));
            CompileOptions options{.batch = 3};
            options.hashes_steps = true;
            sessions.emplace_back(c.apply().graph, reference_ops(), options);
            std::copy(input.as<float>().begin(), input.as<float>().end(), sessions.back().input(0).as<float>().begin());
        }
    }
    [[nodiscard]] std::vector<Session*> pointers() {
        std::vector<Session*> all;
        for (Session& session : sessions) all.push_back(&session);
        return all;
    }
};

std::vector<float> prefix_output_of(const Session& session) {
    const auto values = session.output(0).as<float>();
    return {values.begin(), values.end()};
}

std::size_t executed(const SharedPrefix& shared, const std::vector<Session*>& sessions, std::size_t s) {
    std::size_t count = 0;
    for (std::size_t step = 0; step < sessions[s]->steps().size(); ++step)
        count += shared.is_executed(s, step) ? 1U : 0U;
    return count;
}

TEST(SharedPrefix, GivesTheSameBytesAsWithoutSharing) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        Plans plans(seed, 5);
        std::vector<std::vector<float>> alone;
        for (Session& session : plans.sessions) {
            session.run();
            alone.push_back(prefix_output_of(session));
        }
        SharedPrefix shared(plans.pointers(), std::size_t{1} << 30U);
        for (int round = 0; round < 2; ++round) {
            for (std::size_t s = 0; s < plans.sessions.size(); ++s) {
                shared.run(s);
                EXPECT_EQ(prefix_output_of(plans.sessions[s]), alone[s]) << "net " << seed << ", plan " << s;
            }
        }
    }
}

TEST(SharedPrefix, StepsWithOneKeyAreSharedOnlyIfTheyComputeTheSame) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Plans plans(seed, 4);
        std::vector<std::vector<float>> alone;
        for (Session& session : plans.sessions) {
            session.run();
            alone.push_back(prefix_output_of(session));
        }
        // Few keys, so that most steps meet another one with their key; with one key, every step does.
        for (const std::uint64_t keys : {1U, 5U, 50U}) {
            SharedPrefix shared(plans.pointers(), std::size_t{1} << 30U,
                                [&](const StepFlow& flow) { return flow.key % keys; });
            for (std::size_t s = 0; s < plans.sessions.size(); ++s) {
                shared.run(s);
                EXPECT_EQ(prefix_output_of(plans.sessions[s]), alone[s]) << "net " << seed << ", plan " << s;
            }
        }
    }
}

TEST(SharedPrefix, ANanInTheSharedPartReachesEverySession) {
    Plans plans(3, 4);
    for (Session& session : plans.sessions) {
        session.input(0).as<float>()[40] = std::numeric_limits<float>::quiet_NaN();
    }
    std::vector<std::vector<bool>> alone;
    const auto nans_of = [](const Session& session) {
        std::vector<bool> nans;
        for (const float value : session.output(0).as<float>()) nans.push_back(std::isnan(value));
        return nans;
    };
    for (Session& session : plans.sessions) {
        session.run();
        alone.push_back(nans_of(session));
    }
    SharedPrefix shared(plans.pointers(), std::size_t{1} << 30U);
    for (std::size_t s = 0; s < plans.sessions.size(); ++s) {
        shared.run(s);
        EXPECT_EQ(nans_of(plans.sessions[s]), alone[s]) << "plan " << s;
    }
}

TEST(SharedPrefix, SessionsThatShareOneMemoryAreNotConfused) {
    Plans plans(3, 1);
    WorkingMemory memory;
    CompileOptions options{.batch = 3};
    options.hashes_steps = true;
    options.memory = &memory;
    Session first(plans.graph, reference_ops(), options);
    Session second(plans.graph, reference_ops(), options);
    const Tensor other = random_tensor({3, 3, 9, 9}, 9);
    std::copy(plans.input.as<float>().begin(), plans.input.as<float>().end(), first.input(0).as<float>().begin());
    std::copy(other.as<float>().begin(), other.as<float>().end(), second.input(0).as<float>().begin());
    first.run();
    const std::vector<float> before = prefix_output_of(first);
    second.run();
    EXPECT_EQ(prefix_output_of(first), before) << "results are no working memory";
    EXPECT_NE(prefix_output_of(second), before);
}

TEST(SharedPrefix, EqualSessionsRunOnce) {
    Plans plans(2, 1);
    CompileOptions options{.batch = 3};
    options.hashes_steps = true;
    std::vector<Session> twins;
    for (int i = 0; i < 2; ++i) twins.emplace_back(plans.graph, reference_ops(), options);
    const std::vector<Session*> pointers{&twins[0], &twins[1]};
    const SharedPrefix shared(pointers, std::size_t{1} << 30U);
    EXPECT_EQ(executed(shared, pointers, 0), twins[0].steps().size());
    EXPECT_EQ(executed(shared, pointers, 1), 0U);
}

TEST(SharedPrefix, WithoutMemoryEverySessionRunsByItself) {
    Plans plans(4, 3);
    const std::vector<Session*> pointers = plans.pointers();
    const SharedPrefix shared(pointers, 0);
    EXPECT_EQ(shared.kept_bytes(), 0U);
    for (std::size_t s = 0; s < 3; ++s) EXPECT_EQ(executed(shared, pointers, s), pointers[s]->steps().size());
}

TEST(SharedPrefix, KeepsNoMoreThanItMay) {
    for (const std::size_t limit : {1'000U, 20'000U, 200'000U}) {
        Plans plans(5, 6);
        const SharedPrefix shared(plans.pointers(), limit);
        EXPECT_LE(shared.kept_bytes(), limit);
    }
}

}  // namespace
}  // namespace halftone
