#include "config/name_regex.hpp"

#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::error_of;
using testing::HasSubstr;

TEST(NameRegex, MatchesTheWholeName) {
    EXPECT_TRUE(NameRegex("/layer[1-3]/conv\\d+").matches("/layer2/conv10"));
    EXPECT_FALSE(NameRegex("conv").matches("conv1"));
    EXPECT_TRUE(NameRegex(".*/(conv|fc)").matches("a/b/fc"));
    EXPECT_TRUE(NameRegex("").matches(""));
}

// As in a glob, where '?' is one byte. The name is "conv" and a Greek letter of two bytes.
TEST(NameRegex, ReadsBytes) {
    EXPECT_TRUE(NameRegex("conv..").matches("conv\xce\xb1"));
    EXPECT_FALSE(NameRegex("conv.").matches("conv\xce\xb1"));
    EXPECT_TRUE(NameRegex("a.b").matches(std::string_view("a\0b", 3)));
}

TEST(NameRegex, SaysWhatItLeavesOut) {
    for (const char* pattern : {"conv(?=1)", "conv(?!1)", "(?<=a)conv", "(?<!a)conv", "(?>a)"}) {
        EXPECT_THAT(NameRegex(pattern).error(), HasSubstr("there are no look-ahead, look-behind and back-references"))
            << pattern;
    }
    EXPECT_EQ(NameRegex("(a)\\1").error(), "the back-reference '\\1' is not supported");
    EXPECT_EQ(NameRegex("(a)\\10").error(), "the back-reference '\\1' is not supported");  // not the byte with number 8
    EXPECT_EQ(NameRegex("a\\\\1").error(), "");                                            // a backslash, then 1
    EXPECT_THAT(NameRegex("conv(").error(), HasSubstr("missing )"));
}

// Each of these takes exponential time or memory where a matcher tries one way after the other, or unrolls.
TEST(NameRegex, TakesATimeThatIsLinearInTheName) {
    const std::string name = std::string(100'000, 'a') + "!";
    for (const char* pattern : {"(a+)+", "(a|a)*b", "(a?){1000}b", ".*.*.*.*.*b", "([a-z]+)*\\d"}) {
        const NameRegex regex(pattern);
        EXPECT_EQ(regex.error(), "") << pattern;
        EXPECT_FALSE(regex.matches(name)) << pattern;
    }
    EXPECT_NE(NameRegex("((((a{100}){100}){100}){100})").error(), "");
}

TEST(RuleKey, MayBeAGlobOrARegexOfAtMost4KiB) {
    EXPECT_EQ(rule_key_error("conv[*"), "");
    EXPECT_EQ(rule_key_error("(?=)"), "");  // no "re:", so it is a glob
    EXPECT_THAT(rule_key_error("re:("), HasSubstr("is not a valid regex: missing )"));
    EXPECT_EQ(rule_key_error(std::string(4096, 'x')), "");
    EXPECT_EQ(rule_key_error(std::string(4097, 'x')), "has 4097 bytes; a name or pattern may have 4096");
}

TEST(RuleKey, IsCheckedWhenTheConfigIsRead) {
    EXPECT_THAT(error_of("quantization:\n  op_wise: {'re:conv(?!1).*': {weight: {dtype: [fp32]}}}"),
                HasSubstr("c.yaml:2:13: quantization.op_wise 're:conv(?!1).*' is not a valid regex: '(?!' is not"));
    EXPECT_THAT(error_of("quantization:\n  exclude: [conv1, 're:(a)\\1']"),
                HasSubstr("c.yaml:2:20: quantization.exclude 're:(a)\\1' is not a valid regex: the back-reference"));
    EXPECT_THAT(error_of("quantization:\n  exclude: ['" + std::string(5000, '?') + "']"),
                HasSubstr("…' has 5000 bytes"));
}

}  // namespace
}  // namespace halftone
