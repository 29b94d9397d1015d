// parse_yaml and to_yaml: what is read, where it says it stands, what is refused.
#include "config/yaml_writer.hpp"

#include "config/yaml_text.hpp"
#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::message_of;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

ConfigNode parsed(std::string_view text) { return parse_yaml(text, "f"); }
std::string yaml_error_of(std::string_view text) {
    return message_of([&] { static_cast<void>(parsed(text)); });
}

TEST(ParseYaml, KeepsTheOrderOfKeys) {
    const ConfigNode root = parsed("b: 1\na: 2\nc: 3\n");
    ASSERT_EQ(root.entries.size(), 3U);
    EXPECT_EQ(root.entries[0].first + root.entries[1].first + root.entries[2].first, "bac");
}

TEST(ParseYaml, GivesEveryNodeItsPathAndPlaceFromOne) {
    const ConfigNode root = parsed("a:\n  b: [x, {c: y}]\n");
    const ConfigNode& list = *root.find("a")->find("b");
    EXPECT_EQ(list.path, "a.b");
    EXPECT_EQ(list.key_mark.to_text(), "f:2:3");
    EXPECT_EQ(list.mark.to_text(), "f:2:6");
    EXPECT_EQ(list.items[1].find("c")->path, "a.b[1].c");
    EXPECT_EQ(list.items[1].find("c")->mark.to_text(), "f:2:14");
}

TEST(ParseYaml, TakesNullAndNothingForAnEmptyMap) {
    const ConfigNode root = parsed("ToTensor:\na: null\nb: ~\nc: {}\nd: ''\n");
    for (const char* key : {"ToTensor", "a", "b", "c"}) EXPECT_TRUE(root.find(key)->is_empty()) << key;
    EXPECT_EQ(root.find("ToTensor")->mark.to_text(), "f:1:1");
    EXPECT_FALSE(root.find("d")->is_empty());
    EXPECT_TRUE(parsed("").is_empty());
    EXPECT_TRUE(parsed("# only a comment\n").is_empty());
}

TEST(ParseYaml, KnowsQuotedTextFromPlainText) {
    const ConfigNode root = parsed("a: 1\nb: '1'\nc: \"1\"\nd: !!str 1\n");
    EXPECT_FALSE(root.find("a")->is_quoted);
    for (const char* key : {"b", "c", "d"}) EXPECT_TRUE(root.find(key)->is_quoted) << key;
}

TEST(ParseYaml, RefusesADuplicateKeyWithBothPlaces) {
    EXPECT_EQ(yaml_error_of("a:\n  b: 1\n  c: 2\n  b: 3\n"), "f:4:3: a.b is given twice; first at f:2:3");
    EXPECT_EQ(yaml_error_of("{x: 1, x: 2}"), "f:1:8: x is given twice; first at f:1:2");
}

TEST(ParseYaml, RefusesASecondDocument) {
    EXPECT_EQ(yaml_error_of("a: 1\n---\nb: 2\n"),
              "f:2:1: a second YAML document starts here; a config is one document");
}

TEST(ParseYaml, RefusesTabsInTheIndentation) {
    EXPECT_EQ(yaml_error_of("a:\n\tb: 1\n"), "f:2:1: a tab in the indentation; YAML indents with spaces");
    EXPECT_EQ(yaml_error_of("a:\n  \tb: 1\n"), "f:2:3: a tab in the indentation; YAML indents with spaces");
    EXPECT_EQ(yaml_error_of("a: 1\t# after a value, and on blank lines, a tab is harmless\n\t\n"), "(no error)");
}

TEST(ParseYaml, LooksAtABlankLineOfTabsOnlyTwice) {
    // A search of the rest of the line from each tab would look at 2^31 characters here.
    const std::string tabs(std::size_t{1} << 16U, '\t');
    for (const std::string& text : {tabs, tabs + "\n" + tabs, tabs + "# comment\na: 1\n", " " + tabs + " \r\n"}) {
        EXPECT_LE(config_detail::check_yaml_text(text, "f"), 2 * text.size());
    }
}

TEST(ParseYaml, RefusesBadIndentationWithPlaceAndReason) {
    EXPECT_EQ(yaml_error_of("a: 1\n  b: 2\n"), "f:2:4: not valid YAML: illegal map value");
    EXPECT_EQ(yaml_error_of("a:\n   b: 1\n  c: 2\n"), "f:3:3: not valid YAML: end of map not found");
}

TEST(ParseYaml, RefusesWhatIsNeverClosed) {
    EXPECT_THAT(yaml_error_of("a: \"x\nb: 1\n"), HasSubstr("illegal EOF in scalar"));
    EXPECT_THAT(yaml_error_of("a: 'x\n"), HasSubstr("illegal EOF in scalar"));
    EXPECT_THAT(yaml_error_of("a: [1, 2\n"), EndsWith("end of sequence flow not found"));
    EXPECT_THAT(yaml_error_of("a: {b: 1\n"), EndsWith("end of map flow not found"));
}

TEST(ParseYaml, RefusesAKeyWithoutColon) {
    EXPECT_EQ(yaml_error_of("transform: {ToTensor, Rescale: }"), "f:1:13: the key 'ToTensor' has no ':' after it");
    EXPECT_THAT(yaml_error_of("a: 1\nb\n"), StartsWith("f:2:"));
}

TEST(ParseYaml, RefusesKeysThatAreNoText) {
    EXPECT_THAT(yaml_error_of("? [a]\n: 1\n"), StartsWith("f:1:3: a key must be plain text"));
    EXPECT_EQ(yaml_error_of(": 1\n"), "f:1:1: a key must not be empty");
    EXPECT_EQ(yaml_error_of("'': 1\n"), "f:1:1: a key must not be empty");
}

TEST(ParseYaml, RefusesBytesThatAreNoText) {
    EXPECT_EQ(yaml_error_of(std::string("a: 1\nb: \x04\nc: 2\n")), "f:2:4: a control character (0x04)");
    EXPECT_EQ(yaml_error_of(std::string("a: \0", 4)), "f:1:4: a control character (0x00)");
    EXPECT_EQ(yaml_error_of("a: \xff\xfe"), "f:1:4: not UTF-8 text");
    EXPECT_EQ(yaml_error_of("a: \xc3"), "f:1:4: not UTF-8 text");
}

TEST(ParseYaml, ReadsUtf8ByteOrderMarksAndWindowsLineEnds) {
    const ConfigNode root = parsed("\xef\xbb\xbfname: caf\xc3\xa9\r\nb: 2\r\n");
    EXPECT_EQ(root.find("name")->scalar, "caf\xc3\xa9");
    EXPECT_EQ(root.find("b")->scalar, "2");
}

TEST(ParseYaml, AcceptsLpotsPythonTuplesAndNoOtherForeignTag) {
    EXPECT_EQ(parsed("a: !!python/tuple [1, 2]\n").find("a")->items.size(), 2U);
    EXPECT_EQ(yaml_error_of("a: !include other.yaml\n"), "f:1:4: the tag !include is not supported");
}

TEST(ParseYaml, AliasesCopyTheTreeAndKeepTheMarksOfTheAnchor) {
    const ConfigNode root = parsed("a: &x {k: 1}\nb: *x\n");
    const ConfigNode& copy = *root.find("b")->find("k");
    EXPECT_EQ(copy.scalar, "1");
    EXPECT_EQ(copy.path, "b.k");
    EXPECT_EQ(copy.mark.to_text(), "f:1:11");
    EXPECT_EQ(root.find("b")->key_mark.to_text(), "f:2:1");
}

TEST(ParseYaml, MergeKeysAddWhatTheMapDoesNotGiveItself) {
    const ConfigNode root = parsed("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\nc: {<<: [*x, {m: 4}]}\n");
    const ConfigNode& b = *root.find("b");
    EXPECT_EQ(b.entries.size(), 2U);
    EXPECT_EQ(b.find("k")->scalar, "3");
    EXPECT_EQ(b.find("l")->scalar, "2");
    EXPECT_EQ(b.find("l")->path, "b.l");
    EXPECT_EQ(root.find("c")->find("m")->scalar, "4");
    EXPECT_EQ(yaml_error_of("a: {<<: 1}\n"), "f:1:5: << needs a map or a list of maps");
}

TEST(ParseYaml, RefusesAnAliasInsideItsOwnAnchorAndUnknownAnchors) {
    EXPECT_EQ(yaml_error_of("a: &x {b: *x}\n"), "f:1:11: an alias inside its own anchor never ends");
    EXPECT_EQ(yaml_error_of("a: *x\n"), "f:1:4: not valid YAML: the referenced anchor is not defined");
}

TEST(ParseYaml, RefusesAnAliasBomb) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string n = std::to_string(i);
        const std::string last = "*a" + std::to_string(i - 1);
        bomb += "a" + n + ": &a" + n + " [" + last;
        for (int k = 0; k < 9; ++k) bomb += ", " + last;
        bomb += "]\n";
    }
    EXPECT_THAT(yaml_error_of(bomb), HasSubstr("more than 100000 values"));
}

TEST(ParseYaml, RefusesDeepNesting) {
    const std::string deep = "a: " + std::string(100, '[') + std::string(100, ']');
    EXPECT_EQ(yaml_error_of(deep), "f:1:67: nested deeper than 64 levels");
    EXPECT_NE(yaml_error_of(std::string(100'000, '[')), "(no error)");
    EXPECT_NE(yaml_error_of(std::string(100'000, '{')), "(no error)");
    std::string dashes;
    for (int i = 0; i < 10'000; ++i) dashes += "- ";
    EXPECT_NE(yaml_error_of(dashes), "(no error)");
}

TEST(ParseYaml, RefusesAHugeText) {
    EXPECT_EQ(yaml_error_of(std::string((1U << 20U) + 1, '#')), "f: has more than 1048576 bytes");
}

TEST(ToYaml, WritesBlocksAndShortLists) {
    EXPECT_EQ(to_yaml(parsed("{a: {b: [1, 2], c: }, d: [{e: 1, f: [[x]]}], g: []}")),
              "a:\n  b: [1, 2]\n  c: {}\nd:\n  - e: 1\n    f:\n      - [x]\ng: []\n");
}

TEST(ToYaml, QuotesWhatWouldBeReadAsSomethingElse) {
    EXPECT_EQ(to_yaml(text_node("on")), "'on'\n");
    EXPECT_EQ(to_yaml(text_node("1.5")), "'1.5'\n");
    EXPECT_EQ(to_yaml(text_node("it's")), "'it''s'\n");
    EXPECT_EQ(to_yaml(text_node("a: b")), "'a: b'\n");
    EXPECT_EQ(to_yaml(text_node("")), "''\n");
    EXPECT_EQ(to_yaml(text_node("a\nb")), "\"a\\x0ab\"\n");
    EXPECT_EQ(to_yaml(text_node("/data/a_b-c.onnx")), "/data/a_b-c.onnx\n");
}

TEST(ToYaml, WritesEachNodeInItsStyle) {
    ConfigNode rows = yaml::flush_list({yaml::flow_map({{"a", yaml::quoted("x")}, {"b", yaml::integer(2)}}),
                                        yaml::map({{"c", yaml::null()}, {"d", yaml::boolean(true)}})});
    rows.comment = "how they were found";
    EXPECT_EQ(to_yaml(yaml::map({{"format", yaml::integer(1)},
                                 {"rows", rows},
                                 {"none", yaml::flush_list({})},
                                 {"scale", yaml::flow_list({yaml::number(0.5F), yaml::number(1e-05)})},
                                 {"inner", yaml::map({{"list", yaml::flush_list({yaml::word("w")})}})}})),
              "format: 1\n"
              "rows:  # how they were found\n- {a: \"x\", b: 2}\n- c: null\n  d: true\n"
              "none: []\n"
              "scale: [0.5, 1.0e-05]\n"
              "inner:\n  list:\n  - w\n");
}

TEST(ToYaml, DoubleQuotesHoldAnyText) {
    for (const std::string text :
         {"", "a \"b\" \\ c", "line\nfeed", "tab\tbell\x07", "é: [1]", "#no, comment", "null"}) {
        const ConfigNode tree = yaml::map({{"a", yaml::flow_list({yaml::quoted(text)})}});
        EXPECT_EQ(parsed(to_yaml(tree)).find("a")->items.at(0).scalar, text) << to_yaml(tree);
    }
    EXPECT_EQ(to_yaml(yaml::quoted("a\nb\x01")), "\"a\\nb\\x01\"\n");
}

TEST(ToYaml, ACommaWithinALineOfItemsIsQuoted) {
    EXPECT_EQ(to_yaml(yaml::flow_list({text_node("a,b"), text_node("c")})), "['a,b', c]\n");
}

TEST(ToYaml, ReadsBackAsTheSameTree) {
    for (const char* text :
         {"a: 1%\nb: -0.5\nc: [a b, 'a, b', \"q\\\"\\t\"]\n", "- - 1\n  - [2]\n- {x: y}\n-\n", "'a: b': \"\\x01\"\n",
          "'yes': ~\n'-': '- x'\n'#': 'a #b'\n", "a: |\n  text\n   more\nb: >\n  folded\n", "x y: http://a/b\n",
          "'conv.*[0-9]': {re:^a$: 1}\n", "é: ü\n", "[]", "{}", "plain", "'quoted'", ""}) {
        const ConfigNode tree = parsed(text);
        EXPECT_TRUE(is_same_tree(tree, parsed(to_yaml(tree)))) << text << "\nis written as\n" << to_yaml(tree);
    }
}

TEST(ResolvePath, IsRelativeToTheFolderOfTheFile) {
    const ConfigNode root = parse_yaml("a: m.onnx\nb: /x/m.onnx\nc: ../m.onnx\n", "configs/demo/t.yaml");
    EXPECT_EQ(resolve_path(*root.find("a")), "configs/demo/m.onnx");
    EXPECT_EQ(resolve_path(*root.find("b")), "/x/m.onnx");
    EXPECT_EQ(resolve_path(*root.find("c")), "configs/demo/../m.onnx");
    EXPECT_EQ(resolve_path(*parse_yaml("a: m.onnx", "t.yaml").find("a")), "m.onnx");
}

TEST(ParseYaml, AnEmptyTextStillKnowsItsFile) { EXPECT_EQ(parse_yaml("", "mine.yaml").mark.to_text(), "mine.yaml"); }

}  // namespace
}  // namespace halftone
