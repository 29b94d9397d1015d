// The strategy tpe: Parzen estimators that learn from outcomes. several_strategies_test.cpp has what it shares.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/named_strategy.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(Tpe, RefusesAShareOfGoodTrialsAboveOne) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    EXPECT_NO_THROW((void)make_named("tpe", space, "gamma: 0.25"));
    EXPECT_THROW((void)make_named("tpe", space, "gamma: 1.5"), ConfigError);
}

}  // namespace
}  // namespace halftone
