// Control flow whose course is known becomes plain nodes. What they compute is compared with the interpreter, which
// runs the control flow itself; tests/system/tail_test.py compares whole models with ONNX Runtime.
#include "graph/tail/unroll.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "exec/interpreter.hpp"
#include "exec/run_once.hpp"
#include "graph/input_sizes.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kInt64 = 7;
constexpr int kBool = 9;

Graph read_text(const std::string& text) { return import_onnx(graph_bytes(text), "m.onnx", reference_ops()); }

std::string scalar(const std::string& field, const std::string& name, int type) {
    return field + " { name: '" + name + "' type { tensor_type { elem_type: " + std::to_string(type) +
           " shape { } } } } ";
}
std::string number(const std::string& name, std::int64_t value) {
    return "initializer { name: '" + name + "' data_type: 7 int64_data: " + std::to_string(value) + " } ";
}
std::string truth_text(const std::string& name, bool value) {
    return "initializer { name: '" + name + "' data_type: 9 int32_data: " + std::to_string(value ? 1 : 0) + " } ";
}
std::string floats(const std::string& name, const std::string& values, int count) {
    return "initializer { name: '" + name + "' dims: " + std::to_string(count) + " data_type: 1 float_data: [" +
           values + "] } ";
}
/// A node without attributes; inputs and outputs are separated by spaces.
std::string node_text(const std::string& op, const std::string& inputs, const std::string& outputs,
                      const std::string& more = "") {
    std::string text = "node { op_type: '" + op + "' name: '" + op + "_of_" + outputs + "' ";
    const auto add = [&text](const std::string& field, const std::string& names) {
        std::size_t at = 0;
        while (at <= names.size()) {
            const std::size_t end = std::min(names.find(' ', at), names.size());
            const std::string name = names.substr(at, end - at);
            text += field + ": '" + (name == "-" ? "" : name) + "' ";
            at = end + 1;
        }
    };
    add("input", inputs);
    add("output", outputs);
    return text + more + "} ";
}
std::string body_text(const std::string& attribute, const std::string& graph) {
    return "attribute { name: '" + attribute + "' type: GRAPH g { name: 'b' " + graph + "} } ";
}

/// A body with the state v and the scan output seen: v * w + x, where x is read from around.
std::string step_body() {
    return body_text("body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) +
                                 value_text("input", "v", {"1", "2"}) + floats("w", "2, 3", 2) +
                                 node_text("Mul", "v w", "scaled") + node_text("Add", "scaled x", "next") +
                                 node_text("Identity", "v", "seen") + node_text("Identity", "before", "after") +
                                 scalar("output", "after", kBool) + value_text("output", "next", {"1", "2"}) +
                                 value_text("output", "seen", {"1", "2"}));
}

std::string counted_loop(std::int64_t count) {
    return value_text("input", "x", {"1", "2"}) + value_text("output", "last", {"1", "2"}) +
           value_text("output", "all", {"k", "1", "2"}) + number("count", count) + truth_text("go", true) +
           node_text("Relu", "x", "start") + node_text("Loop", "count go start", "last all", step_body());
}

bool has_op(const Graph& graph, const std::string& op) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) { return node.op == op; });
}

std::vector<float> values_of(const Tensor& tensor) {
    const auto values = tensor.as<float>();
    return {values.begin(), values.end()};
}

/// The unrolled graph, after it was checked that it has no control flow and computes what the interpreter does.
Graph unrolled(const std::string& text, const std::vector<Tensor>& inputs) {
    const Graph source = read_text(text);
    const std::vector<Tensor> expected = interpret(source, reference_ops(), inputs);
    Graph flat = run_passes(source, reference_ops());
    for (const char* op : {"If", "Loop", "Scan"}) EXPECT_FALSE(has_op(flat, op)) << op;
    EXPECT_EQ(flat.info().tail, nullptr);
    const std::vector<Tensor> actual = run_once(flat, inputs, Backend::ref);
    EXPECT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
        EXPECT_EQ(actual[i].type(), expected[i].type());
        EXPECT_EQ(values_of(actual[i]), values_of(expected[i])) << "output " << i;
    }
    return flat;
}

Tensor row(const std::vector<float>& values) {
    return Tensor::of<float>({1, static_cast<std::int64_t>(values.size())}, values);
}

TEST(Unroll, LoopWithACount) {
    const Graph flat = unrolled(counted_loop(3), {row({1, -1})});
    EXPECT_EQ(std::count_if(flat.nodes().begin(), flat.nodes().end(), [](const Node& n) { return n.op == "Mul"; }), 3);
    EXPECT_TRUE(std::any_of(flat.nodes().begin(), flat.nodes().end(),
                            [](const Node& n) { return n.name == "Loop_of_last all/2/Mul_of_scaled"; }));
    const auto is_weight = [](const Value& value) { return value.is_constant() && value.constant.elements() == 2; };
    EXPECT_EQ(std::count_if(flat.values().begin(), flat.values().end(), is_weight), 1) << "one weight for all rounds";
}

TEST(Unroll, LoopWithoutARoundKeepsTheDeclaredShape) {
    const Graph graph = unroll_control_flow(read_text(counted_loop(0)), reference_ops());
    EXPECT_FALSE(has_op(graph, "Loop"));
    const std::vector<Tensor> results = interpret(graph, reference_ops(), {row({1, 2})});
    EXPECT_EQ(results[1].shape(), (Shape{0, 1, 2}));
}

TEST(Unroll, LoopWithTooManyRoundsStays) {
    EXPECT_FALSE(has_op(unroll_control_flow(read_text(counted_loop(512)), reference_ops()), "Loop"));
    EXPECT_TRUE(has_op(unroll_control_flow(read_text(counted_loop(513)), reference_ops()), "Loop"));
    EXPECT_TRUE(has_op(unroll_control_flow(read_text(counted_loop(std::int64_t{1} << 60)), reference_ops()), "Loop"));
}

/// TensorFlow's form: no count, and a condition that is computed from a counter of the loop's own.
TEST(Unroll, LoopWhoseConditionIsComputedFromItsCounter) {
    const std::string body = body_text(
        "body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) + scalar("input", "counter", kInt64) +
                    value_text("input", "v", {"1", "2"}) + number("one", 1) +
                    node_text("Add", "counter one", "counted") + node_text("Less", "counted limit", "after") +
                    node_text("Add", "v x", "next") + scalar("output", "after", kBool) +
                    scalar("output", "counted", kInt64) + value_text("output", "next", {"1", "2"}));
    unrolled(value_text("input", "x", {"1", "2"}) + value_text("output", "y", {"1", "2"}) + number("limit", 4) +
                 truth_text("go", true) + number("zero", 0) + node_text("Relu", "x", "start") +
                 node_text("Loop", "- go zero start", "end last", body) + node_text("Relu", "last", "y"),
             {row({1, 2})});
}

/// The condition reads the data, so nobody can say how often the Loop runs.
TEST(Unroll, LoopOnDataStays) {
    const std::string body = body_text(
        "body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) + value_text("input", "v", {"1"}) +
                    floats("limit", "20", 1) + node_text("Add", "v v", "next") +
                    node_text("Less", "next limit", "small") + node_text("Squeeze", "small", "after") +
                    scalar("output", "after", kBool) + value_text("output", "next", {"1"}));
    const std::string text = value_text("input", "x", {"1"}) + value_text("output", "y", {"1"}) + number("count", 5) +
                             truth_text("go", true) + node_text("Relu", "x", "start") +
                             node_text("Loop", "count go start", "y", body);
    EXPECT_TRUE(has_op(unroll_control_flow(read_text(text), reference_ops()), "Loop"));
    EXPECT_NE(run_passes(read_text(text), reference_ops()).info().tail, nullptr);
}

/// A known count does not help where the shapes inside depend on data.
TEST(Unroll, LoopWithShapesOnDataStays) {
    const std::string body = body_text(
        "body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) + node_text("NonZero", "x", "places") +
                    node_text("Identity", "before", "after") + scalar("output", "after", kBool) +
                    "output { name: 'places' type { tensor_type { elem_type: 7 shape { dim { dim_value: 2 } dim { "
                    "dim_param: 'k' } } } } } ");
    const std::string text = value_text("input", "x", {"1", "4"}) + value_text("output", "h", {"1", "4"}) +
                             "output { name: 'y' type { tensor_type { elem_type: 7 shape { dim { dim_value: 2 } dim { "
                             "dim_value: 2 } dim { dim_param: 'k' } } } } } " +
                             number("count", 2) + truth_text("go", true) + node_text("Relu", "x", "h") +
                             node_text("Loop", "count go", "y", body);
    EXPECT_TRUE(has_op(unroll_control_flow(read_text(text), reference_ops()), "Loop"));
}

/// A detector may squeeze the batch away in front of its tail: it runs sample by sample anyway.
TEST(Unroll, AModelWithATailMayFitABatchOfOneOnly) {
    const std::string body = body_text(
        "body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) +
                    node_text("NonZero", "row", "places") + node_text("Identity", "before", "after") +
                    scalar("output", "after", kBool) +
                    "output { name: 'places' type { tensor_type { elem_type: 7 shape { dim { dim_value: 1 } dim { "
                    "dim_param: 'k' } } } } } ");
    const std::string text = value_text("input", "x", {"N", "4"}) + value_text("output", "h", {"N", "4"}) +
                             "output { name: 'y' type { tensor_type { elem_type: 7 shape { dim { dim_value: 2 } dim { "
                             "dim_value: 1 } dim { dim_param: 'k' } } } } } " +
                             "initializer { name: 'first' dims: 1 data_type: 7 int64_data: 0 } " + number("count", 2) +
                             truth_text("go", true) + node_text("Relu", "x", "h") +
                             node_text("Squeeze", "h first", "row") + node_text("Loop", "count go", "y", body);
    const Graph head = run_passes(read_text(text), reference_ops());
    EXPECT_NE(head.info().tail, nullptr);
    EXPECT_EQ(head.value(head.inputs()[0]).type.shape, (Shape{1, 4}));
}

/// Running sums of the columns of x, from the last column to the first; results stand side by side as columns.
TEST(Unroll, ScanWithAKnownLength) {
    const std::string body =
        body_text("body", value_text("input", "so_far", {"2"}) + value_text("input", "column", {"2"}) +
                              node_text("Add", "so_far column", "added") + node_text("Identity", "added", "seen") +
                              value_text("output", "added", {"2"}) + value_text("output", "seen", {"2"}));
    const auto ints = [](const std::string& name, int value) {
        return "attribute { name: '" + name + "' type: INTS ints: " + std::to_string(value) + " } ";
    };
    for (const int direction : {0, 1}) {
        const std::string text =
            value_text("input", "x", {"2", "3"}) + value_text("output", "sum", {"2"}) +
            value_text("output", "sums", {"2", "3"}) + floats("zero", "0, 0", 2) +
            node_text("Scan", "zero x", "sum sums",
                      "attribute { name: 'num_scan_inputs' type: INT i: 1 } " + ints("scan_input_axes", -1) +
                          ints("scan_input_directions", direction) + ints("scan_output_axes", -1) +
                          ints("scan_output_directions", 1 - direction) + body);
        const std::vector<float> x{1, 2, 3, 10, 20, 30};
        unrolled(text, {Tensor::of<float>({2, 3}, x)});
    }
}

/// An If inside of a Loop on the number of the round, and a Loop inside of a Loop.
TEST(Unroll, ControlFlowInsideOfControlFlow) {
    const std::string branches =
        body_text("then_branch", node_text("Add", "v x", "r") + value_text("output", "r", {"1", "2"})) +
        body_text("else_branch", node_text("Mul", "v v", "r") + value_text("output", "r", {"1", "2"}));
    const std::string inner = body_text(
        "body", scalar("input", "j", kInt64) + scalar("input", "c", kBool) + value_text("input", "u", {"1", "2"}) +
                    node_text("Equal", "i one", "is_one") +
                    node_text("If", "is_one", "r2",
                              [&] {
                                  std::string text = branches;
                                  std::replace(text.begin(), text.end(), '\v', ' ');
                                  for (std::size_t at = 0; (at = text.find("'v'", at)) != std::string::npos;) {
                                      text.replace(at, 3, "'u'");
                                  }
                                  return text;
                              }()) +
                    node_text("Identity", "c", "d") + scalar("output", "d", kBool) +
                    value_text("output", "r2", {"1", "2"}));
    const std::string outer = body_text(
        "body", scalar("input", "i", kInt64) + scalar("input", "before", kBool) + value_text("input", "v", {"1", "2"}) +
                    number("two", 2) + node_text("Loop", "two before v", "next", inner) +
                    node_text("Identity", "before", "after") + scalar("output", "after", kBool) +
                    value_text("output", "next", {"1", "2"}));
    unrolled(value_text("input", "x", {"1", "2"}) + value_text("output", "y", {"1", "2"}) + number("three", 3) +
                 number("one", 1) + truth_text("go", true) + node_text("Relu", "x", "start") +
                 node_text("Loop", "three go start", "y", outer),
             {row({1, 2})});
}

/// An If whose condition compares a size of the input that the model leaves open.
std::string if_on_width() {
    return value_text("input", "x", {"N", "width"}) + value_text("output", "y", {"N", "width"}) + number("limit", 4) +
           "initializer { name: 'place' data_type: 7 int64_data: 1 } " + node_text("Shape", "x", "sizes") +
           node_text("Gather", "sizes place", "size") + node_text("Less", "size limit", "is_small") +
           node_text(
               "If", "is_small", "y",
               body_text("then_branch", node_text("Relu", "x", "r") + value_text("output", "r", {"N", "width"})) +
                   body_text("else_branch", node_text("Neg", "x", "r") + value_text("output", "r", {"N", "width"})));
}

TEST(Unroll, IfOnABoundSizeClosesTheSize) {
    for (const auto& [width, op] : {std::pair{3, "Relu"}, std::pair{5, "Neg"}}) {
        const Graph bound = bind_sizes(read_text(if_on_width()), {.dims = {{"width", width}}});
        const Graph flat = run_passes(bound, reference_ops());
        EXPECT_TRUE(has_op(flat, op));
        EXPECT_FALSE(has_op(flat, "If"));
        EXPECT_THAT(flat.info().bound_dims, IsEmpty()) << "the file would be wrong for another width";
    }
}

// ---- an open batch that the shape rules cannot follow

std::string reshaped(const std::string& shape) {
    const auto count = std::to_string(1 + std::count(shape.begin(), shape.end(), ','));
    return value_text("input", "x", {"N", "4", "6"}) + value_text("output", "y", {"M", "3", "4"}) +
           "initializer { name: 'shape' dims: " + count + " data_type: 7 int64_data: [" + shape + "] } " +
           node_text("Reshape", "x shape", "r") + node_text("Relu", "r", "y");
}

TEST(OpenBatch, ThatIsFoldedIntoAnotherDimensionRunsSampleBySample) {
    const Graph graph = run_passes(read_text(reshaped("-1, 3, 4")), reference_ops());
    EXPECT_EQ(graph.value(graph.inputs()[0]).type.shape, (Shape{1, 4, 6}));
    EXPECT_EQ(graph.value(graph.outputs()[0]).type.shape, (Shape{2, 3, 4}));
    EXPECT_THAT(graph.info().bound_dims, ElementsAre("x:0"));
    const Graph again = import_onnx(export_onnx(graph), "again", reference_ops());
    EXPECT_EQ(again.value(again.inputs()[0]).type.shape, (Shape{kSymbolic, 4, 6}));
}

TEST(OpenBatch, ThatOnlyABatchOfOneFitsIsRefusedWithTheWayOut) {
    try {
        (void)run_passes(read_text(reshaped("2, 3, 4")), reference_ops());
        FAIL();
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr("Reshape node 'Reshape_of_r': cannot reshape [N,4,6] to [2,3,4]; the model fits "
                              "a batch of 1 only, whatever its inputs declare: --shape x=1,4,6"));
    }
    const Graph bound = bind_sizes(read_text(reshaped("2, 3, 4")), {.shapes = {{"x", {1, 4, 6}}}});
    EXPECT_EQ(run_passes(bound, reference_ops()).nodes().size(), 2);
}

TEST(OpenBatch, ThatNoBatchFitsIsRefusedAsBefore) {
    try {
        (void)run_passes(read_text(reshaped("5, 5")), reference_ops());
        FAIL();
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), Not(HasSubstr("batch of 1")));
    }
}

}  // namespace
}  // namespace halftone::test
