#include "base/clock.hpp"

#include <gmock/gmock.h>

namespace halftone {
namespace {

TEST(SystemClock, NeverGoesBack) {
    const SystemClock clock;
    const auto before = clock.now();
    EXPECT_GE(clock.now(), before);
}

TEST(SystemClock, DateTimeFitsInAFileName) {
    EXPECT_THAT(SystemClock().date_time(),
                testing::MatchesRegex("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]_[0-9][0-9]-[0-9][0-9]-[0-9][0-9]"));
}

TEST(FakeClock, StandsStillUntilAdvanced) {
    FakeClock clock;
    EXPECT_EQ(clock.now().count(), 0);
    clock.advance(std::chrono::milliseconds(1500));
    EXPECT_DOUBLE_EQ(seconds(clock.now()), 1.5);
}

}  // namespace
}  // namespace halftone
