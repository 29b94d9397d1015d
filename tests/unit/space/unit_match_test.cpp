#include "space/unit_match.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/unit_graphs.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Glob, StarMatchesAnyText) {
    EXPECT_TRUE(matches_glob("conv*", "conv"));
    EXPECT_TRUE(matches_glob("*/conv", "/layer1/0/conv")) << "a slash is a byte like others";
    EXPECT_TRUE(matches_glob("a*b*c", "a_bb_b_c"));
    EXPECT_FALSE(matches_glob("a*b*c", "a_bb_b_"));
    EXPECT_TRUE(matches_glob("**", ""));
}

TEST(Glob, QuestionMarkMatchesOneByte) {
    EXPECT_TRUE(matches_glob("conv?", "conv1"));
    EXPECT_FALSE(matches_glob("conv?", "conv"));
    EXPECT_FALSE(matches_glob("conv?", "conv10"));
}

TEST(Glob, BracketsMatchASet) {
    EXPECT_TRUE(matches_glob("conv[1-3]", "conv2"));
    EXPECT_FALSE(matches_glob("conv[1-3]", "conv4"));
    EXPECT_TRUE(matches_glob("conv[!1-3]", "conv4"));
    EXPECT_TRUE(matches_glob("a[]]", "a]"));
    EXPECT_TRUE(matches_glob("a[b-]", "a-"));
    EXPECT_TRUE(matches_glob("a[1", "a[1")) << "without ']' it is itself";
    EXPECT_TRUE(matches_glob("a[", "a["));
    EXPECT_TRUE(matches_glob("a[!", "a[!"));
}

TEST(Glob, MatchesTheWholeText) {
    EXPECT_FALSE(matches_glob("conv1", "conv10"));
    EXPECT_FALSE(matches_glob("onv1", "conv1"));
    EXPECT_TRUE(matches_glob("conv.1", "conv.1")) << "a dot is a dot";
    EXPECT_FALSE(matches_glob("conv.1", "convx1"));
}

TEST(Glob, ManyStarsEndSoon) { EXPECT_FALSE(matches_glob(std::string(200, '*') + "b", std::string(5000, 'a'))); }

class UnitMatching : public ::testing::Test {
protected:
    UnitMatching() {
        const ValueId a = maker_.relu("/0/relu", maker_.conv("/0/conv", maker_.input()));
        const ValueId b = maker_.conv("/1/conv", a);
        graph_ = maker_.build({maker_.gemm("fc", maker_.flatten("flatten", maker_.max_pool("pool1", b)))});
        units_ = find_units(graph_);
    }
    [[nodiscard]] UnitMatch match(const std::string& key) const {
        return match_units({.key = key, .key_mark = {"a.yaml", 7, 3}, .constraint = {}}, "quantization.op_wise", graph_,
                           units_);
    }
    [[nodiscard]] std::string error(const std::string& key) const {
        try {
            (void)match(key);
        } catch (const ConfigError& caught) {
            return caught.what();
        }
        return "no error";
    }

    UnitGraphMaker maker_;
    Graph graph_;
    std::vector<Unit> units_;
};

TEST_F(UnitMatching, TakesAUnitsNameOrThatOfAnyOfItsNodes) {
    EXPECT_THAT(match("/0/conv").units, ElementsAre(0));
    EXPECT_THAT(match("/0/relu").units, ElementsAre(0));
    EXPECT_TRUE(match("/0/relu").is_exact);
}

TEST_F(UnitMatching, TakesGlobs) {
    EXPECT_THAT(match("/*/conv").units, ElementsAre(0, 1));
    EXPECT_FALSE(match("/*/conv").is_exact);
    EXPECT_THAT(match("*").units, ElementsAre(0, 1, 2));
}

TEST_F(UnitMatching, TakesRegexesThatMatchFully) {
    EXPECT_THAT(match("re:/\\d/conv").units, ElementsAre(0, 1));
    EXPECT_THAT(error("re:conv"), HasSubstr("matches no unit")) << "no part of a name";
}

TEST_F(UnitMatching, ABadRegexIsAnErrorWithItsPlace) {
    EXPECT_THAT(error("re:conv("), HasSubstr("a.yaml:7:3: quantization.op_wise 're:conv(' is not a valid regex"));
}

// std::regex runs out of stack on such a name.
TEST_F(UnitMatching, ARegexMeetsANameOf60000Characters) {
    std::vector<Unit> units = units_;
    units[1].name = std::string(60'000, 'a') + "b";
    const ConstraintRule rule{.key = "re:(a|aa)*b", .key_mark = {"a.yaml", 7, 3}, .constraint = {}};
    EXPECT_THAT(match_units(rule, "quantization.op_wise", graph_, units).units, ElementsAre(1));
    const ConstraintRule never{.key = "re:(a*)*c", .key_mark = {"a.yaml", 7, 3}, .constraint = {}};
    EXPECT_THROW((void)match_units(never, "quantization.op_wise", graph_, units), ConfigError);
}

TEST_F(UnitMatching, APatternOfMoreThan4KiBIsRefused) {
    EXPECT_THAT(error(std::string(5000, '*')), HasSubstr("…' has 5000 bytes; a name or pattern may have 4096"));
}

TEST_F(UnitMatching, AKeyThatMatchesNothingNamesTheNearest) {
    EXPECT_EQ(error("/0/cnv"),
              "a.yaml:7:3: quantization.op_wise '/0/cnv' matches no unit; nearest: '/0/conv', '/1/conv'");
    EXPECT_THAT(error("encoder"), HasSubstr("the names are '/0/conv', '/0/relu', '/1/conv', 'fc'"));
}

TEST_F(UnitMatching, ANodeOutsideAllUnitsIsCalledSo) {
    EXPECT_THAT(error("pool1"), HasSubstr("matches no unit; MaxPool node 'pool1' belongs to no unit that could be"));
}

TEST_F(UnitMatching, TakesTheFrameworksNameWhereNoOtherMatches) {
    std::vector<Unit> units = units_;
    units[0].name = "/layer1/layer1.0/conv1/Conv";
    const ConstraintRule rule{.key = "module.layer1.0.conv1", .key_mark = {"a.yaml", 7, 3}, .constraint = {}};
    const UnitMatch match = match_units(rule, "quantization.op_wise", graph_, units);
    EXPECT_THAT(match.units, ElementsAre(0));
    EXPECT_TRUE(match.is_exact);
    EXPECT_THAT(this->match("fc_MatMul").units, ElementsAre(2)) << "LPOT's name for a part of the Gemm 'fc'";
}

TEST_F(UnitMatching, KnowsTheNodesOfTheFileThatNoUnitHas) {
    GraphBuilder builder(graph_);
    builder.info().node_names = {"pool1", "folded/Shape", "/dense/f_cat/Concat"};
    const Graph graph = std::move(builder).build();
    const auto is_known = [&](const std::string& key) {
        return names_file_node({.key = key, .key_mark = {}, .constraint = {}}, graph);
    };
    for (const char* key : {"pool1", "folded/*", "re:pool\\d", "module.dense.f_cat"}) EXPECT_TRUE(is_known(key)) << key;
    for (const char* key : {"pool", "re:pool", "dense"}) EXPECT_FALSE(is_known(key)) << key;
}

TEST_F(UnitMatching, OpTypesAreThoseOfTheMainNodes) {
    EXPECT_THAT(match_op_type({.key = "Conv", .key_mark = {}, .constraint = {}}, "s", units_), ElementsAre(0, 1));
    EXPECT_THROW((void)match_op_type({.key = "MatMul", .key_mark = {}, .constraint = {}}, "s", units_), ConfigError);
}

}  // namespace
}  // namespace halftone
