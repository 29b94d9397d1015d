// ONNX's own backend node tests, through the importer and the reference operators. Vectors: PROVENANCE.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/npy.hpp"

namespace halftone {
namespace {

const std::string kFolder = HALFTONE_TEST_DATA "/kernel/nodes/";

struct Case {
    std::string name;
    std::string op;
    double relative = 0;
    double absolute = 0;
    std::size_t inputs = 0;
    std::size_t outputs = 0;
};

std::vector<Case> read_cases() {
    std::ifstream file(kFolder + "index.json");
    std::vector<Case> cases;
    for (const auto& row : nlohmann::json::parse(file)) {
        cases.push_back({.name = row.at("name"),
                         .op = row.at("op"),
                         .relative = row.at("rtol"),
                         .absolute = row.at("atol"),
                         .inputs = row.at("inputs"),
                         .outputs = row.at("outputs")});
    }
    return cases;
}

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<Tensor> read_arrays(const Case& test, const std::string& prefix, std::size_t count) {
    std::vector<Tensor> arrays;
    for (std::size_t i = 0; i < count; ++i) {
        arrays.push_back(halftone::test::read_npy(kFolder + test.name + "/" + prefix + std::to_string(i) + ".npy"));
    }
    return arrays;
}

/// Imports the case's model and evaluates its node, with every input a constant. Throws what the rooms throw.
std::vector<Tensor> outputs_of(const Case& test) {
    const Graph graph = import_onnx(read_text(kFolder + test.name + "/model.onnx"), test.name, reference_ops());
    std::map<ValueId, Tensor> values;
    for (std::size_t v = 0; v < graph.values().size(); ++v) {
        if (graph.values()[v].is_constant()) values[make_id<ValueId>(v)] = graph.values()[v].constant;
    }
    const std::vector<Tensor> inputs = read_arrays(test, "in", test.inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs().at(i)] = inputs[i];
    for (const Node& node : graph.nodes()) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> arguments;
        for (const ValueId id : node.inputs) {
            arguments.push_back(id.is_valid() ? values.at(id) : Tensor());
            op.inputs.push_back(arguments.back().type());
            op.constants.push_back(id.is_valid() ? &values.at(id) : nullptr);
        }
        const std::vector<Tensor> results = reference_ops().evaluate(op, arguments);
        for (std::size_t i = 0; i < results.size(); ++i) values[node.outputs[i]] = results[i];
    }
    std::vector<Tensor> outputs;
    for (const ValueId id : graph.outputs()) outputs.push_back(values.at(id));
    return outputs;
}

void expect_near(const Tensor& have, const Tensor& want, const Case& test) {
    ASSERT_EQ(to_string(have.dtype()), to_string(want.dtype()));
    ASSERT_EQ(have.shape().to_text(), want.shape().to_text());
    if (want.dtype() != DType::f32) {
        EXPECT_TRUE(std::equal(have.view().data, have.view().data + have.bytes(), want.view().data)) << "other values";
        return;
    }
    for (std::size_t i = 0; i < want.as<float>().size(); ++i) {
        const auto value = static_cast<double>(want.as<float>()[i]);
        ASSERT_NEAR(static_cast<double>(have.as<float>()[i]), value, test.absolute + test.relative * std::abs(value))
            << "element " << i;
    }
}

/// Cases of what Halftone does not do: case -> part of the refusal.
const std::map<std::string, std::string> kRefused{
    {"test_batchnorm_epsilon_training_mode", "training_mode"},
    {"test_batchnorm_example_training_mode", "training_mode"},
    {"test_training_dropout", "training_mode is true"},
    {"test_training_dropout_default", "training_mode is true"},
    {"test_training_dropout_default_mask", "training_mode is true"},
    {"test_training_dropout_mask", "training_mode is true"},
    {"test_training_dropout_zero_ratio", "training_mode is true"},
    {"test_training_dropout_zero_ratio_mask", "training_mode is true"},
};

class NodeTest : public testing::TestWithParam<std::string> {};

TEST_P(NodeTest, GivesTheValuesThatOnnxStores) {
    std::size_t count = 0;
    for (const Case& test : read_cases()) {
        if (test.op != GetParam()) continue;
        SCOPED_TRACE(test.name);
        ++count;
        const auto refused = kRefused.find(test.name);
        try {
            const std::vector<Tensor> outputs = outputs_of(test);
            EXPECT_TRUE(refused == kRefused.end()) << "was to be refused: " << refused->second;
            const std::vector<Tensor> wanted = read_arrays(test, "out", test.outputs);
            ASSERT_EQ(outputs.size(), wanted.size());
            for (std::size_t i = 0; i < outputs.size(); ++i) expect_near(outputs[i], wanted[i], test);
        } catch (const ModelError& error) {
            const std::string wanted = refused == kRefused.end() ? "no refusal" : refused->second;
            EXPECT_THAT(error.what(), testing::HasSubstr(wanted));
        }
    }
    EXPECT_GT(count, 0U);
}

/// The operators that have vectors here; tests/conformance has all of them, but needs the onnx package.
std::set<std::string> tested_ops() {
    std::set<std::string> ops;
    for (const Case& test : read_cases()) ops.insert(test.op);
    return ops;
}

INSTANTIATE_TEST_SUITE_P(Onnx, NodeTest, testing::ValuesIn(tested_ops()), [](const auto& test) { return test.param; });

}  // namespace
}  // namespace halftone
