#include "base/text.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/rng.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;

TEST(Trim, RemovesBlanksAtBothEndsOnly) {
    EXPECT_EQ(trim(" \t a b \r\n"), "a b");
    EXPECT_EQ(trim("   "), "");
    EXPECT_EQ(trim(""), "");
}

TEST(Split, TrimsPartsAndKeepsEmptyOnes) {
    EXPECT_THAT(split("int8, fp32", ','), ElementsAre("int8", "fp32"));
    EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
    EXPECT_THAT(split("a,", ','), ElementsAre("a", ""));
    EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Join, PutsTheSeparatorBetween) {
    EXPECT_EQ(join(std::vector<std::string>{"a", "b", "c"}, ", "), "a, b, c");
    EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
}

TEST(NearestName, FindsALikelyTypingError) {
    const std::vector<std::string> known{"accuracy_criterion", "exit_policy", "max_trials", "timeout"};
    EXPECT_EQ(nearest_name("max_trails", known), "max_trials");
    EXPECT_EQ(nearest_name("exit-policy", known), "exit_policy");
    EXPECT_EQ(nearest_name("timeouts", known), "timeout");
}

TEST(NearestName, CountsTwoSwappedLettersAsOneMistake) {
    EXPECT_EQ(nearest_name("nmae", std::vector<std::string>{"name"}), "name");
    EXPECT_EQ(nearest_name("tep", std::vector<std::string>{"tpe"}), "tpe");
    EXPECT_EQ(nearest_name("emna", std::vector<std::string>{"name"}), std::nullopt);
}

TEST(NearestName, StaysSilentWhenNothingIsNear) {
    EXPECT_EQ(nearest_name("dataloader", std::vector<std::string>{"timeout", "exit_policy"}), std::nullopt);
    EXPECT_EQ(nearest_name("x", std::vector<std::string>{}), std::nullopt);
}

TEST(NearestName, AllowsAThirdOfTheLongerWordAndAtLeastOne) {
    EXPECT_EQ(nearest_name("kk", std::vector<std::string>{"kl"}), "kl");              // 1 of 2
    EXPECT_EQ(nearest_name("ab", std::vector<std::string>{"kl"}), std::nullopt);      // 2 of 2
    EXPECT_EQ(nearest_name("abcdxx", std::vector<std::string>{"abcdef"}), "abcdef");  // 2 of 6
    EXPECT_EQ(nearest_name("abcxxx", std::vector<std::string>{"abcdef"}), std::nullopt);
}

TEST(NearestName, TakesTheNearestAndOfEqualsTheFirst) {
    EXPECT_EQ(nearest_name("random1", std::vector<std::string>{"randomly", "random"}), "random");
    EXPECT_EQ(nearest_name("tpx", std::vector<std::string>{"tpe", "tpa"}), "tpe");
}

TEST(FloatText, AlwaysLooksLikeAFloat) {
    EXPECT_EQ(float_text(0.0235), "0.0235");
    EXPECT_EQ(float_text(1e-5), "1.0e-05");
    EXPECT_EQ(float_text(3.0), "3.0");
    EXPECT_EQ(float_text(-0.0), "-0.0");
    EXPECT_EQ(float_text(1e22), "1.0e+22");
    EXPECT_EQ(float_text(0.1F), "0.1");
    EXPECT_EQ(float_text(16777216.0F), "16777216.0");
}

TEST(FloatText, WritesNonNumbersAsYamlDoes) {
    const double inf = std::numeric_limits<double>::infinity();
    EXPECT_EQ(float_text(inf), ".inf");
    EXPECT_EQ(float_text(-inf), "-.inf");
    EXPECT_EQ(float_text(std::nan("")), ".nan");
}

// The oracle is libc's strtof and strtod. A float must also survive a reader that parses to double first.
TEST(FloatText, AnyFloatReadsBackExactly) {
    Rng rng(1);
    for (int i = 0; i < 100'000; ++i) {
        const float value = std::bit_cast<float>(static_cast<std::uint32_t>(rng.next()));
        if (!std::isfinite(value)) continue;
        const std::string text = float_text(value);
        ASSERT_NE(text.find('.'), std::string::npos) << text;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(std::strtof(text.c_str(), nullptr)),
                  std::bit_cast<std::uint32_t>(value));
        ASSERT_EQ(static_cast<float>(std::strtod(text.c_str(), nullptr)), value) << text;
    }
}

TEST(FloatText, AnyDoubleReadsBackExactly) {
    Rng rng(2);
    for (int i = 0; i < 100'000; ++i) {
        const double value = std::bit_cast<double>(rng.next());
        if (!std::isfinite(value)) continue;
        const std::string text = float_text(value);
        const double back = std::strtod(text.c_str(), nullptr);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << text;
    }
}

TEST(Hex16, RoundTripsAndHasOneSpelling) {
    EXPECT_EQ(hex16(0), "0000000000000000");
    EXPECT_EQ(hex16(0x9f3cULL), "0000000000009f3c");
    for (const std::uint64_t value : {0ULL, 1ULL, ~0ULL, 0x0123456789abcdefULL}) {
        EXPECT_EQ(parse_hex16(hex16(value)), value);
    }
    for (const char* bad :
         {"", "9f3c", "000000000000000g", "00000000000000001", "ABCDEF0123456789", "-000000000000001"}) {
        EXPECT_EQ(parse_hex16(bad), std::nullopt) << bad;
    }
}

TEST(ParseInt, TakesTheWholeTextOrNothing) {
    EXPECT_EQ(parse_int("-3"), -3);
    EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    for (const char* bad : {"", " 3", "3 ", "3.0", "0x10", "+3", "1e3", "9223372036854775808", "three"}) {
        EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
    }
}

TEST(ParseDouble, TakesFiniteDecimalsOnly) {
    EXPECT_EQ(parse_double("1.0e-05"), 1e-5);
    EXPECT_EQ(parse_double("-2"), -2.0);
    for (const char* bad : {"", " 1", "1 ", "1,5", "inf", "nan", "-inf", "0x1p3", "1e999", "1.0.0"}) {
        EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
    }
}

TEST(Text, ControlCharactersAreNotPrinted) {
    EXPECT_EQ(printable("\x1b[31mred\x1b[0m\a\r\x7f"), "?[31mred?[0m???");
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J, \xc2\xa0, \xc2"),
              "?2J, \xc2\xa0, \xc2")
        << "U+009B is a control character, U+00A0 is none";
    EXPECT_EQ(printable("two\n\tlines: \xc3\xa9"), "two\n\tlines: \xc3\xa9") << "UTF-8 stays";
}

}  // namespace
}  // namespace halftone
