// Rules of MXNet's operators that no golden net shows, and what is refused.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "import/mxnet/mxnet_model.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

const std::string kNoParams("\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);

/// A network of one operator behind the input `data`.
std::string net_of(const std::string& op, const std::string& attributes = "", const std::string& variable = "") {
    return fmt::format(R"({{"nodes": [{{"op": "null", "name": "data", "attrs": {{{}}}, "inputs": []}},
      {{"op": "{}", "name": "layer", "attrs": {{{}}}, "inputs": [[0, 0, 0]]}}], "heads": [[1, 0, 0]]}})",
                       variable, op, attributes);
}

Graph import_net(const std::string& symbol, const InputSizes& sizes = {.shapes = {{"data", {1, 4, 6}}}}) {
    return import_mxnet({symbol, kNoParams, "s.json", "p.params"}, sizes, reference_ops());
}

Shape output_shape(const std::string& symbol) {
    const Graph graph = import_net(symbol);
    return graph.value(graph.outputs().at(0)).type.shape;
}

template <class E = ModelError>
void expect_import_refused(const std::string& symbol, const std::string& word,
                           const InputSizes& sizes = {.shapes = {{"data", {1, 4, 6}}}}) {
    try {
        (void)import_net(symbol, sizes);
        FAIL() << symbol;
    } catch (const E& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
}

TEST(MxnetConvert, CodesOfReshape) {
    const auto reshaped = [](const std::string& codes) {
        return output_shape(net_of("Reshape", "\"shape\": \"" + codes + "\""));
    };
    EXPECT_EQ(reshaped("(0, -1)"), (Shape{kSymbolic, 24}));
    EXPECT_EQ(reshaped("(-2,)"), (Shape{kSymbolic, 4, 6}));
    EXPECT_EQ(reshaped("(-2, 1)"), (Shape{kSymbolic, 4, 6, 1}));
    EXPECT_EQ(reshaped("(0, -3)"), (Shape{kSymbolic, 24}));
    EXPECT_EQ(reshaped("(0, -4, 2, -1, 0)"), (Shape{kSymbolic, 2, 2, 6}));
    EXPECT_EQ(reshaped("(0, -4, -1, 2, -2)"), (Shape{kSymbolic, 2, 2, 6}));
    expect_import_refused(net_of("Reshape", "\"shape\": \"(0, 0, 0, 0, -3)\""), "more dimensions");
    expect_import_refused(net_of("Reshape", "\"shape\": \"(0, -4, 2)\""), "two numbers");
    expect_import_refused(net_of("Reshape", "\"shape\": \"(0, -5)\""), "no code");
}

TEST(MxnetConvert, AllUnknownOperatorsAreNamedAtOnce) {
    expect_import_refused(net_of("Foo"), "Foo (1 times, first: 'layer')");
    expect_import_refused(net_of("_contrib_quantize_v2"), "quantized already");
}

TEST(MxnetConvert, FormsThatAreNotSupportedAreNamed) {
    expect_import_refused(net_of("Pooling", "\"kernel\": \"(2,)\", \"pool_type\": \"lp\""), "pool_type lp");
    expect_import_refused(net_of("Pooling", "\"kernel\": \"(2,)\", \"pooling_convention\": \"same\""), "same");
    expect_import_refused(net_of("Pooling", "\"kernel\": \"(2,)\", \"stride\": \"(1, 1)\""), "the kernel has 1");
    expect_import_refused(
        net_of("Pooling",
               "\"kernel\": \"(2,)\", \"stride\": \"(5,)\", \"pad\": \"(1,)\", \"pooling_convention\": \"full\""),
        "lies in the padding");
    expect_import_refused(net_of("Convolution", "\"kernel\": \"(2,)\", \"layout\": \"NHWC\""), "layout NHWC");
    expect_import_refused(net_of("BatchNorm"), "inputs and needs");
    expect_import_refused(net_of("Activation", "\"act_type\": \"foo\""), "act_type foo");
    expect_import_refused(net_of("SliceChannel", "\"num_outputs\": \"99999999\""), "num_outputs");
}

TEST(MxnetConvert, ShapesComeFromTheUserOrTheVariable) {
    const InputSizes none;
    expect_import_refused<ConfigError>(net_of("relu"), "--shape data=", none);
    expect_import_refused<ConfigError>(net_of("relu", "", "\"__shape__\": \"(0, 3, 0)\""), "--shape data=", none);
    const Graph graph = import_net(net_of("relu", "", "\"__shape__\": \"(0, 3, 5)\""), none);
    EXPECT_EQ(graph.value(graph.inputs()[0]).type.shape, (Shape{kSymbolic, 3, 5}));
    expect_import_refused<ConfigError>(net_of("relu"), "a shape is given for 'other'",
                                       {.shapes = {{"data", {1, 4}}, {"other", {1}}}});
}

TEST(MxnetConvert, AnOutputThatIsTheInputGetsANodeOfItsOwn) {
    const Graph graph = import_net(net_of("Dropout"));
    ASSERT_EQ(graph.nodes().size(), 1U);
    EXPECT_EQ(graph.nodes()[0].op, "Identity");
}

}  // namespace
}  // namespace halftone
