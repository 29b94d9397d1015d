// Control flow by the plain operators; whole models with tails are compared with ONNX Runtime by
// tests/system/tail_test.py, and ONNX's own tests of these operators run in tests/conformance.
#include "exec/interpreter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/run_once.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Graph graph_of(const std::string& text) { return import_onnx(graph_bytes(text), "m.onnx", reference_ops()); }

std::string scalar_text(const std::string& field, const std::string& name, int type) {
    return field + " { name: '" + name + "' type { tensor_type { elem_type: " + std::to_string(type) +
           " shape { } } } } ";
}

/// Doubles v until the round's number reaches the count or v exceeds 20; collects v before each doubling.
std::string doubling_loop() {
    return scalar_text("input", "count", 7) + value_text("input", "start", {"1"}) +
           value_text("output", "last", {"1"}) + value_text("output", "all", {"k", "1"}) +
           "initializer { name: 'go' data_type: 9 int32_data: 1 } "
           "initializer { name: 'limit' dims: 1 data_type: 1 float_data: 20 } "
           "initializer { name: 'flat' dims: 1 data_type: 7 int64_data: 1 } "
           "node { op_type: 'Loop' name: 'loop' input: 'count' input: 'go' input: 'start' output: 'last' output: 'all' "
           "attribute { name: 'body' type: GRAPH g { name: 'b' " +
           scalar_text("input", "i", 7) + scalar_text("input", "before", 9) + value_text("input", "v", {"1"}) +
           "node { op_type: 'Add' input: 'v' input: 'v' output: 'next' } "
           "node { op_type: 'Less' input: 'next' input: 'limit' output: 'small' } "
           "node { op_type: 'Squeeze' input: 'small' output: 'after' } "
           "node { op_type: 'Identity' input: 'v' output: 'seen' } " +
           scalar_text("output", "after", 9) + value_text("output", "next", {"1"}) +
           value_text("output", "seen", {"1"}) + "} } } ";
}

std::vector<Tensor> run_loop(std::int64_t count) {
    const std::vector<float> start{3};
    return interpret(graph_of(doubling_loop()), reference_ops(),
                     {Tensor::scalar<std::int64_t>(count), Tensor::of<float>({1}, start)});
}

TEST(Interpreter, LoopEndsByItsCount) {
    const std::vector<Tensor> results = run_loop(2);
    EXPECT_THAT(results[0].as<float>(), ElementsAre(12));
    EXPECT_THAT(results[1].as<float>(), ElementsAre(3, 6));
    EXPECT_EQ(results[1].shape(), (Shape{2, 1}));
}

TEST(Interpreter, LoopEndsByItsCondition) {
    const std::vector<Tensor> results = run_loop(100);
    EXPECT_THAT(results[0].as<float>(), ElementsAre(24));
    EXPECT_THAT(results[1].as<float>(), ElementsAre(3, 6, 12));
}

TEST(Interpreter, LoopWithoutARoundHasEmptyScanOutputsOfTheDeclaredShape) {
    const std::vector<Tensor> results = run_loop(0);
    EXPECT_THAT(results[0].as<float>(), ElementsAre(3));
    EXPECT_EQ(results[1].shape(), (Shape{0, 1}));
}

TEST(Interpreter, StopsALoopThatWouldRunForEver) {
    const std::vector<float> start{0};  // 0 doubled stays below 20
    try {
        (void)interpret(graph_of(doubling_loop()), reference_ops(),
                        {Tensor::scalar<std::int64_t>(std::int64_t{1} << 62), Tensor::of<float>({1}, start)},
                        {.rounds = 1000});
        FAIL();
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), HasSubstr("Loop node 'loop': its rounds"));
    }
}

/// Running sums of the columns of x, from the last column to the first; results stand side by side as columns.
std::string scan_of_columns() {
    return value_text("input", "x", {"2", "3"}) + value_text("output", "sum", {"2"}) +
           value_text("output", "sums", {"2", "3"}) +
           "initializer { name: 'zero' dims: 2 data_type: 1 float_data: [0, 0] } "
           "node { op_type: 'Scan' name: 'scan' input: 'zero' input: 'x' output: 'sum' output: 'sums' "
           "attribute { name: 'num_scan_inputs' type: INT i: 1 } "
           "attribute { name: 'scan_input_axes' type: INTS ints: 1 } "
           "attribute { name: 'scan_input_directions' type: INTS ints: 1 } "
           "attribute { name: 'scan_output_axes' type: INTS ints: -1 } "
           "attribute { name: 'body' type: GRAPH g { name: 'b' " +
           value_text("input", "so_far", {"2"}) + value_text("input", "column", {"2"}) +
           "node { op_type: 'Add' input: 'so_far' input: 'column' output: 'added' } "
           "node { op_type: 'Identity' input: 'added' output: 'seen' } " +
           value_text("output", "added", {"2"}) + value_text("output", "seen", {"2"}) + "} } } ";
}

TEST(Interpreter, ScanWalksAnyAxisInBothDirections) {
    const std::vector<float> x{1, 2, 3, 10, 20, 30};
    const std::vector<Tensor> results =
        interpret(graph_of(scan_of_columns()), reference_ops(), {Tensor::of<float>({2, 3}, x)});
    EXPECT_THAT(results[0].as<float>(), ElementsAre(6, 60));
    EXPECT_THAT(results[1].as<float>(), ElementsAre(3, 5, 6, 30, 50, 60));
}

/// Boxes that are kept: corners in any order, and equal scores in the order of the boxes.
TEST(Interpreter, RunsNonMaxSuppressionBehindAHead) {
    const Graph graph =
        graph_of(value_text("input", "boxes", {"1", "4", "4"}) + value_text("input", "x", {"1", "1", "4"}) +
                 "output { name: 'kept' type { tensor_type { elem_type: 7 shape { dim { dim_param: 'k' } dim { "
                 "dim_value: 3 } } } } } "
                 "initializer { name: 'most' dims: 1 data_type: 7 int64_data: 10 } "
                 "initializer { name: 'iou' dims: 1 data_type: 1 float_data: 0.5 } "
                 "node { op_type: 'Relu' input: 'x' output: 'scores' } "
                 "node { op_type: 'NonMaxSuppression' input: 'boxes' input: 'scores' input: 'most' input: 'iou' "
                 "output: 'kept' } ");
    const std::vector<float> boxes{0, 0, 2, 2, 2, 2, 0, 0.1F, 5, 5, 6, 6, 5, 5, 5, 5};
    const std::vector<float> scores{0.5F, 0.5F, 0.9F, -1};
    const std::vector<Tensor> kept =
        run_once(graph, {Tensor::of<float>({1, 4, 4}, boxes), Tensor::of<float>({1, 1, 4}, scores)}, Backend::dnnl);
    EXPECT_THAT(kept[0].as<std::int64_t>(), ElementsAre(0, 0, 2, 0, 0, 0, 0, 0, 3));
}

}  // namespace
}  // namespace halftone::test
