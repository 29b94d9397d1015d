#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "strategy/strategies.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(Strategies, EveryListedNameCanBeMade) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    ASSERT_THAT(strategy_names(), ::testing::Contains("basic"));
    for (const std::string& name : strategy_names()) {
        EXPECT_NE(make_strategy(name, {.space = space, .goal = Goal({}, 1.0)}), nullptr) << name;
    }
}

TEST(Strategies, AnUnknownNameIsAnErrorThatListsTheKnown) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    try {
        (void)make_strategy("bayesian2", {.space = space, .goal = Goal({}, 1.0)});
        FAIL() << "no error";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("'bayesian2' is unknown; this build has: basic"));
    }
}

TEST(Strategies, BasicHasNoSettings) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    const ConfigNode settings = parse_yaml("gamma: 0.3\n", "a.yaml");
    EXPECT_THROW((void)make_strategy("basic", {.space = space, .goal = Goal({}, 1.0), .settings = settings}),
                 ConfigError);
}

}  // namespace
}  // namespace halftone
