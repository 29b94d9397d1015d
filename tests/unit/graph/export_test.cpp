// export_onnx: what it writes, and that import reads back the same graph.
#include <gmock/gmock.h>

#include "base/file_system.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "support/graph_helpers.hpp"
#include "support/temporary_folder.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

/// A residual block with every attribute kind that networks use, typed.
Graph sample_graph() {
    GraphMaker g;
    const ValueId x = g.input("input", {kSymbolic, 2, 4, 4});
    const ValueId c = g.conv("/block/conv", x, random_tensor({2, 2, 1, 1}, 3), floats({1, 2}),
                             {{"strides", std::vector<std::int64_t>{1, 1}}, {"group", std::int64_t{1}}});
    const ValueId high = g.constant("six", Tensor::scalar(6.0F));
    const ValueId clip = g.node("Clip", "", {g.node("Add", "add", {c, x}), ValueId{}, high});
    const ValueId flat = g.node("Flatten", "flat", {g.node("GlobalAveragePool", "pool", {clip})});
    return infer_types(g.build({g.gemm("fc", flat, random_tensor({3, 2}, 4), {}, {{"transB", std::int64_t{1}}})}),
                       ToyOps());
}

onnx::ModelProto exported(const Graph& graph) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(export_onnx(graph)));
    return model;
}

Graph with_info(const ModelInfo& info) {
    GraphBuilder builder(sample_graph());
    builder.info() = info;
    return std::move(builder).build();
}

ModelInfo versions(std::int64_t ir_version, std::int64_t opset) {
    ModelInfo info;
    info.ir_version = ir_version;
    info.opset = opset;
    return info;
}

TEST(ExportOnnx, IsReadBackAsTheSameGraph) {
    const Graph graph = sample_graph();
    const std::string bytes = export_onnx(graph);
    const Graph again = infer_types(import_onnx(bytes, "again.onnx", ToyOps()), ToyOps());
    EXPECT_EQ(hash_of(again), hash_of(graph));
    EXPECT_EQ(export_onnx(again), bytes);
}

TEST(ExportOnnx, WritesEqualBytesForEqualGraphs) {
    EXPECT_EQ(export_onnx(sample_graph()), export_onnx(sample_graph()));
}

TEST(ExportOnnx, RaisesOldFilesToOpset13AndKeepsNewerOnes) {
    struct Case {
        std::int64_t source_ir, source_opset, ir, opset;
    };
    // IR of an opset: ONNX's Versioning.md.
    for (const Case& c : {Case{3, 11, 7, 13}, Case{6, 12, 7, 13}, Case{7, 13, 7, 13}, Case{7, 15, 8, 15},
                          Case{8, 18, 8, 18}, Case{8, 19, 9, 19}, Case{10, 21, 10, 21}, Case{9, 13, 9, 13}}) {
        const onnx::ModelProto model = exported(with_info(versions(c.source_ir, c.source_opset)));
        EXPECT_EQ(model.ir_version(), c.ir) << c.source_opset;
        ASSERT_EQ(model.opset_import_size(), 1);
        EXPECT_EQ(model.opset_import(0).version(), c.opset);
    }
}

TEST(ExportOnnx, KeepsMetadataAndNamesOfGraphAndDimensions) {
    ModelInfo info;
    info.graph_name = "net";
    info.metadata = {{"author", "me"}};
    info.dim_names = {{"input:0", "batch"}};
    const onnx::ModelProto model = exported(with_info(info));
    EXPECT_EQ(model.producer_name(), "halftone");
    EXPECT_EQ(model.graph().name(), "net");
    ASSERT_EQ(model.metadata_props_size(), 1);
    EXPECT_EQ(model.metadata_props(0).value(), "me");
    EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
    EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
    EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim(1).dim_value(), 3);
}

TEST(ExportOnnx, CallsAnUnnamedBatchN) {
    EXPECT_EQ(exported(sample_graph()).graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "N");
}

TEST(ExportOnnx, WritesInitialisersAsRawDataAndScalarsWithoutDimensions) {
    const onnx::ModelProto model = exported(sample_graph());
    for (const onnx::TensorProto& tensor : model.graph().initializer()) {
        EXPECT_TRUE(tensor.has_raw_data()) << tensor.name();
        if (tensor.name() == "six") {
            EXPECT_EQ(tensor.dims_size(), 0);
            EXPECT_EQ(tensor.raw_data(), std::string("\0\0\xC0\x40", 4));  // 6.0F, little endian
        }
    }
}

TEST(ExportOnnx, NeedsTypesOfOutputs) {
    GraphMaker g;
    const Graph graph = g.build({g.node("Relu", "r", {g.input("x", {1})})});
    EXPECT_THROW((void)export_onnx(graph), ModelError);
}

/// A model that no message can hold; here a message may have 8,000 bytes.
TEST(ExportOnnx, LargeWeightsLieBesideTheModel) {
    constexpr std::uint64_t kMost = 8000;
    const auto graph_of = [](std::uint64_t seed) {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 40});
        const Attributes turned{{"transB", std::int64_t{1}}};
        const ValueId y = g.gemm("large", x, random_tensor({50, 40}, seed), random_tensor({50}, 2), turned);
        return infer_types(g.build({g.gemm("small", y, random_tensor({3, 50}, 3), {}, turned)}), ToyOps());
    };
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/model.onnx";
    const auto files = make_posix_file_system();
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{7}}) {
        const Graph graph = graph_of(seed);
        const std::uint64_t bytes = write_onnx(*files, path, graph, kMost);
        // The weights of the model before are gone; 40 * 50 floats are two pages of 4096 bytes.
        std::vector<std::string> names = files->list(folder.path());
        ASSERT_EQ(names.size(), 2U);
        EXPECT_EQ(files->size(folder.path() + "/" + names[1]) + files->size(path), bytes);
        EXPECT_THAT(names[1], ::testing::MatchesRegex("model.onnx-[0-9a-f]+\\.data"));
        EXPECT_EQ(files->size(folder.path() + "/" + names[1]), 8192U);
        const SharedBytes text = inline_external_data(files->read(path), folder.path());
        EXPECT_EQ(hash_of(infer_types(import_onnx(text, "again", ToyOps()), ToyOps())), hash_of(graph));
    }
    // One file again: no data stays behind, nor what a killed writer has left.
    files->write_atomically(folder.path() + "/model.onnx-0123456789abcdef.data.tmp", "half");
    const std::uint64_t bytes = write_onnx(*files, path, graph_of(1));
    EXPECT_EQ(bytes, files->size(path));
    EXPECT_EQ(files->list(folder.path()), std::vector<std::string>{"model.onnx"});
}

TEST(ExportOnnx, AFullDiskKeepsTheModelAndLeavesNoHalfOfTheWeights) {
    const auto files = make_memory_file_system();
    files->write_atomically("model.onnx", "the model before");
    GraphMaker g;
    const ValueId y = g.gemm("large", g.input("x", {kSymbolic, 50}), random_tensor({50, 100}, 1), {});
    const Graph graph = infer_types(g.build({y}), ToyOps());
    files->fail_after_bytes(10000);
    EXPECT_THROW(write_onnx(*files, "model.onnx", graph, 8000), IoError);
    EXPECT_EQ(files->list("."), std::vector<std::string>{"model.onnx"});
    EXPECT_EQ(files->read("model.onnx"), "the model before");
}

TEST(ExportOnnx, AMessageThatIsTooLargeIsRefused) {
    EXPECT_THROW((void)export_onnx_files(sample_graph(), "model", 100), ModelError);
}

TEST(DemoModel, HasTheUnitsOfAResNet20) {
    const std::string path = std::string(HALFTONE_SOURCE_DIR) + "/configs/demo/resnet20_hard.onnx";
    const Graph graph = run_passes(import_onnx(make_posix_file_system()->read(path), path, ToyOps()), ToyOps());
    const std::vector<Unit> units = find_units(graph);
    int convs = 0;
    int residuals = 0;
    int activations = 0;
    std::size_t nodes = 0;
    for (const Unit& unit : units) {
        convs += unit.op == "Conv" ? 1 : 0;
        residuals += unit.residual_add.is_valid() ? 1 : 0;
        activations += unit.activation.is_valid() ? 1 : 0;
        nodes += unit.nodes.size();
    }
    // 3 stages of 3 blocks of 2 convolutions, the stem, 2 shortcuts; 9 Adds; 19 Relus; 1 Gemm.
    EXPECT_EQ(units.size(), 22U);
    EXPECT_EQ(convs, 21);
    EXPECT_EQ(residuals, 9);
    EXPECT_EQ(activations, 19);
    EXPECT_EQ(graph.nodes().size() - nodes, 2U) << "GlobalAveragePool and Flatten stay outside";
    EXPECT_EQ(value_named(graph, "logits").type.shape, (Shape{kSymbolic, 10}));
    EXPECT_EQ(hash_of(run_passes(import_onnx(export_onnx(graph), "again", ToyOps()), ToyOps())), hash_of(graph));
}

}  // namespace
}  // namespace halftone::test
