// Models whose height and width are open: bound for the work here, open again in the file that is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "exec/run_once.hpp"
#include "graph/input_sizes.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "support/quant_plans.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAreArray;

/// A convolution whose result is reshaped to [N, 4, height * width] by sizes that the graph computes, as exporters of
/// dynamic models write it, and multiplied by itself through a scale.
Graph open_net() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, kSymbolic, kSymbolic});
    const ValueId c =
        g.conv("c", x, random_tensor({4, 2, 3, 3}, 1), {}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
    const ValueId shape = g.node("Shape", "shape", {c});
    const auto size = [&](const std::string& name, std::int64_t place) {
        return g.node("Gather", name, {shape, g.constant(name + "_place", int64s({place}))});
    };
    const ValueId area = g.node("Mul", "area", {size("height", 2), size("width", 3)});
    const ValueId wanted = g.node("Concat", "wanted", {size("batch", 0), g.constant("four", int64s({4})), area},
                                  {{"axis", std::int64_t{0}}});
    g.builder().info().dim_names = {{"x:0", "N"}, {"x:2", "height"}, {"x:3", "width"}};
    return g.build({g.node("Reshape", "flat", {c, wanted}, {}, "y")});
}

Graph bound_to(std::int64_t height, std::int64_t width) {
    return run_passes(bind_sizes(open_net(), {.dims = {{"height", height}, {"width", width}}}), reference_ops());
}

Graph read_back(const Graph& graph) { return import_onnx(export_onnx(graph), "open.onnx", reference_ops()); }

std::vector<float> run_at(const Graph& graph, const Shape& shape) {
    const std::vector<Tensor> outputs = run_once(graph, std::vector<Tensor>{random_tensor(shape, 3)}, Backend::ref);
    const auto y = outputs.at(0).as<float>();
    return {y.begin(), y.end()};
}

QuantizedModel quantized(const Graph& graph) { return QuantCase(graph, {kInt8}, {{"x", {-1, 1}}}).apply(); }

TEST(OpenDims, AreBoundForTypes) {
    const Graph graph = bound_to(5, 6);
    EXPECT_EQ(value_named(graph, "y").type.shape.to_text(), "[N,4,30]");
}

TEST(OpenDims, AreOpenInTheWrittenFile) {
    const Graph again = read_back(bound_to(5, 6));
    EXPECT_EQ(again.value(again.inputs()[0]).type.shape, (Shape{kSymbolic, 2, kSymbolic, kSymbolic}));
    EXPECT_EQ(again.info().dim_names.at("x:2"), "height");
    EXPECT_EQ(export_onnx(bound_to(5, 6)), export_onnx(bound_to(7, 4))) << "the file does not know the binding";
}

TEST(OpenDims, AFileThatWasWrittenForOneSizeRunsAtAnother) {
    const Graph again = read_back(bound_to(5, 6));
    for (const Shape& shape : {Shape{1, 2, 5, 6}, Shape{3, 2, 7, 4}, Shape{1, 2, 1, 1}}) {
        EXPECT_THAT(run_at(again, shape), ElementsAreArray(run_at(open_net(), shape))) << shape.to_text();
    }
}

TEST(OpenDims, AQuantizedFileRunsAtAnotherSize) {
    const Graph again = read_back(quantized(bound_to(5, 6)).graph);
    EXPECT_EQ(export_onnx(quantized(bound_to(5, 6)).graph), export_onnx(quantized(bound_to(7, 4)).graph));
    EXPECT_THAT(run_at(again, {2, 2, 7, 4}), ElementsAreArray(run_at(quantized(bound_to(7, 4)).graph, {2, 2, 7, 4})));
}

TEST(OpenDims, OutputsThatTheSourceFixesStayFixed) {
    GraphBuilder builder(open_net());
    builder.info().fixed_dims.insert("y:1");
    const Graph source = std::move(builder).build();
    const Graph bound = run_passes(bind_sizes(source, {.dims = {{"height", 5}, {"width", 6}}}), reference_ops());
    const Graph again = read_back(bound);
    EXPECT_TRUE(again.info().fixed_dims.contains("y:1"));
    EXPECT_FALSE(again.info().fixed_dims.contains("y:2"));
}

TEST(OpenDims, ArraysMustAgreeOnADimensionOfOneName) {
    GraphMaker g;
    const ValueId sum = g.node("Add", "a", {g.input("a", {kSymbolic, 2}), g.input("b", {kSymbolic, 2})});
    g.builder().info().dim_names = {{"a:0", "N"}, {"b:0", "N"}};
    const Graph graph = g.build({sum});
    const std::vector<Tensor> arrays{random_tensor({2, 2}, 1), random_tensor({1, 2}, 2)};
    EXPECT_THROW(static_cast<void>(run_once(graph, arrays, Backend::ref)), DataError);
}

}  // namespace
}  // namespace halftone
