// A damaged model file never crashes the import: it is refused with a ModelError, or it is another valid graph.
#include <gtest/gtest.h>

#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "support/graph_helpers.hpp"
#include "support/toy_ops.hpp"

namespace halftone::test {
namespace {

std::string small_model() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 4, 4});
    const ValueId c = g.conv("conv", x, random_tensor({2, 2, 3, 3}, 1), floats({1, 2}),
                             {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
    const ValueId n = g.batch_norm("norm", c, floats({1, 2}), floats({3, 4}), floats({5, 6}), floats({7, 8}), 1e-5F);
    const ValueId r = g.node("Relu", "relu", {g.node("Add", "add", {n, x})});
    const ValueId flat = g.node("Reshape", "reshape", {r, g.constant("shape", int64s({-1, 32}))});
    return export_onnx(infer_types(g.build({g.gemm("fc", flat, random_tensor({32, 3}, 2))}), ToyOps()));
}

/// Does what the program does with a model. True if it was accepted.
bool survives(const std::string& bytes) {
    try {
        const Graph graph = run_passes(import_onnx(bytes, "damaged.onnx", ToyOps()), ToyOps());
        (void)find_units(graph);
        const Graph again = run_passes(import_onnx(export_onnx(graph), "again.onnx", ToyOps()), ToyOps());
        EXPECT_EQ(hash_of(again), hash_of(graph)) << "an accepted model must survive its own export";
        return true;
    } catch (const ModelError&) {
        return false;  // any other exception fails the test
    }
}

TEST(DamagedModel, TruncatedAtAnyByteIsRefusedOrAccepted) {
    const std::string model = small_model();
    ASSERT_TRUE(survives(model));
    for (std::size_t size = 0; size < model.size(); ++size) {
        SCOPED_TRACE(size);
        (void)survives(model.substr(0, size));
    }
}

TEST(DamagedModel, WithFlippedBytesIsRefusedOrAccepted) {
    const std::string model = small_model();
    Rng rng(20260501);
    int accepted = 0;
    constexpr int kRounds = 6000;
    for (int round = 0; round < kRounds; ++round) {
        SCOPED_TRACE(round);
        std::string damaged = model;
        for (std::uint64_t flips = 1 + rng.below(3); flips > 0; --flips) {
            damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
        }
        accepted += survives(damaged) ? 1 : 0;
    }
    // Both outcomes happen, or the test would not look at what it claims to.
    EXPECT_GT(accepted, 0);
    EXPECT_LT(accepted, kRounds);
}

TEST(DamagedModel, WithBytesCutOutOrDoubledIsRefusedOrAccepted) {
    const std::string model = small_model();
    Rng rng(7);
    for (int round = 0; round < 2000; ++round) {
        SCOPED_TRACE(round);
        std::string damaged = model;
        const std::size_t at = rng.below(damaged.size());
        const std::size_t count = 1 + rng.below(40);
        if (rng.below(2) == 0)
            damaged.erase(at, count);
        else
            damaged.insert(at, model.substr(rng.below(model.size()), count));
        (void)survives(damaged);
    }
}

}  // namespace
}  // namespace halftone::test
