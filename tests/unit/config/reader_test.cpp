// Reader: LPOT's coercions, and messages that point.
#include "config/reader.hpp"

#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::message_of;
using Integers = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
using Words = std::vector<std::string>;

/// Reads the key "k" of a one-line map; the value starts at f:1:4.
template <class Read>
auto read(const std::string& value, Read call) {
    const ConfigNode root = parse_yaml("k: " + value, "f");
    Reader reader(root);
    return call(reader);
}
template <class Read>
std::string error(const std::string& value, Read call) {
    return message_of([&] { static_cast<void>(read(value, call)); });
}

// NOLINTBEGIN(readability-identifier-naming): they read as the calls they are.
const auto boolean = [](Reader& r) { return r.boolean("k", false); };
const auto positive = [](Reader& r) { return r.integer("k", 7, 1); };
const auto number = [](Reader& r) { return r.number("k", 0.5); };
const auto percent = [](Reader& r) { return r.percent("k").value_or(-99); };
const auto integers = [](Reader& r) { return r.integers("k", {7}); };
const auto numbers = [](Reader& r) { return r.numbers("k", {}); };
const auto words = [](Reader& r) { return r.words("k", {"fallback"}); };
// NOLINTEND(readability-identifier-naming)

TEST(Reader, BooleansAreYamlsWords) {
    for (const char* text : {"true", "True", "TRUE", "yes", "On"}) EXPECT_TRUE(read(text, boolean)) << text;
    for (const char* text : {"false", "False", "no", "OFF", ""}) EXPECT_FALSE(read(text, boolean)) << text;
    EXPECT_EQ(error("1", boolean), "f:1:4: k must be True or False, got '1'");
    EXPECT_EQ(error("'True'", boolean), "f:1:4: k must be True or False, got 'True'");
}

TEST(Reader, IntegersNameTheirRange) {
    EXPECT_EQ(read("12", positive), 12);
    EXPECT_EQ(read("", positive), 7);
    EXPECT_EQ(error("-3", positive), "f:1:4: k must be an integer > 0, got '-3'");
    EXPECT_EQ(error("1.5", positive), "f:1:4: k must be an integer > 0, got '1.5'");
    EXPECT_EQ(error("'12'", positive), "f:1:4: k must be an integer > 0, got '12'");
    EXPECT_EQ(error("[1]", positive), "f:1:4: k must be an integer > 0, got a list");
    EXPECT_EQ(error("99999999999999999999", positive), "f:1:4: k must be an integer > 0, got '99999999999999999999'");
    EXPECT_EQ(error("9", [](Reader& r) { return r.integer("k", 0, 0, 8); }),
              "f:1:4: k must be an integer from 0 to 8, got '9'");
}

TEST(Reader, NumbersTakeEverySpellingOfAFloat) {
    EXPECT_EQ(read("1", number), 1.0);
    EXPECT_EQ(read("1e-05", number), 1e-5);
    EXPECT_EQ(read("+.5", number), 0.5);
    EXPECT_EQ(error("nan", number), "f:1:4: k must be a number, got 'nan'");
    EXPECT_EQ(error("1,5", number), "f:1:4: k must be a number, got '1,5'");
}

TEST(Reader, PercentagesBecomeFractions) {
    EXPECT_DOUBLE_EQ(read("0.01", percent), 0.01);
    EXPECT_DOUBLE_EQ(read("1%", percent), 0.01);
    EXPECT_DOUBLE_EQ(read("'1%'", percent), 0.01);
    EXPECT_DOUBLE_EQ(read("-1%", percent), -0.01);
    EXPECT_DOUBLE_EQ(read("2", percent), 2.0);
    EXPECT_EQ(read("", percent), -99);
    EXPECT_EQ(error("one%", percent), "f:1:4: k must be a number or a percentage like 1%, got 'one%'");
}

TEST(Reader, IntegerListsTakeCommasBlanksAndSingleValues) {
    EXPECT_EQ(read("1000, 2000", integers), (Integers{1000, 2000}));
    EXPECT_EQ(read("'1000 2000'", integers), (Integers{1000, 2000}));
    EXPECT_EQ(read("[1000, 2000]", integers), (Integers{1000, 2000}));
    EXPECT_EQ(read("500", integers), (Integers{500}));
    EXPECT_EQ(read("", integers), (Integers{7}));
    EXPECT_EQ(error("1.5", integers), "f:1:4: k must be integers like 100, 200, got '1.5'");
    EXPECT_EQ(error("1,,2", integers), "f:1:4: k has an empty item, got '1,,2'");
}

TEST(Reader, NumberListsTakeCommasBlanksAndSingleValues) {
    EXPECT_EQ(read("123.68 116.78 103.94", numbers), (Numbers{123.68, 116.78, 103.94}));
    EXPECT_EQ(read("0.5, 0.25", numbers), (Numbers{0.5, 0.25}));
    EXPECT_EQ(read("[0.5, 1]", numbers), (Numbers{0.5, 1.0}));
    EXPECT_EQ(read("0.286", numbers), (Numbers{0.286}));
    EXPECT_EQ(error("a", numbers), "f:1:4: k must be numbers like 0.5 0.25, got 'a'");
}

TEST(Reader, WordListsTakeCommasBlanksAndSingleValues) {
    EXPECT_EQ(read("minmax, kl", words), (Words{"minmax", "kl"}));
    EXPECT_EQ(read("minmax kl", words), (Words{"minmax", "kl"}));
    EXPECT_EQ(read("['minmax', 'kl']", words), (Words{"minmax", "kl"}));
    EXPECT_EQ(read("kl", words), (Words{"kl"}));
    EXPECT_EQ(read("null", words), (Words{"fallback"}));
    EXPECT_EQ(error("[[a]]", words), "f:1:5: k[0] must be a word or number, got a list");
    EXPECT_EQ(error("{a: b}", words), "f:1:4: k must be a list or a text like 'a, b', got a map");
}

TEST(Reader, EnumsListTheirWords) {
    enum class Color { red, blue };
    static constexpr EnumNames<Color, 2> kNames{{{{Color::red, "red"}, {Color::blue, "blue"}}}};
    const auto color = [](Reader& r) { return r.word("k", kNames, Color::red); };
    EXPECT_EQ(read("blue", color), Color::blue);
    EXPECT_EQ(read("", color), Color::red);
    EXPECT_EQ(error("green", color), "f:1:4: k must be one of: red blue, got 'green'");
}

TEST(Reader, MissingTextNamesThePathOfTheKey) {
    const ConfigNode root = parse_yaml("a:\n  b: {c: 1}\n", "f");
    Reader reader(*root.find("a")->find("b"));
    EXPECT_EQ(message_of([&] { static_cast<void>(reader.required_text("root")); }), "f:2:3: a.b.root is missing");
}

TEST(Reader, LongValuesAreShortened) {
    EXPECT_EQ(error(std::string(500, 'x'), number), "f:1:4: k must be a number, got '" + std::string(60, 'x') + "…'");
}

TEST(Reader, UnknownKeysNameTheNearestKeyThatWasAskedFor) {
    const ConfigNode root = parse_yaml("a:\n  rooot: x\n", "f");
    Reader reader(*root.find("a"));
    static_cast<void>(reader.text("root", ""));
    static_cast<void>(reader.boolean("train", false));
    EXPECT_EQ(message_of([&] { reader.finish(); }),
              "f:2:3: a.rooot is unknown; allowed: root train; did you mean 'root'?");
}

TEST(Reader, UnknownKeysWithoutNearNameListTheAllowedOnes) {
    const ConfigNode root = parse_yaml("{zzz: 1}", "f");
    Reader reader(root);
    EXPECT_EQ(message_of([&] { reader.finish(); }), "f:1:2: zzz is unknown; allowed: no keys");
    static_cast<void>(reader.text("root", ""));
    EXPECT_EQ(message_of([&] { reader.finish(); }), "f:1:2: zzz is unknown; allowed: root");
}

TEST(Reader, ReadsMapsOnly) {
    const ConfigNode root = parse_yaml("k: [1]\nempty:\n", "f");
    EXPECT_EQ(message_of([&] { Reader reader(*root.find("k")); }),
              "f:1:4: k must be a map of keys and values, got a list");
    EXPECT_NO_THROW(Reader(*root.find("empty")).finish());
}

TEST(Reader, FailPointsAtTheValueOrAtItsMap) {
    const ConfigNode root = parse_yaml("a: {b: 1}\n", "f");
    const Reader reader(*root.find("a"));
    EXPECT_EQ(message_of([&] { reader.fail("b", "must be even"); }), "f:1:8: a.b must be even, got '1'");
    EXPECT_EQ(message_of([&] { reader.fail("c", "must be given"); }), "f:1:1: a.c must be given");
}

}  // namespace
}  // namespace halftone
