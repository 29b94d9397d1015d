#include "base/check.hpp"

#include <gmock/gmock.h>

#include "base/enum_names.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace halftone {
namespace {

TEST(Check, IsSilentWhenTheConditionHolds) { EXPECT_NO_THROW(HALFTONE_CHECK(1 + 1 == 2, "arithmetic")); }

TEST(Check, ThrowsAnInternalErrorThatNamesConditionPlaceAndMeaning) {
    try {
        HALFTONE_CHECK(1 + 1 == 3, "arithmetic holds");
        FAIL() << "nothing was thrown";
    } catch (const InternalError& e) {
        EXPECT_EQ(e.code(), ExitCode::internal);
        EXPECT_THAT(e.what(), testing::HasSubstr("arithmetic holds"));
        EXPECT_THAT(e.what(), testing::HasSubstr("1 + 1 == 3"));
        EXPECT_THAT(e.what(), testing::HasSubstr("check_test.cpp:"));
    }
}

TEST(Check, PlacesAreGivenAsSeenFromTheSourceTree) {
    try {
        detail::check_failed("x", "/x/halftone/src/graph/graph.cpp", 12, "y");
    } catch (const InternalError& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr(" src/graph/graph.cpp:12:"));
    }
}

TEST(Error, ContextIsAddedInFrontOnTheWayUp) {
    try {
        try {
            throw ModelError("scale is NaN");
        } catch (Error& e) {
            e.add_context("node /0/conv");
            throw;
        }
    } catch (const ModelError& e) {
        EXPECT_STREQ(e.what(), "node /0/conv: scale is NaN");
        EXPECT_EQ(e.code(), ExitCode::model);
    }
}

enum class Color { red, blue };
constexpr EnumNames<Color, 2> kColors{{{{Color::red, "red"}, {Color::blue, "blue"}}}};

TEST(EnumNames, EveryNameParsesBack) {
    for (const Color color : {Color::red, Color::blue}) EXPECT_EQ(kColors.parse(kColors.name(color)), color);
    EXPECT_EQ(kColors.parse("green"), std::nullopt);
    EXPECT_EQ(kColors.allowed(), "red blue");
}

TEST(Ids, ADefaultIdIsNone) {
    EXPECT_FALSE(TrialId{}.is_valid());
    EXPECT_TRUE(make_id<TrialId>(0).is_valid());
    EXPECT_LT(TrialId{3}, TrialId{4});
    EXPECT_FALSE((std::is_convertible_v<TrialId, RankId>));
}

}  // namespace
}  // namespace halftone
