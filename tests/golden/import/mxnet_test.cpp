// MXNet's models are read without MXNet and compute what MXNet 1.9.1 computed. Vectors: PROVENANCE.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "import/mxnet/mxnet_model.hpp"
#include "import/mxnet/params.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/npy.hpp"

namespace halftone {
namespace {

const std::string kMxnetFolder = HALFTONE_TEST_DATA "/import/mxnet/";

std::string mxnet_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Names of all cases in the folder, so that a case that is added is tested.
std::vector<std::string> mxnet_cases() {
    const std::string suffix = "-symbol.json";
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kMxnetFolder)) {
        const std::string name = entry.path().filename();
        if (name.ends_with(suffix)) names.push_back(name.substr(0, name.size() - suffix.size()));
    }
    std::sort(names.begin(), names.end());
    return names;
}

Graph import_case(const std::string& name, const Shape& shape) {
    const std::string symbol = mxnet_bytes(kMxnetFolder + name + "-symbol.json");
    const std::string params = mxnet_bytes(kMxnetFolder + name + "-0000.params");
    const InputSizes sizes{.shapes = {{"data", shape.dims()}}};
    // Attention in MXNet merges the batch with the heads.
    const MxnetBatch batch = name == "attention" ? MxnetBatch::as_given : MxnetBatch::open;
    return import_mxnet({symbol, params, name + "-symbol.json", name + "-0000.params"}, sizes, reference_ops(), batch);
}

/// The largest difference, as a part of the largest value.
double relative_error(const Tensor& have, const Tensor& want) {
    double difference = 0;
    double largest = 0;
    for (std::size_t i = 0; i < want.as<float>().size(); ++i) {
        difference = std::max(difference, std::abs(double{have.as<float>()[i]} - double{want.as<float>()[i]}));
        largest = std::max(largest, std::abs(double{want.as<float>()[i]}));
    }
    return difference / largest;
}

class MxnetGolden : public testing::TestWithParam<std::string> {};

TEST_P(MxnetGolden, ComputesWhatMxnetComputed) {
    const std::string& name = GetParam();
    const Tensor input = test::read_npy(kMxnetFolder + name + "-input.npy");
    const Graph imported = import_case(name, input.shape());
    // What is written must be a model that reads back as the same one.
    const Graph graph = import_onnx(export_onnx(imported), name, reference_ops());
    const std::vector<Tensor> outputs = run_once(graph, {input}, Backend::ref);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string number = i == 0 ? "" : std::to_string(i);
        const Tensor want = test::read_npy(kMxnetFolder + name + "-output" + number + ".npy");
        ASSERT_EQ(outputs[i].shape(), want.shape()) << name;
        EXPECT_LT(relative_error(outputs[i], want), 5e-6) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, MxnetGolden, testing::ValuesIn(mxnet_cases()),
                         [](const auto& test) { return test.param; });

TEST(MxnetImport, TheBatchIsOpenAndNamesAreMxnets) {
    const Graph graph = import_case("module", Shape{1, 3, 31, 30});
    ASSERT_EQ(graph.inputs().size(), 1U) << "the label of SoftmaxOutput is no input";
    EXPECT_EQ(graph.value(graph.inputs()[0]).name, "data");
    EXPECT_EQ(graph.value(graph.inputs()[0]).type.shape, (Shape{kSymbolic, 3, 31, 30}));
    EXPECT_EQ(graph.value(graph.outputs()[0]).name, "softmax_output");
    EXPECT_EQ(graph.value(graph.outputs()[0]).type.shape, (Shape{kSymbolic, 10}));
    EXPECT_TRUE(graph.find_value("stem_conv_weight").has_value());
}

TEST(MxnetImport, TheSameFilesGiveTheSameBytes) {
    EXPECT_EQ(export_onnx(import_case("gluon", Shape{2, 3, 32, 32})),
              export_onnx(import_case("gluon", Shape{1, 3, 32, 32})));
}

TEST(MxnetParams, EveryTypeThatMxnetWrites) {
    const auto params = read_mxnet_params(mxnet_bytes(kMxnetFolder + "types.params"), "types.params");
    ASSERT_EQ(params.size(), 7U);
    EXPECT_EQ(params.at("uint8").dtype(), DType::u8);
    EXPECT_EQ(params.at("int8").dtype(), DType::s8);
    EXPECT_EQ(params.at("int32").dtype(), DType::s32);
    EXPECT_EQ(params.at("int64").dtype(), DType::s64);
    for (const char* name : {"float16", "float32", "float64"}) {
        const Tensor& array = params.at(name);
        EXPECT_EQ(array.shape(), (Shape{2, 3})) << name;
        ASSERT_EQ(array.dtype(), DType::f32) << name;
        for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(array.as<float>()[i], static_cast<float>(i)) << name;
    }
}

TEST(MxnetParams, RefusesWhatCannotBeGivenToANetwork) {
    for (const auto& [file, word] : {std::pair{"no_names.params", "no names"}, std::pair{"sparse.params", "sparse"}}) {
        try {
            (void)read_mxnet_params(mxnet_bytes(kMxnetFolder + file), file);
            FAIL() << file;
        } catch (const ModelError& error) {
            EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
        }
    }
}

}  // namespace
}  // namespace halftone
