// Sizes for open dimensions: who may give them, what is missing, what contradicts.
#include "graph/input_sizes.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// y = x + mask; x is [N, 3, height, ?], mask is [batch, 1, height, 4].
Graph two_open_inputs() {
    return import_text(value_text("input", "x", {"N", "3", "height", ""}) +
                       value_text("input", "mask", {"batch", "1", "height", "4"}) +
                       value_text("output", "y", {"N", "3", "height", ""}) +
                       "node { op_type: 'Add' name: 'a' input: 'x' input: 'mask' output: 'y' }");
}

Graph one_open_input() {
    return import_text(x_to_y({"N", "3", "height", "width"}) + "node { op_type: 'Relu' input: 'x' output: 'y' }");
}

std::string shape_of(const Graph& graph, const std::string& name) {
    return graph.value(*graph.find_value(name)).type.shape.to_text();
}

template <class ErrorType>
std::string fault_of(const Graph& graph, const InputSizes& sizes) {
    try {
        static_cast<void>(bind_sizes(graph, sizes));
        return "";
    } catch (const ErrorType& error) {
        return error.what();
    }
}

TEST(InputSizes, OfAnInputAndByNameOfADimension) {
    const Graph bound = bind_sizes(two_open_inputs(), {.shapes = {{"x", {-1, 3, -1, 6}}}, .dims = {{"height", 5}}});
    EXPECT_EQ(shape_of(bound, "x"), "[N,3,5,6]");
    EXPECT_EQ(shape_of(bound, "mask"), "[N,1,5,4]");
    EXPECT_THAT(bound.info().bound_dims, ElementsAre("mask:2", "x:2", "x:3"));
}

TEST(InputSizes, DimensionsOfOneNameHaveOneSize) {
    const Graph bound = bind_sizes(two_open_inputs(), {.shapes = {{"x", {2, 3, 7, 6}}}});
    EXPECT_EQ(shape_of(bound, "mask"), "[N,1,7,4]") << "the batches have different names";
    EXPECT_EQ(shape_of(bound, "x"), "[2,3,7,6]");
}

TEST(InputSizes, ASampleAnswersForTheRestOfAnOnlyInput) {
    const Graph bound =
        bind_sizes(one_open_input(),
                   {.dims = {{"width", 9}}, .sample = {{.name = "picture", .type = {DType::f32, Shape{3, 8, 10}}}}});
    EXPECT_EQ(shape_of(bound, "x"), "[N,3,8,9]") << "what was said by name is not overruled";
}

TEST(InputSizes, ASampleMayBeTheWholeInputWithItsBatch) {
    const Graph bound =
        bind_sizes(one_open_input(), {.sample = {{.name = "picture", .type = {DType::f32, Shape{1, 3, 8, 10}}}}});
    EXPECT_EQ(shape_of(bound, "x"), "[N,3,8,10]");
}

TEST(InputSizes, SamplesWithoutASizeAreToGetOne) {
    const Field open{.name = "picture", .type = {DType::f32, Shape{3, kSymbolic, kSymbolic}}};
    EXPECT_THAT(fault_of<ModelError>(one_open_input(), {.sample = {open}}),
                HasSubstr("a transform that gives all samples one size"));
}

TEST(InputSizes, WhatIsMissingIsListedWithTheWayToGiveIt) {
    EXPECT_THAT(fault_of<ModelError>(two_open_inputs(), {}),
                AllOf(HasSubstr("dimension 2 ('height') of 'x', dimension 3 of 'x', dimension 2 ('height') of 'mask'"),
                      HasSubstr("--shape x=?,3,?,?"), HasSubstr("--dim NAME=SIZE"), HasSubstr("model.input_shapes")));
}

TEST(InputSizes, ContradictionsAreListedTogether) {
    const std::string faults = fault_of<ConfigError>(
        two_open_inputs(),
        {.shapes = {{"x", {1, 4, 5, 6}}, {"mask", {1, 1, 8, 4}}, {"z", {1}}}, .dims = {{"depth", 5}}});
    EXPECT_THAT(faults, HasSubstr("a shape is given for 'z'; the model's inputs are: mask, x"));
    EXPECT_THAT(faults, HasSubstr("the dimension 'depth'; the model's open dimensions are: N, batch, height"));
    EXPECT_THAT(faults, HasSubstr("has 4 as dimension 1, the model fixes it to 3"));
    EXPECT_THAT(faults, HasSubstr("the dimension 'height' has the size 5 in one place and 8 in input 'mask'"));
    EXPECT_THAT(fault_of<ConfigError>(one_open_input(), {.shapes = {{"x", {3, 8, 8}}}}),
                HasSubstr("has 3 dimensions, the model's input has 4"));
}

TEST(InputSizes, OptionsAreReadStrictly) {
    const InputSizes sizes = parse_input_sizes({"x=1,3,?,320", "a=b=7"}, {"height=320"});
    EXPECT_THAT(sizes.shapes.at("x"), ElementsAre(1, 3, -1, 320));
    EXPECT_THAT(sizes.shapes.at("a=b"), ElementsAre(7)) << "a name may hold '='";
    EXPECT_EQ(sizes.dims.at("height"), 320);
    for (const char* bad : {"x", "=1", "x=", "x=0", "x=-1", "x=1,,3", "x=1.5", "x=4294967296"}) {
        EXPECT_THROW(static_cast<void>(parse_input_sizes({bad}, {})), ConfigError) << bad;
    }
    EXPECT_THROW(static_cast<void>(parse_input_sizes({"x=1", "x=2"}, {})), ConfigError);
    EXPECT_THROW(static_cast<void>(parse_input_sizes({}, {"h=?"})), ConfigError);
}

}  // namespace
}  // namespace halftone::test
