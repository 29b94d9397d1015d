// Texts and comments that stay what they are when a YAML reader sees them.
#include "init/config_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_node.hpp"

namespace halftone {
namespace {

TEST(YamlText, EveryTextReadsBackAsItself) {
    for (const std::string text :
         {"x",   "input.1", "495",    "3.5",      "data/a b",   "yes",         "No",         "null",
          "~",   "-",       "a: b",   "a#b",      "\"quoted\"", "back\\slash", "line\nfeed", "{a}",
          "[b]", "&anchor", "*alias", "!tag",     "%dir",       "@at",         "`tick",      "",
          "./x", "../y",    "/z",     "'single'", "ümlaut"}) {
        const ConfigNode node = parse_yaml("k: " + yaml_text(text), "c.yaml");
        EXPECT_EQ(node.entries.at(0).second.scalar, text) << yaml_text(text);
        EXPECT_EQ(node.entries.at(0).second.kind, ConfigNode::Kind::scalar) << text;
    }
}

TEST(YamlText, PlainWordsStayPlain) {
    EXPECT_EQ(yaml_text("data/train.npy"), "data/train.npy");
    EXPECT_EQ(yaml_text("495"), "\"495\"") << "a name that looks like a number";
}

TEST(ConfigLines, CommentsAreBrokenAndNeverEndEarly) {
    ConfigLines lines;
    lines.comment(1, "a long sentence " + std::string(100, 'x') + " and more words\nmodel: {path: evil}");
    for (const std::string& line : lines.lines()) {
        EXPECT_TRUE(line.starts_with("  # ")) << line;
        EXPECT_LE(line.size(), 110U);
        EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(ConfigLines, BlocksAreIndented) {
    ConfigLines lines;
    lines.add(1, "dataset");
    lines.block(2, {"MNIST:", "  root: data"});
    EXPECT_EQ(lines.text(), "  dataset:\n    MNIST:\n      root: data\n");
}

}  // namespace
}  // namespace halftone
