// What a unit can be on this machine. The kernels that answer differ between machines, ref answers everywhere.

#include "kernel/capabilities.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "kernel/ops/machine.hpp"
#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

Capability capability_of(const Graph& graph, const std::vector<Algorithm>& algorithms) {
    std::vector<RangeRule> rules;
    for (const Algorithm algorithm : algorithms) rules.push_back({algorithm});
    const Graph typed = infer_types(graph, reference_ops());
    const std::vector<Unit> units = find_units(typed);
    const CapabilityTable table = capabilities(typed, units, {.activation_rules = rules});
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

/// "uint8/asym sym/per_channel kl", or "fp32".
std::string text_of(const UnitConfig& config) {
    if (!config.is_quantized()) return std::string(to_string(config.activation.dtype));
    return std::string(to_string(config.activation.dtype)) + "/" +
           std::string(kSchemeNames.name(config.activation.scheme)) + " " +
           std::string(kSchemeNames.name(config.weight.scheme)) + "/" +
           std::string(kGranularityNames.name(config.weight.granularity)) + " " +
           std::string(config.activation.algorithm.word());
}

std::vector<std::string> options_of(const Capability& capability) {
    std::vector<std::string> texts;
    for (const UnitConfig& option : capability.options) texts.push_back(text_of(option));
    return texts;
}

TEST(Capabilities, AUnitWithAnInfiniteWeightOrBiasStaysInFp32) {
    for (const bool is_weight : {true, false}) {
        GraphMaker g;
        const ValueId x = g.input("x", {4, 2});
        const float infinity = std::numeric_limits<float>::infinity();
        const Tensor weight = is_weight ? floats({2, 2}, {1, 2, infinity, 4}) : random_tensor({2, 2}, 1);
        const Tensor bias = is_weight ? random_tensor({2}, 2) : floats({-infinity, 0});
        const Capability capability = capability_of(g.build({g.gemm("fc", x, weight, bias)}), {Algorithm::minmax});
        EXPECT_THAT(options_of(capability), testing::ElementsAre("fp32"));
        ASSERT_FALSE(capability.refused.empty());
        EXPECT_THAT(capability.refused[0].why, HasSubstr(is_weight ? "its weights hold NaN" : "its bias holds NaN"));
    }
}

TEST(Capabilities, OptionsComeInTheDocumentedOrder) {
    const Capability capability = capability_of(conv_relu(), {Algorithm::minmax, Algorithm::kl});
    std::vector<std::string> expected;
    for (const std::string activation : {"uint8/asym", "uint8/sym", "int8/asym", "int8/sym"}) {
        for (const std::string scheme : {"sym", "asym"}) {
            for (const std::string granularity : {"per_channel", "per_tensor"}) {
                for (const std::string algorithm : {"minmax", "kl"}) {
                    expected.push_back(activation + " " + scheme + "/" + granularity + " " + algorithm);
                }
            }
        }
    }
    if (has_bf16()) expected.emplace_back("bf16");
    expected.emplace_back("fp32");
    EXPECT_EQ(options_of(capability), expected);
}

TEST(Capabilities, WeightAlgorithmsAndBitsAreOfferedAsTheyAreNamed) {
    const Graph typed = infer_types(conv_relu(), reference_ops());
    const CapabilityTable table =
        capabilities(typed, find_units(typed),
                     {.weight_algorithms = {Algorithm::minmax, Algorithm::mse}, .bits = {kAllBits, kReducedBits}});
    const auto& options = table.back().options;
    ASSERT_GE(options.size(), 4U);
    EXPECT_EQ(options[1].weight.bit, kReducedBits);
    EXPECT_EQ(options[2].weight.algorithm, Algorithm::mse);
    EXPECT_EQ(options.size(), 16U * 4 + (has_bf16() ? 2 : 1));
}

TEST(Capabilities, Bf16IsOfferedOrRefusedWithAReason) {
    const Capability capability = capability_of(conv_relu(), {Algorithm::minmax});
    ASSERT_EQ(capability.refused.size(), has_bf16() ? 0U : 1U);
    if (has_bf16()) return;
    EXPECT_EQ(capability.refused[0].dtype, "bf16");
    EXPECT_THAT(capability.refused[0].why, HasSubstr("AVX-512 BF16"));
}

/// Options in high precision.
std::size_t reals() { return has_bf16() ? 2 : 1; }

TEST(Capabilities, ADepthwiseUnitWithAResidualCanBeInt8) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 8, 8, 8});
    const ValueId a = g.conv("a", x, random_tensor({8, 1, 1, 1}, 1), {}, {{"group", std::int64_t{8}}});
    const ValueId b = g.conv("b", a, random_tensor({8, 1, 1, 1}, 2), {}, {{"group", std::int64_t{8}}});
    const Graph graph = g.build({g.node("Relu", "relu", {g.node("Add", "add", {a, b})})});
    EXPECT_EQ(capability_of(graph, {Algorithm::minmax}).options.size(), 16 + reals());
}

TEST(Capabilities, AUnitThatCannotBeInt8SaysWhy) {
    EXPECT_EQ(options_of(capability_of(gemm(0), {Algorithm::minmax})).size(), 16 + reals());
    const Capability capability = capability_of(gemm(1), {Algorithm::minmax});
    EXPECT_EQ(options_of(capability).back(), "fp32");
    EXPECT_THAT(capability.refused, Contains(Field(&Refusal::dtype, "int8")));
    EXPECT_THAT(capability.refused[0].why, HasSubstr("transA"));
}

TEST(Capabilities, DynamicOptionsAreForMatMulAndPlainGemm) {
    const auto dynamic_options = [](const Graph& graph) {
        const Graph typed = infer_types(graph, reference_ops());
        const std::vector<Unit> units = find_units(typed);
        const CapabilityTable table = capabilities(typed, units, {.offers_static = false, .offers_dynamic = true});
        EXPECT_EQ(table.back().options.back(), high_precision(DType::f32));
        std::vector<std::string> texts;
        for (const UnitConfig& option : table.back().options) {
            EXPECT_FALSE(option.is_static());
            if (option.is_dynamic()) texts.push_back(text_of(option));
        }
        for (const Refusal& refusal : table.back().refused) {
            if (refusal.dtype == "int8") texts.push_back(refusal.why);
        }
        return texts;
    };
    EXPECT_THAT(dynamic_options(gemm(0)),
                testing::ElementsAre("uint8/asym sym/per_channel minmax", "uint8/asym sym/per_tensor minmax",
                                     "uint8/asym asym/per_channel minmax", "uint8/asym asym/per_tensor minmax"));
    EXPECT_THAT(dynamic_options(gemm(1)), testing::ElementsAre(HasSubstr("the data input is transposed")));
    EXPECT_THAT(dynamic_options(conv_relu()), testing::ElementsAre("dynamic quantization is for MatMul and Gemm"));
}

TEST(Capabilities, WeightOnlyOptionsAreForMatMulAndPlainGemm) {
    const auto offered = [](const Graph& graph) {
        const Graph typed = infer_types(graph, reference_ops());
        const OfferedSettings settings{.offers_static = false, .offers_weight_only = true, .group_sizes = {32, 128}};
        return capabilities(typed, find_units(typed), settings).back();
    };
    const Capability capability = offered(gemm(0));
    EXPECT_EQ(capability.options.size(), (has_bf16() ? 16 : 8) + reals())
        << "two types, two schemes, two sizes, and two types of activations";
    EXPECT_EQ(capability.options[1].activation.dtype, has_bf16() ? DType::bf16 : DType::f32);
    const WeightConfig first = capability.options[0].weight;
    EXPECT_EQ(first, (WeightConfig{.dtype = DType::s4, .algorithm = kRoundToNearest, .group_size = 32}));
    const auto refusal = [&](const Graph& graph) {
        const Capability refused = offered(graph);
        EXPECT_THAT(refused.options, testing::Each(testing::Property(&UnitConfig::is_quantized, false)));
        EXPECT_FALSE(refused.options.empty());
        EXPECT_EQ(refused.options[refused.options.size() - 1].activation.dtype, DType::f32)
            << "a unit that is refused still runs in fp32";
        EXPECT_EQ(refused.refused[0].dtype, "int4");
        return refused.refused[0].why;
    };
    EXPECT_THAT(refusal(gemm(1)), HasSubstr("weight-only quantization: the data input is transposed"));
    EXPECT_EQ(refusal(conv_relu()), "weight-only quantization is for MatMul and Gemm");
}

/// The address of the options of each unit.
std::vector<const void*> lists_of(const CapabilityTable& table) {
    std::vector<const void*> lists;
    for (const Capability& unit : table) lists.push_back(unit.options.identity());
    return lists;
}

// A model of 100,000 layers keeps a handful of lists. A shared list of refusals shows that the kernels were not asked
// again.
TEST(Capabilities, UnitsThatDifferInWeightsAloneShareOneAnswer) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 4});
    for (int i = 0; i < 100; ++i) {
        const auto seed = static_cast<std::uint64_t>(i);
        x = g.mat_mul("m" + std::to_string(i), x, random_tensor({4, 4}, seed), random_tensor({4}, seed));
    }
    const Graph typed = infer_types(g.build({x}), reference_ops());
    const CapabilityTable table = capabilities(typed, find_units(typed), {});
    ASSERT_EQ(table.size(), 100U);
    EXPECT_THAT(lists_of(table), testing::Each(table[0].options.identity()));
    for (const Capability& unit : table) EXPECT_EQ(unit.refused.identity(), table[0].refused.identity());
}

TEST(Capabilities, KindsThatAreOfferedTheSameShareTheList) {
    GraphMaker g;
    ValueId x = g.input("x", {kSymbolic, 4});
    for (std::int64_t i = 4; i < 24; ++i) x = g.mat_mul("m" + std::to_string(i), x, random_tensor({i, i + 1}, 1));
    const Graph typed = infer_types(g.build({x}), reference_ops());
    const CapabilityTable table = capabilities(typed, find_units(typed), {});
    ASSERT_EQ(table.size(), 20U);
    EXPECT_THAT(lists_of(table), testing::Each(table[0].options.identity()));
}

/// Units that differ from the first one in one thing each: shape, function, bias, residual, attribute, NaN.
Graph units_of_many_kinds() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 6, 6});
    const auto conv = [&](const std::string& name, ValueId from, const Shape& weight, Attributes attributes = {}) {
        return g.conv(name, from, random_tensor(weight, name.size()), {}, std::move(attributes));
    };
    const ValueId first = conv("a", x, {4, 4, 1, 1});
    const ValueId wide = conv("b", first, {8, 4, 1, 1});
    const ValueId back = g.node("Relu", "relu", {conv("c", wide, {4, 8, 1, 1})});
    const ValueId clipped = g.node("Relu", "relu2", {conv("d", back, {4, 4, 1, 1})});
    const ValueId depthwise = conv("e", clipped, {4, 1, 3, 3}, {{"group", std::int64_t{4}}});
    const ValueId large =
        g.conv("f", depthwise, random_tensor({4, 1, 3, 3}, 3, -1e6F, 1e6F), {}, {{"group", std::int64_t{4}}});
    const ValueId nan = g.conv("g", large, floats({4, 4, 1, 1}, std::vector<float>(16, std::nanf(""))));
    const ValueId other = conv("h", nan, {4, 4, 1, 1});
    const ValueId sum = g.node("Add", "sum", {conv("i", other, {4, 4, 1, 1}), other});
    const ValueId biased = g.conv("j", sum, random_tensor({4, 4, 1, 1}, 5), random_tensor({4}, 6));
    return g.build({g.gemm("k", g.node("Flatten", "flat", {biased}), random_tensor({16, 3}, 7), {},
                           {{"transA", std::int64_t{0}}})});
}

TEST(Capabilities, SharedAnswersAreThoseOfEachUnitAlone) {
    const Graph typed = infer_types(units_of_many_kinds(), reference_ops());
    const std::vector<Unit> units = find_units(typed);
    for (const bool is_dynamic : {false, true}) {
        const OfferedSettings settings{.offers_static = !is_dynamic, .offers_dynamic = is_dynamic};
        const CapabilityTable table = capabilities(typed, units, settings);
        for (std::size_t u = 0; u < units.size(); ++u) {
            const CapabilityTable alone = capabilities(typed, {units[u]}, settings);
            EXPECT_EQ(table[u].options, alone[0].options) << units[u].name;
            const auto texts = [](const Capability& unit) {
                std::vector<std::string> all;
                for (const Refusal& refusal : unit.refused) all.push_back(refusal.dtype + refusal.why);
                return all;
            };
            EXPECT_EQ(texts(table[u]), texts(alone[0])) << units[u].name;
        }
    }
}

}  // namespace
}  // namespace halftone::test
