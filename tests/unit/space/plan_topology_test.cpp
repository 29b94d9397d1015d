// Which tensors a plan quantizes; the rules are those of src/space/README.md.
#include <gtest/gtest.h>

#include <algorithm>

#include "space/search_space.hpp"
#include "support/toy_space.hpp"
#include "support/unit_graphs.hpp"

namespace halftone {
namespace {

using namespace test;

/// "x=minmax a_out=kl": the quantized tensors, by value id, with the algorithm that decides each.
std::string text_of(const std::vector<TensorPlan>& tensors) {
    std::string text;
    for (const TensorPlan& tensor : tensors) {
        text += (text.empty() ? "" : " ") + tensor.name + "=" + std::string(tensor.config.algorithm.word());
    }
    return text;
}

struct Chain {
    Chain() {
        const ValueId x = maker.input();
        graph = maker.build({maker.conv("c", maker.conv("b", maker.relu("a_relu", maker.conv("a", x))))});
        units = find_units(graph);
        topology = PlanTopology(graph, units);
    }
    UnitGraphMaker maker;
    Graph graph;
    std::vector<Unit> units;
    PlanTopology topology;
};

TEST(PlanTopology, AnInt8UnitReadsItsInputQuantized) {
    const Chain chain;
    ASSERT_EQ(chain.units.size(), 3U);
    EXPECT_EQ(text_of(chain.topology.tensors({kFp32, kKl, kFp32})), "a_relu_out=kl b_out=kl");
}

TEST(PlanTopology, AnInt8ConvWritesCodesButForTheGraphsOutput) {
    EXPECT_EQ(text_of(Chain().topology.tensors({kMinmax, kFp32, kFp32})), "x=minmax a_relu_out=minmax");
    EXPECT_EQ(text_of(Chain().topology.tensors({kMinmax, kMinmax, kMinmax})), "x=minmax a_relu_out=minmax b_out=minmax")
        << "c_out is the graph's output";
}

TEST(PlanTopology, TheProducerDecidesTheParameters) {
    EXPECT_EQ(text_of(Chain().topology.tensors({kKl, kMinmax, kFp32})), "x=kl a_relu_out=kl b_out=minmax");
}

TEST(PlanTopology, WithoutAnInt8ProducerTheFirstReaderDecides) {
    UnitGraphMaker maker;
    const ValueId x = maker.input();
    const ValueId a = maker.conv("a", x);
    const Graph graph = maker.build({maker.conv("b", a), maker.conv("c", a)});
    const PlanTopology topology(graph, find_units(graph));
    EXPECT_EQ(text_of(topology.tensors({kFp32, kKl, kMinmax})), "a_out=kl");
    EXPECT_EQ(text_of(topology.tensors({kFp32, kFp32, kMinmax})), "a_out=minmax");
}

TEST(PlanTopology, AnInt8UnitWithAResidualQuantizesBothOperandsOfItsAddition) {
    UnitGraphMaker maker;
    const ValueId a = maker.conv("a", maker.input());
    const ValueId sum = maker.add("add", maker.conv("b", a), a);
    const Graph graph = maker.build({maker.relu("relu", sum)});
    const std::vector<Unit> units = find_units(graph);
    ASSERT_EQ(units.size(), 2U);
    ASSERT_TRUE(units[1].residual.is_valid());
    const PlanTopology topology(graph, units);
    EXPECT_EQ(text_of(topology.tensors({kFp32, kKl})), "a_out=kl b_out=kl") << "input and residual are one tensor here";
    EXPECT_EQ(text_of(topology.tensors({kMinmax, kFp32})), "x=minmax a_out=minmax");
}

TEST(PlanTopology, ChainsOfPoolsAndReshapesCarryTheCodesOfAnInt8Producer) {
    UnitGraphMaker maker;
    const ValueId a = maker.conv("a", maker.input());
    const ValueId pooled = maker.max_pool("pool", a);
    const Graph graph = maker.build({maker.gemm("fc", maker.flatten("flatten", pooled))});
    const PlanTopology topology(graph, find_units(graph));
    EXPECT_EQ(text_of(topology.tensors({kKl, kMinmax})), "x=kl a_out=kl");
    EXPECT_EQ(text_of(topology.tensors({kFp32, kMinmax})), "flatten_out=minmax") << "codes start where they are read";
}

TEST(PlanTopology, AChainFromTheGraphInputStartsWhereItIsRead) {
    UnitGraphMaker maker;
    const Graph graph = maker.build({maker.conv("a", maker.max_pool("pool", maker.input()))});
    EXPECT_EQ(text_of(PlanTopology(graph, find_units(graph)).tensors({kKl})), "pool_out=kl");
}

TEST(PlanTopology, ObservableIsEveryTensorOfEveryPlan) {
    UnitGraphMaker maker;
    const ValueId a = maker.conv("a", maker.input());
    const ValueId sum = maker.add("add", maker.conv("b", a), a);
    const Graph graph = maker.build({maker.gemm("fc", maker.flatten("flatten", maker.max_pool("pool", sum)))});
    const std::vector<Unit> units = find_units(graph);
    const PlanTopology topology(graph, units);
    const std::string observable = text_of(topology.observable());
    EXPECT_EQ(observable, "x=minmax a_out=minmax b_out=minmax add_out=minmax flatten_out=minmax");
    for (int bits = 0; bits < 8; ++bits) {
        std::vector<UnitConfig> plan;
        for (int unit = 0; unit < 3; ++unit) plan.push_back((bits >> unit & 1) != 0 ? kMinmax : kFp32);
        for (const TensorPlan& tensor : topology.tensors(plan)) {
            EXPECT_NE(observable.find(tensor.name + "="), std::string::npos) << tensor.name;
        }
    }
}

TEST(PlanTopology, AConcatOfInt8ConvsSharesItsRangeUnlessTheRecipeIsOff) {
    UnitGraphMaker maker;
    const ValueId x = maker.input();
    const ValueId a = maker.conv("a", x);
    const ValueId b = maker.conv("b", x);
    const Graph graph = maker.build({maker.conv("c", maker.concat("joined", {a, b}))});
    const std::vector<Unit> units = find_units(graph);
    const PlanTopology on(graph, units);
    EXPECT_EQ(text_of(on.tensors({kKl, kMinmax, kMinmax})), "x=kl a_out=kl b_out=kl joined_out=kl");
    ASSERT_EQ(on.shared({kKl, kMinmax, kMinmax}).size(), 1U);
    EXPECT_EQ(on.shared({kKl, kMinmax, kMinmax})[0], (std::vector<std::string>{"a_out", "b_out", "joined_out"}));
    EXPECT_TRUE(on.shared({kKl, kFp32, kMinmax}).empty()) << "b is real";
    EXPECT_TRUE(on.shared({kKl, kMinmax, kFp32}).empty()) << "nobody reads codes";
    const PlanTopology off(graph, units, false);
    EXPECT_EQ(text_of(off.tensors({kKl, kMinmax, kMinmax})), "x=kl a_out=kl b_out=minmax joined_out=minmax");
    EXPECT_TRUE(off.shared({kKl, kMinmax, kMinmax}).empty());
}

TEST(PlanTopology, AnAlgorithmThatDecidesNoTensorHasNoEffect) {
    // b reads what int8 a produces, and nobody reads b quantized: b's algorithm decides nothing.
    UnitGraphMaker maker;
    const Graph graph = maker.build({maker.conv("b", maker.conv("a", maker.input()))});
    const SearchSpace space({decision("a", {kMinmax, kKl, kFp32}), decision("b", {kMinmax, kKl, kTensorKl, kFp32})},
                            {100}, PlanTopology(graph, find_units(graph)));
    EXPECT_EQ(space.make(0, {0, 0}).hash, space.make(0, {0, 1}).hash);
    EXPECT_NE(space.make(0, {0, 1}).hash, space.make(0, {0, 2}).hash) << "weights differ";
    EXPECT_NE(space.make(0, {0, 0}).hash, space.make(0, {1, 0}).hash);
    EXPECT_NE(space.make(0, {2, 0}).hash, space.make(0, {2, 1}).hash) << "behind fp32, b decides its input";
}

TEST(PlanTopology, ADynamicUnitQuantizesNoTensorOfAnybodyElse) {
    UnitGraphMaker maker;
    const ValueId conv = maker.conv("conv", maker.input());
    const Graph graph = maker.build({maker.gemm("fc", maker.flatten("flat", conv))});
    const std::vector<Unit> units = find_units(graph);
    UnitConfig dynamic = kMinmax;
    dynamic.activation.when = When::at_run_time;
    const PlanTopology topology(graph, units);
    EXPECT_TRUE(topology.tensors({kFp32, dynamic}).empty());
    std::vector<std::string> names;
    for (const TensorPlan& tensor : topology.tensors({kMinmax, dynamic})) names.push_back(tensor.name);
    // The convolution's own input and output: its output would be quantized whoever reads it.
    EXPECT_EQ(names.size(), 2U);
}

// Each of them is read by a unit, and none walks back along the chain: the tops are found once for all values.
TEST(PlanTopology, EveryValueOfAChainOfReshapesHasTheTopOfTheChain) {
    UnitGraphMaker maker;
    ValueId value = maker.conv("top", maker.input());
    std::vector<ValueId> ends;
    for (int i = 0; i < 4; ++i) {
        value = maker.flatten("flatten" + std::to_string(i), value);
        ends.push_back(maker.gemm("fc" + std::to_string(i), value));
    }
    const Graph graph = maker.build(ends);
    const std::vector<Unit> units = find_units(graph);
    ASSERT_EQ(units.size(), 5U);
    std::vector<UnitConfig> plan(5, kKl);
    EXPECT_EQ(text_of(PlanTopology(graph, units).tensors(plan)), "x=kl top_out=kl");
    plan[0] = kFp32;
    EXPECT_EQ(text_of(PlanTopology(graph, units).tensors(plan)),
              "flatten0_out=kl flatten1_out=kl flatten2_out=kl flatten3_out=kl");
}

/// Convs over x and Concats of them, each read by a Conv of its own. A Concat that is named by two digits reads the
/// Convs of these numbers.
struct Concats {
    explicit Concats(int convs, const std::vector<std::string>& concats) {
        const ValueId x = maker.input();
        std::vector<ValueId> parts;
        for (int i = 0; i < convs; ++i) parts.push_back(maker.conv("c" + std::to_string(i), x));
        std::vector<ValueId> ends;
        for (const std::string& name : concats) {
            const auto part = [&](std::size_t digit) { return parts.at(static_cast<std::size_t>(name[digit] - '0')); };
            ends.push_back(maker.conv("r" + name, maker.concat(name, {part(0), part(1)})));
        }
        graph = maker.build(ends);
        units = find_units(graph);
        topology = PlanTopology(graph, units);
    }
    /// "c0_out c1_out 01_out; ...": groups in their order
    [[nodiscard]] std::string shared(const std::vector<std::string>& fp32 = {}) const {
        std::vector<UnitConfig> plan;
        for (const Unit& unit : units) {
            plan.push_back(std::find(fp32.begin(), fp32.end(), unit.name) != fp32.end() ? kFp32 : kKl);
        }
        std::string text;
        for (const auto& group : topology.shared(plan)) {
            text += text.empty() ? "" : ";";
            for (const std::string& name : group) text += (text.empty() || text.back() == ';' ? "" : " ") + name;
        }
        return text;
    }
    UnitGraphMaker maker;
    Graph graph;
    std::vector<Unit> units;
    PlanTopology topology;
};

TEST(PlanTopology, ConcatsWithAValueInCommonAreOneGroup) {
    const Concats net(6, {"01", "34", "12", "45"});
    EXPECT_EQ(net.shared(), "01_out 12_out c0_out c1_out c2_out;34_out 45_out c3_out c4_out c5_out");
    EXPECT_EQ(net.shared({"c1"}), "34_out 45_out c3_out c4_out c5_out") << "c1 is real, so neither moves codes";
    EXPECT_EQ(net.shared({"r12"}), "01_out c0_out c1_out;34_out 45_out c3_out c4_out c5_out")
        << "nobody reads the codes of 12";
}

TEST(PlanTopology, AConcatThatMeetsTwoGroupsMakesThemOneInItsOwnPlace) {
    EXPECT_EQ(Concats(6, {"01", "23", "45"}).shared(),
              "01_out c0_out c1_out;23_out c2_out c3_out;45_out c4_out c5_out");
    EXPECT_EQ(Concats(6, {"01", "23", "45", "20"}).shared(),
              "45_out c4_out c5_out;01_out 20_out 23_out c0_out c1_out c2_out c3_out");
}

TEST(PlanTopology, ValuesOfAGroupTakeTheConfigurationOfItsFirstConv) {
    const Concats net(3, {"12", "01"});
    std::vector<UnitConfig> plan(net.units.size(), kKl);
    plan[0] = kMinmax;
    EXPECT_EQ(text_of(net.topology.tensors(plan)),
              "x=minmax c0_out=minmax c1_out=minmax c2_out=minmax 12_out=minmax 01_out=minmax");
}

// Rule 1 leaves outputs of the graph real, so that no Conv of this Concat decides anything.
TEST(PlanTopology, AConcatOfOutputsOfTheGraphIsDecidedByItsReader) {
    UnitGraphMaker maker;
    const ValueId x = maker.input();
    const ValueId a = maker.conv("a", x);
    const ValueId b = maker.conv("b", x);
    const Graph graph = maker.build({a, b, maker.conv("c", maker.concat("joined", {a, b}))});
    const PlanTopology topology(graph, find_units(graph));
    EXPECT_EQ(text_of(topology.tensors({kKl, kKl, kMinmax})), "x=kl joined_out=minmax");
}

}  // namespace
}  // namespace halftone
