// symbol.json: what is read of it, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "import/mxnet/symbol.hpp"

namespace halftone {
namespace {

const std::string kTwoNodes = R"({"nodes": [{"op": "null", "name": "data", "inputs": []},
  {"op": "Activation", "name": "a", "attr": {"act_type": "tanh"}, "inputs": [[0, 0, 0]]}],
  "arg_nodes": [0], "heads": [[1, 0]], "attrs": {"mxnet_version": ["int", 10901]}})";

std::string with(const std::string& from, const std::string& to) {
    std::string text = kTwoNodes;
    return text.replace(text.find(from), from.size(), to);
}

void expect_refused(const std::string& text, const std::string& word) {
    try {
        (void)parse_mxnet_symbol(text, "s.json");
        FAIL() << text;
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), testing::AllOf(testing::StartsWith("s.json: "), testing::HasSubstr(word)));
    }
}

TEST(MxnetSymbol, NodesEdgesAttributesAndVersion) {
    const MxnetSymbol symbol = parse_mxnet_symbol(kTwoNodes, "s.json");
    ASSERT_EQ(symbol.nodes.size(), 2U);
    EXPECT_TRUE(symbol.nodes[0].is_variable());
    EXPECT_EQ(symbol.nodes[1].op, "Activation");
    EXPECT_EQ(symbol.nodes[1].inputs.at(0).node, 0U);
    EXPECT_EQ(symbol.outputs.at(0).node, 1U);
    EXPECT_EQ(symbol.version, 10901);
}

TEST(MxnetSymbol, AttributesUnderTheKeysOfEveryVersion) {
    for (const char* key : {"\"attr\"", "\"attrs\"", "\"param\""}) {
        const MxnetSymbol symbol = parse_mxnet_symbol(with("\"attr\"", key), "s.json");
        EXPECT_EQ(symbol.nodes[1].attributes.at("act_type"), "tanh") << key;
    }
}

TEST(MxnetSymbol, DamageIsRefusedByName) {
    expect_refused("", "no JSON");
    expect_refused("[]", "no JSON object");
    expect_refused("{}", "no list 'nodes'");
    expect_refused(with("[[0, 0, 0]]", "[[1, 0, 0]]"), "does not stand before");
    expect_refused(with("[[0, 0, 0]]", "[[-1, 0, 0]]"), "no index");
    expect_refused(with("[[0, 0, 0]]", "[7]"), "no list of 1 to 3 numbers");
    expect_refused(with("[[1, 0]]", "[[2, 0]]"), "does not stand before");
    expect_refused(with("[[1, 0]]", "[]"), "no heads");
    expect_refused(with("\"name\": \"a\"", "\"name\": 3"), "'name'");
    expect_refused(with("\"name\": \"a\"", "\"name\": \"a\\u0007\""), "name");
}

TEST(MxnetSymbol, DeepNestingIsNoProblem) {
    const std::size_t depth = 200'000;
    expect_refused(std::string(depth, '[') + std::string(depth, ']'), "no JSON object");
}

TEST(MxnetSymbol, IsRecognizedByItsKeys) {
    EXPECT_TRUE(is_mxnet_symbol(kTwoNodes));
    EXPECT_FALSE(is_mxnet_symbol("{\"nodes\": []}"));
    EXPECT_FALSE(is_mxnet_symbol("nodes heads"));
    EXPECT_FALSE(is_mxnet_symbol(""));
}

}  // namespace
}  // namespace halftone
