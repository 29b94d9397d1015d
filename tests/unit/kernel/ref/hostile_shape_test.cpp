// Sizes from a hostile file: every one ends in a ModelError, none in an overflow, a check or a huge allocation.

#include <gmock/gmock.h>

#include <limits>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();

void expect_refused(const OpCase& test) { EXPECT_THAT(refusal(test), testing::StartsWith(test.op + " node 'n': ")); }

TEST(HostileShape, NumbersOfAWindow) {
    const std::vector<std::int64_t> numbers{0, -1, kHuge, kLowest, std::int64_t{1} << 31, std::int64_t{1} << 62};
    for (const std::int64_t number : numbers) {
        SCOPED_TRACE(number);
        for (const std::string name : {"strides", "dilations"}) {
            expect_refused(
                {.op = "Conv", .inputs = {{1, 1, 5, 5}, {1, 1, 3, 3}}, .attributes = {{name, Ints{1, number}}}});
        }
        expect_refused({.op = "MaxPool", .inputs = {{1, 1, 5, 5}}, .attributes = {{"kernel_shape", Ints{number, 2}}}});
        if (number == 0) continue;
        expect_refused(
            {.op = "Conv", .inputs = {{1, 1, 5, 5}, {1, 1, 3, 3}}, .attributes = {{"pads", Ints{0, 0, number, 0}}}});
        expect_refused({.op = "AveragePool",
                        .inputs = {{1, 1, 5, 5}},
                        .attributes = {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{number, 0, 0, 0}}}});
    }
}

TEST(HostileShape, ListsOfTheWrongLength) {
    for (const std::string name : {"strides", "dilations", "pads"}) {
        expect_refused({.op = "Conv", .inputs = {{1, 1, 5, 5}, {1, 1, 3, 3}}, .attributes = {{name, Ints{1}}}});
        expect_refused({.op = "Conv", .inputs = {{1, 1, 5, 5}, {1, 1, 3, 3}}, .attributes = {{name, Ints(9, 1)}}});
    }
    expect_refused({.op = "MaxPool", .inputs = {{1, 1, 5, 5}}, .attributes = {{"kernel_shape", Ints{2, 2, 2}}}});
}

TEST(HostileShape, ChannelsAndGroups) {
    for (const std::int64_t group : {std::int64_t{0}, std::int64_t{-1}, kHuge, kLowest, std::int64_t{3}}) {
        expect_refused({.op = "Conv", .inputs = {{1, 4, 5, 5}, {4, 2, 3, 3}}, .attributes = {{"group", group}}});
    }
    expect_refused({.op = "Conv", .inputs = {{1, 0, 5, 5}, {4, 0, 3, 3}}});
    expect_refused({.op = "Conv", .inputs = {{1, 1, 5, 5}, {0, 1, 3, 3}}});
}

TEST(HostileShape, TensorsOfMoreThanTheLimit) {
    const std::int64_t wide = std::int64_t{1} << 40;
    expect_refused({.op = "Relu", .inputs = {{kHuge, kHuge}}});
    expect_refused({.op = "Relu", .inputs = {{-1, wide}}});
    expect_refused({.op = "Relu", .inputs = {{0, wide, wide}}});
    expect_refused({.op = "Relu", .inputs = {{2, -7}}});
    const std::int64_t edge = std::int64_t{1} << 20;  // fine alone, too large as the outer product
    expect_refused({.op = "Add", .inputs = {{edge, 1}, {1, edge}}});
    expect_refused({.op = "MatMul", .inputs = {{edge, 1}, {1, edge}}});
    expect_refused({.op = "Gemm", .inputs = {{edge, 1}, {1, edge}}});
    const Attributes padded{{"pads", Ints{edge, edge, edge, edge}}};
    expect_refused({.op = "Conv", .inputs = {{1, 1, 3, 3}, {1, 1, 3, 3}}, .attributes = padded});
}

TEST(HostileShape, Reshapes) {
    for (const Ints& shape : {Ints{kHuge, kHuge}, Ints{-2, 3}, Ints{kLowest}, Ints{0, 0, 0}, Ints{kHuge, -1}}) {
        expect_refused({.op = "Reshape", .inputs = {{2, 3}, {}}, .constants = {{1, int64s(shape)}}});
    }
}

TEST(HostileShape, AxesOutside) {
    for (const std::int64_t axis : {kHuge, kLowest, std::int64_t{3}, std::int64_t{-4}}) {
        for (const std::string op : {"Flatten", "Softmax", "Concat"}) {
            if (op == "Flatten" && axis == 3) continue;  // the rank itself is allowed there
            expect_refused({.op = op, .inputs = {{1, 2, 3}}, .attributes = {{"axis", axis}}});
        }
    }
    expect_refused({.op = "Softmax", .inputs = {{}}});
}

TEST(HostileShape, TooFewAndTooManyInputs) {
    for (const std::string& op : op_types(Backend::ref)) {
        const bool asks_for_presence = op == "OptionalHasElement";  // without an input its answer is false
        if (!asks_for_presence) expect_refused({.op = op, .inputs = {}});
        const bool is_variadic = op == "Concat" || op == "Max" || op == "Mean" || op == "Min" || op == "Sum";
        if (!is_variadic) expect_refused({.op = op, .inputs = std::vector<Shape>(7, Shape{1, 1, 1})});
    }
}

TEST(HostileShape, ScalarsWhereTensorsAreNeeded) {
    for (const std::string op : {"MaxPool", "AveragePool", "GlobalAveragePool"}) {
        expect_refused({.op = op, .inputs = {{}}, .attributes = {{"kernel_shape", Ints{2}}}});
    }
    expect_refused({.op = "Conv", .inputs = {{}, {}}});
    expect_refused({.op = "Gemm", .inputs = {{}, {}}});
    expect_refused({.op = "MatMul", .inputs = {{}, {}}});
    expect_refused({.op = "BatchNormalization", .inputs = {{}, {}, {}, {}, {}}});
}

}  // namespace
}  // namespace halftone::test
