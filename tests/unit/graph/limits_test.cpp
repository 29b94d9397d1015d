// What a small file may ask for, and graphs of many nodes: with a walk over all nodes for each of them, the tests of
// 100,000 would take minutes.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "graph/inference/work.hpp"
#include "graph/onnx/external_data.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "model_text.hpp"
#include "support/graph_helpers.hpp"
#include "support/memory_limit.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_ops.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int kMany = 100'000;

/// x -> op -> op -> … -> y, all nodes with one name.
Graph chain(const std::string& op, int count) {
    GraphBuilder builder;
    ValueId last = builder.add_value("x", {DType::f32, Shape{kSymbolic, 4}});
    builder.add_input(last);
    for (int i = 0; i < count; ++i) {
        const ValueId next = builder.add_value(i + 1 == count ? "y" : builder.fresh_value_name("v"));
        builder.add_node({.name = "same", .op = op, .inputs = {last}, .outputs = {next}, .attributes = {}});
        last = next;
    }
    builder.add_output(last);
    return std::move(builder).build();
}

Graph without_identities(const Graph& graph) {
    for (const Pass& pass : all_passes()) {
        if (pass.word == "remove_identity") return pass.value(graph, ToyOps());
    }
    throw std::runtime_error("no such pass");
}

TEST(ManyNodes, FreshNamesCountOn) {
    GraphBuilder builder;
    for (int i = 0; i < kMany; ++i) {
        const std::string name = builder.fresh_node_name("n");
        builder.add_value(builder.fresh_value_name("v"));
        ASSERT_EQ(name, i == 0 ? "n" : "n_" + std::to_string(i));
    }
    EXPECT_EQ(builder.fresh_value_name("v"), "v_100000");
    EXPECT_EQ(builder.fresh_value_name("v"), "v_100000") << "asking does not take the name";
}

TEST(ManyNodes, TheNameOfARemovedNodeIsFreeAgain) {
    GraphBuilder builder;
    std::vector<NodeId> nodes;
    for (int i = 0; i < 4; ++i) {
        nodes.push_back(builder.add_node(
            {.name = builder.fresh_node_name("n"), .op = "Relu", .inputs = {}, .outputs = {}, .attributes = {}}));
    }
    ASSERT_EQ(builder.node(nodes[2]).name, "n_2");
    builder.remove_node(nodes[2]);
    EXPECT_EQ(builder.fresh_node_name("n"), "n_2");
    EXPECT_EQ(builder.fresh_node_name("n"), "n_4");
}

TEST(ManyNodes, AChainOfIdentitiesDisappears) {
    const Graph graph = without_identities(chain("Identity", kMany));
    ASSERT_EQ(graph.nodes().size(), 1) << "x and y are both names that users know";
    EXPECT_EQ(graph.value(graph.nodes()[0].inputs[0]).name, "x");
    EXPECT_EQ(graph.value(graph.nodes()[0].outputs[0]).name, "y");
}

TEST(ManyNodes, AllPassesOverAChain) { EXPECT_EQ(run_passes(chain("Relu", kMany), ToyOps()).nodes().size(), kMany); }

TEST(ManyNodes, ValuesAreFoundByName) {
    const Graph graph = chain("Relu", kMany);
    for (const Value& value : graph.values()) {
        const auto found = graph.find_value(value.name);
        ASSERT_TRUE(found.has_value());
        ASSERT_EQ(&graph.value(*found), &value);
    }
    EXPECT_EQ(graph.find_value("none"), std::nullopt);
    EXPECT_EQ(graph.find_value(""), std::nullopt);
}

TEST(ManyNodes, UnitsOfOneNameAreNumbered) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4});
    std::vector<ValueId> outputs;
    const ValueId weight = g.builder().add_constant("w", random_tensor({4, 4}, 1));
    for (int i = 0; i < 20'000; ++i) {
        outputs.push_back(g.builder().add_value(""));
        g.builder().add_node(
            {.name = "same", .op = "Gemm", .inputs = {x, weight}, .outputs = {outputs.back()}, .attributes = {}});
    }
    const std::vector<Unit> units = find_units(g.build(outputs));
    ASSERT_EQ(units.size(), 20'000);
    EXPECT_EQ(units[0].name, "same");
    EXPECT_EQ(units[1].name, "same_1");
    EXPECT_EQ(units.back().name, "same_19999");
}

std::uint64_t work(const Node& node, std::vector<TensorType> inputs, TensorType output) {
    const std::vector<const Tensor*> constants(inputs.size(), nullptr);
    return work_of({.node = node, .inputs = std::move(inputs), .constants = constants}, {std::move(output)});
}

TEST(Work, IsWhatThePlainLoopsMultiply) {
    const auto f32 = [](Shape shape) { return TensorType{DType::f32, std::move(shape)}; };
    const Node product{.name = "", .op = "MatMul", .inputs = {}, .outputs = {}, .attributes = {}};
    const std::uint64_t cube = work(product, {f32({4096, 4096}), f32({4096, 4096})}, f32({4096, 4096}));
    EXPECT_GE(cube, std::uint64_t{1} << 36);
    EXPECT_LT(cube, std::uint64_t{1} << 37);
    const Node conv{.name = "", .op = "Conv", .inputs = {}, .outputs = {}, .attributes = {}};
    EXPECT_GE(work(conv, {f32({1, 1, 4096}), f32({1, 1, 4096})}, f32({1, 1, 4096})), 4096 * 4096);
    const Node sum{.name = "", .op = "Add", .inputs = {}, .outputs = {}, .attributes = {}};
    EXPECT_EQ(work(sum, {f32({10}), f32({})}, f32({10})), 31) << "each element is touched once, and once more";
    EXPECT_GT(work(product, {f32({1 << 20, 1 << 20}), f32({1 << 20, 1 << 20})}, f32({1 << 20, 1 << 20})),
              std::uint64_t{1} << 59)
        << "hostile sizes do not overflow";
}

class ExternalSum : public testing::Test {
protected:
    /// A model of `count` tensors that all name the same file of `bytes` zeros, which takes no room on the disk.
    std::string model(int count, std::int64_t bytes) const {
        std::ofstream(folder_ / "w.bin").close();
        std::filesystem::resize_file(folder_ / "w.bin", static_cast<std::uintmax_t>(bytes));
        std::string body = x_to_y() + "node { op_type: 'Relu' input: 'x' output: 'y' }";
        for (int i = 0; i < count; ++i) {
            body += " initializer { name: 'w" + std::to_string(i) + "' dims: " + std::to_string(bytes) +
                    " data_type: 3 data_location: EXTERNAL external_data { key: 'location' value: 'w.bin' } }";
        }
        return graph_bytes(body);
    }

    TemporaryFolder folder_;
};

TEST_F(ExternalSum, DecidesBeforeAnythingIsLoaded) {
    const std::string bytes = model(50, std::int64_t{1} << 30);
    const MemoryLimit limit(std::uint64_t{16} << 30);
    EXPECT_THAT([&] { (void)inline_external_data(bytes, folder_.path()); },
                ThrowsMessage<BudgetError>(HasSubstr("the model with its external data needs 50 GiB")));
}

TEST_F(ExternalSum, IsTakenFromTheBudget) {
    const std::string bytes = model(3, 1 << 20);
    const MemoryLimit limit(4 << 20);
    EXPECT_THAT([&] { (void)inline_external_data(bytes, folder_.path()); },
                ThrowsMessage<BudgetError>(HasSubstr("the model with its external data needs 6 MiB")));
}

TEST(TensorBytes, AreThoseOfTheProcess) {
    const std::uint64_t before = process_budget().bytes_in_use();
    {
        const Tensor tensor(TensorType{DType::f32, Shape{1000}});
        const Tensor same = tensor;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
        EXPECT_EQ(process_budget().bytes_in_use(), before + 4000) << "a copy shares the memory";
    }
    EXPECT_EQ(process_budget().bytes_in_use(), before);
    const MemoryLimit limit(3999);
    EXPECT_THAT(
        [] {
            (void)Tensor(TensorType{DType::f32, Shape{1000}});
        },
        ThrowsMessage<BudgetError>(HasSubstr("a tensor fp32[1000] needs")));
    EXPECT_EQ(process_budget().bytes_in_use(), before) << "a refused tensor takes nothing";
}

}  // namespace
}  // namespace halftone::test
