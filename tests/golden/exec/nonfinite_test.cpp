// Values that are not finite go through a whole session as ONNX Runtime takes them through the model: behind every
// producer, every activation keeps NaN, and infinities end where the function says. Vectors: PROVENANCE.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/npy.hpp"

namespace halftone {
namespace {

const std::string kFolder = HALFTONE_TEST_DATA "/exec/nonfinite/";

std::string nonfinite_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> producer_names() {
    std::ifstream file(kFolder + "index.txt");
    std::vector<std::string> names;
    for (std::string name; file >> name;) names.push_back(name);
    return names;
}

/// Is `have` what ONNX Runtime computed? Finite values may differ by rounding, NaN and infinities may not.
bool is_same(float have, float want, bool has_open_bound) {
    if (std::isnan(want)) return std::isnan(have);
    // A Clip without a bound is open here; ONNX Runtime ends it at the largest float.
    constexpr float kLargest = std::numeric_limits<float>::max();
    if (has_open_bound && std::isinf(have)) have = std::copysign(kLargest, have);
    if (std::isinf(want)) return have == want;
    return std::abs(static_cast<double>(have) - static_cast<double>(want)) <=
           1e-5 + 1e-4 * std::abs(static_cast<double>(want));
}

struct NonfiniteCase {
    std::string producer;
    Backend backend;
};

class Nonfinite : public testing::TestWithParam<NonfiniteCase> {};

TEST_P(Nonfinite, IsComputedAsByOnnxRuntime) {
    const auto& [producer, backend] = GetParam();
    const Graph graph = prepare_model(nonfinite_bytes(kFolder + producer + ".onnx"), producer).graph;
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        inputs.push_back(test::read_npy(kFolder + producer + ".in" + std::to_string(i) + ".npy"));
    }
    const Tensor wanted = test::read_npy(kFolder + producer + ".out.npy");
    Session session(graph, reference_ops(), {.batch = inputs[0].shape()[0], .backend = backend});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::copy(inputs[i].as<float>().begin(), inputs[i].as<float>().end(), session.input(i).as<float>().begin());
    }
    session.run();
    const std::size_t elements = wanted.as<float>().size() / graph.outputs().size();
    for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
        const std::string& name = graph.value(graph.outputs()[o]).name;
        const auto have = session.output(o).as<float>();
        ASSERT_EQ(have.size(), elements) << name;
        const auto want = wanted.as<float>().subspan(o * elements, elements);
        const bool has_open_bound = name == "clip_low" || name == "clip_high";
        for (std::size_t i = 0; i < elements; ++i) {
            if (is_same(have[i], want[i], has_open_bound)) continue;
            ADD_FAILURE() << name << ", element " << i << ": " << have[i] << ", ONNX Runtime has " << want[i];
            break;
        }
    }
}

std::vector<NonfiniteCase> nonfinite_cases() {
    std::vector<NonfiniteCase> cases;
    for (const std::string& producer : producer_names()) {
        for (const Backend backend : {Backend::ref, Backend::dnnl, Backend::native}) {
            cases.push_back({producer, backend});
        }
    }
    return cases;
}

std::string nonfinite_name(const testing::TestParamInfo<NonfiniteCase>& info) {
    const std::array names{"ref", "dnnl", "native"};
    return info.param.producer + "_" + names.at(static_cast<std::size_t>(info.param.backend));
}

INSTANTIATE_TEST_SUITE_P(OnnxRuntime, Nonfinite, testing::ValuesIn(nonfinite_cases()), nonfinite_name);

}  // namespace
}  // namespace halftone
