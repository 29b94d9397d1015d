// What a unit can be on this machine. The kernels that answer differ between machines, ref answers everywhere.

#include "kernel/capabilities.hpp"

#include <gmock/gmock.h>

#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

Capability capability_of(const Graph& graph, const std::vector<Algorithm>& algorithms) {
    const Graph typed = infer_types(graph, reference_ops());
    const std::vector<Unit> units = find_units(typed);
    const CapabilityTable table = capabilities(typed, units, algorithms);
    if (table.empty() || table.size() != units.size()) throw std::runtime_error("no capability");
    return table.back();
}

Graph conv_relu() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 8, 8});
    return g.build(
        {g.node("Relu", "relu", {g.conv("conv", x, random_tensor({8, 4, 3, 3}, 1), random_tensor({8}, 2))})});
}

Graph gemm(std::int64_t trans_a) {
    GraphMaker g;
    const ValueId x = g.input("x", {4, 4});
    return g.build({g.gemm("fc", x, random_tensor({4, 3}, 1), random_tensor({3}, 2), {{"transA", trans_a}})});
}

/// "asym/per_channel/kl", or "fp32".
std::string text_of(const UnitConfig& config) {
    if (!config.is_quantized()) return std::string(to_string(config.activation.dtype));
    return std::string(kSchemeNames.name(config.activation.scheme)) + "/" +
           std::string(kGranularityNames.name(config.weight.granularity)) + "/" +
           std::string(kAlgorithmNames.name(config.activation.algorithm));
}

std::vector<std::string> options_of(const Capability& capability) {
    std::vector<std::string> texts;
    for (const UnitConfig& option : capability.options) texts.push_back(text_of(option));
    return texts;
}

TEST(Capabilities, OptionsComeInTheDocumentedOrder) {
    const Capability capability = capability_of(conv_relu(), {Algorithm::minmax, Algorithm::kl});
    EXPECT_THAT(options_of(capability),
                testing::ElementsAre("asym/per_channel/minmax", "asym/per_channel/kl", "asym/per_tensor/minmax",
                                     "asym/per_tensor/kl", "sym/per_channel/minmax", "sym/per_channel/kl",
                                     "sym/per_tensor/minmax", "sym/per_tensor/kl", "fp32"));
}

TEST(Capabilities, Bf16IsRefusedWithAReason) {
    const Capability capability = capability_of(conv_relu(), {Algorithm::minmax});
    ASSERT_EQ(capability.refused.size(), 1U);
    EXPECT_EQ(capability.refused[0].dtype, "bf16");
    EXPECT_EQ(capability.refused[0].why, "no bf16 kernels in this build");
}

TEST(Capabilities, ADepthwiseUnitWithAResidualCanBeInt8) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8, 8, 8});
    const ValueId a = g.conv("a", x, random_tensor({8, 1, 1, 1}, 1), {}, {{"group", std::int64_t{8}}});
    const ValueId b = g.conv("b", a, random_tensor({8, 1, 1, 1}, 2), {}, {{"group", std::int64_t{8}}});
    const Graph graph = g.build({g.node("Relu", "relu", {g.node("Add", "add", {a, b})})});
    EXPECT_EQ(capability_of(graph, {Algorithm::minmax}).options.size(), 5U);
}

TEST(Capabilities, AUnitThatCannotBeInt8SaysWhy) {
    EXPECT_EQ(options_of(capability_of(gemm(0), {Algorithm::minmax})).size(), 5U);
    const Capability capability = capability_of(gemm(1), {Algorithm::minmax});
    EXPECT_THAT(options_of(capability), testing::ElementsAre("fp32"));
    EXPECT_THAT(capability.refused, Contains(Field(&Refusal::dtype, "int8")));
    EXPECT_THAT(capability.refused[0].why, HasSubstr("transA"));
}

}  // namespace
}  // namespace halftone::test
