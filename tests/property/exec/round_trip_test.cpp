// "What the file says is what runs": a quantized graph and the file that it is exported to give the same logits, bit
// for bit, and int8 units run on codes in both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "exec/prepared_model.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "support/random_net.hpp"

namespace halftone {
namespace {

using test::observed_ranges;
using test::QuantCase;
using test::random_configs;
using test::random_tensor;
using test::RandomNet;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Bits, so that -0 and NaN count.
std::vector<std::uint32_t> logits_of(const Graph& graph, const Tensor& input) {
    const std::vector<float> values = test::run_once(graph, input);
    std::vector<std::uint32_t> bits(values.size());
    std::memcpy(bits.data(), values.data(), values.size() * sizeof(float));
    return bits;
}

/// Names of the steps of Conv and Gemm that read codes.
std::set<std::string> integer_steps(const Graph& graph) {
    const Session session(graph, reference_ops(), {.batch = 2});
    std::set<std::string> names;
    for (const StepInfo& step : session.steps()) {
        if (step.is_integer && (step.op == "Conv" || step.op == "Gemm")) names.insert(step.name);
    }
    return names;
}

void expect_same_after_export(const QuantCase& c, const Tensor& input, const std::string& what) {
    const Graph quantized = c.apply().graph;
    const PreparedModel file = prepare_model(export_onnx(quantized), "best.onnx");
    EXPECT_EQ(logits_of(quantized, input), logits_of(file.graph, input)) << what;

    std::set<std::string> int8_units;
    for (std::size_t u = 0; u < c.units.size(); ++u) {
        if (c.plan.units[u].is_quantized()) int8_units.insert(c.graph.node(c.units[u].main).name);
    }
    EXPECT_EQ(integer_steps(quantized), int8_units) << what;
    EXPECT_EQ(integer_steps(file.graph), int8_units) << what;
}

TEST(ExportedGraph, ComputesTheSameBitsForRandomNetsAndPlans) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const Graph graph = RandomNet(seed).build();
        const Tensor input = random_tensor({2, 3, 9, 9}, seed);
        Rng rng(mix(seed, 5));
        std::vector<UnitConfig> configs = random_configs(find_units(graph).size(), rng);
        for (UnitConfig& config : configs) {
            if (!config.is_quantized() && rng.below(2) == 0) config = high_precision(DType::bf16);
        }
        const QuantCase c(graph, configs, observed_ranges(graph, input));
        expect_same_after_export(c, input, "net " + std::to_string(seed));
    }
}

TEST(ExportedGraph, ComputesTheSameBitsForRandomPlansOfTheDemoModel) {
    const PreparedModel model =
        prepare_model(read_file(HALFTONE_SOURCE_DIR "/configs/demo/resnet20_hard.onnx"), "demo");
    ASSERT_EQ(model.units.size(), 22U);  // 21 convolutions and the classifier
    const Tensor input = random_tensor({2, 1, 28, 28}, 1);
    const auto ranges = observed_ranges(model.graph, input);
    for (std::uint64_t plan = 0; plan < 8; ++plan) {
        Rng rng(mix(plan, 6));
        std::vector<UnitConfig> configs = random_configs(model.units.size(), rng);
        if (plan == 0) configs.assign(model.units.size(), test::kInt8);
        const QuantCase c(model.graph, configs, ranges);
        expect_same_after_export(c, input, "plan " + std::to_string(plan));
    }
}

TEST(ExportedGraph, HasOneQAndOneDqForEachQuantizedValue) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const Graph graph = RandomNet(seed).build();
        Rng rng(mix(seed, 7));
        const Graph quantized = QuantCase(graph, random_configs(find_units(graph).size(), rng)).apply().graph;
        for (std::size_t v = 0; v < quantized.values().size(); ++v) {
            const auto id = make_id<ValueId>(v);
            std::size_t quantizers = 0;
            for (const Use& use : quantized.uses(id))
                quantizers += quantized.node(use.node).op == "QuantizeLinear" ? 1 : 0;
            EXPECT_LE(quantizers, 1U) << quantized.value(id).name;
            const NodeId producer = quantized.producer(id);
            if (!producer.is_valid() || quantized.node(producer).op != "QuantizeLinear") continue;
            ASSERT_EQ(quantized.uses(id).size(), 1U) << quantized.value(id).name;
            EXPECT_EQ(quantized.node(quantized.uses(id)[0].node).op, "DequantizeLinear");
        }
    }
}

}  // namespace
}  // namespace halftone
