// How models take samples: which field feeds which input, how many run together, where a sample's answer is.
#include "eval/model_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/answers.hpp"
#include "eval/used_rows.hpp"
#include "exec/session.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/config_text.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Schema schema(std::vector<Field> inputs) { return {.inputs = std::move(inputs), .targets = {}}; }
Field field(const std::string& name, DType dtype, Shape shape) {
    return {.name = name, .type = {dtype, std::move(shape)}};
}

/// Words and a mask of the given batch, whose sum is the answer.
Graph two_inputs(std::int64_t batch = kSymbolic) {
    GraphMaker g;
    const ValueId ids = g.input("ids", {batch, 3}, DType::s64);
    const ValueId mask = g.input("mask", {batch, 3}, DType::s64);
    return infer_types(g.build({g.node("Add", "sum", {ids, mask})}), reference_ops());
}

TEST(ExecutorBatch, IsOneWhereRangesOfRunTimeWouldSpanSeveralSamples) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 3});
    std::vector<ValueId> parts;
    for (const char* name : {"codes", "scale", "zero_point"}) parts.push_back(g.builder().value_named(name));
    g.builder().add_node(
        {.name = "q", .op = "DynamicQuantizeLinear", .inputs = {x}, .outputs = parts, .attributes = {}});
    const ValueId y = g.node("DequantizeLinear", "dq", {parts[0], g.constant("s", Tensor::scalar(1.0F))});
    const Graph graph = infer_types(g.build({y}), reference_ops());
    const Schema samples = schema({field("x", DType::f32, {3})});
    EXPECT_EQ(executor_batch(graph, {&samples}, 8), 1);
}

TEST(FittingFields, MeetInputsByNameInAnyOrder) {
    const auto samples =
        schema({field("mask", DType::s64, {3}), field("extra", DType::f32, {1}), field("ids", DType::s32, {3})});
    EXPECT_THAT(fitting_fields(two_inputs(), samples, 8, "evaluation"), ElementsAre(2, 0));
}

TEST(FittingFields, MeetInputsByOrderWhereNamesAreOthers) {
    const auto samples = schema({field("a", DType::s64, {3}), field("b", DType::boolean, {3})});
    EXPECT_THAT(fitting_fields(two_inputs(), samples, 8, "evaluation"), ElementsAre(0, 1));
}

std::string misfit(const Schema& samples) {
    return message_of<ConfigError>([&] { (void)fitting_fields(two_inputs(), samples, 8, "evaluation.accuracy"); });
}

TEST(FittingFields, RefuseNamesInAnotherOrderOfWhichSomeAreMissing) {
    EXPECT_THAT(
        misfit(schema({field("mask", DType::s64, {3}), field("words", DType::s64, {3})})),
        HasSubstr("yields samples of mask int64 [3], words int64 [3] after its transforms, but the model takes ids "
                  "int64 [3], mask int64 [3] per sample"));
}

TEST(FittingFields, RefuseAnotherShapeAndTypesThatCannotBecomeTheInputs) {
    const Field mask = field("mask", DType::s64, {3});
    EXPECT_THAT(misfit(schema({field("ids", DType::s64, {4}), mask})), HasSubstr("'ids' does not fit"));
    EXPECT_THAT(misfit(schema({field("ids", DType::f32, {3}), mask})), HasSubstr("'ids' does not fit"));
    Field texts = field("ids", DType::s64, {3});
    texts.is_text = true;
    EXPECT_THAT(misfit(schema({texts, mask})), HasSubstr("ids text"));
}

TEST(FittingFields, FractionsFeedBytesWhereTheFrameworkCutsThem) {
    GraphMaker g;
    const ValueId x = g.input("image_tensor", {1, 4, 4, 3}, DType::u8);
    const Graph graph = infer_types(g.build({g.node("Identity", "same", {x})}), reference_ops());
    const auto samples = schema({field("image", DType::f32, {4, 4, 3})});
    EXPECT_THAT(fitting_fields(graph, samples, 1, "evaluation", {.cuts_fractions = true}), ElementsAre(0));
    EXPECT_THAT(message_of<ConfigError>([&] { (void)fitting_fields(graph, samples, 1, "evaluation"); }),
                HasSubstr("'image' does not fit the input 'image_tensor'"));
}

TEST(CheckSample, ComparesSizesThatOnlyASampleKnows) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 4, 5});
    const Graph graph = infer_types(g.build({g.node("Relu", "r", {x})}), reference_ops());
    const auto sample = [](Shape shape) { return Sample{.id = 7, .inputs = {Tensor({DType::f32, std::move(shape)})}}; };
    EXPECT_NO_THROW(check_sample(sample({4, 5}), {0}, graph));
    EXPECT_NO_THROW(check_sample(sample({2, 4, 5}), {0}, graph)) << "a whole input with its batch";
    EXPECT_THAT(message_of<DataError>([&] {
                    check_sample(sample({4, 6}), {0}, graph);
                }),
                ::testing::AllOf(HasSubstr("sample 7, input 0: its shape is [4,6], the model's input takes [N,4,5]"),
                                 HasSubstr("Resize")));
}

TEST(ExecutorBatch, IsTheWantedOneOrTheModelsOwn) {
    const auto samples = schema({field("ids", DType::s64, {3}), field("mask", DType::s64, {3})});
    EXPECT_EQ(executor_batch(two_inputs(), {&samples}, 8), 8);
    EXPECT_EQ(executor_batch(two_inputs(4), {&samples}, 8), 4);
}

TEST(ExecutorBatch, IsOneWhereASampleIsAWholeInput) {
    GraphMaker g;
    const ValueId x = g.input("x", {3, 4});
    const Graph graph = infer_types(g.build({g.node("Relu", "r", {x})}), reference_ops());
    const auto samples = schema({field("x", DType::f32, {3, 4})});
    EXPECT_EQ(executor_batch(graph, {&samples}, 8), 1);
    EXPECT_THAT(fitting_fields(graph, samples, 1, "evaluation"), ElementsAre(0));
    EXPECT_EQ(to_text(OutputRows(graph, 1).fields()), "r_out fp32 [3,4]");
}

/// The batch becomes the second dimension: no row of the output belongs to one sample.
Graph turned() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 3});
    const std::vector<std::int64_t> axes{1, 0, 2};
    return infer_types(g.build({g.node("Transpose", "turn", {x}, {{"perm", axes}})}), reference_ops());
}

TEST(ExecutorBatch, IsOneWhereAnOutputHasNoRowForEachSample) {
    const auto samples = schema({field("x", DType::f32, {2, 3})});
    EXPECT_EQ(executor_batch(turned(), {&samples}, 8), 1);
    EXPECT_FALSE(OutputRows(turned(), 8).can_divide());
    EXPECT_EQ(to_text(OutputRows(turned(), 1).fields()), "turn_out fp32 [2,1,3]");
}

TEST(OutputRows, AreThoseOfTheBatchWithoutIt) {
    const OutputRows rows(two_inputs(), 2);
    ASSERT_TRUE(rows.can_divide());
    EXPECT_TRUE(rows.has_rows(0));
    EXPECT_EQ(to_text(rows.fields()), "sum_out int64 [3]");
}

TEST(ScoredOutputs, AreWholeWhereSamplesRunOneByOne) {
    const ScoredOutputs outputs = scored_outputs(turned(), 1);
    EXPECT_EQ(to_text(outputs.fields), "turn_out fp32 [2,1,3]");
    Session session(turned(), reference_ops(), {});
    for (float& value : session.input(0).as<float>()) value = 3;
    session.run();
    const std::vector<std::int64_t> ids{7};
    const std::vector<std::vector<FieldValue>> targets(1);
    int answers = 0;
    UnpaddedValues unpadded = unpadded_outputs(turned(), outputs);
    for_each_answer({.first = 0, .rows = 1, .ids = ids, .targets = targets}, outputs_of(session, outputs).views, {},
                    unpadded, [&](const SampleAnswer& answer) {
                        ++answers;
                        EXPECT_EQ(answer.id, 7);
                        EXPECT_EQ(answer.outputs[0].type, (TensorType{DType::f32, Shape{2, 1, 3}}));
                        EXPECT_EQ(answer.outputs[0].as<float>()[0], 3.0F);
                    });
    EXPECT_EQ(answers, 1);
    EXPECT_TRUE(scored_outputs(turned(), 8).fields.empty());
}

TEST(PutSample, ConvertsToTheTypesOfTheInputs) {
    Tensor ids({DType::s64, Shape{2, 2}});
    Tensor pixels({DType::f32, Shape{2, 2}});
    const std::vector<MutableView> inputs{ids.mutable_view(), pixels.mutable_view()};
    const std::vector<std::int32_t> words{7, -8};
    const std::vector<std::uint8_t> picture{9, 255};
    const Sample sample{
        .id = 5, .inputs = {Tensor::of<std::uint8_t>(Shape{2}, picture), Tensor::of<std::int32_t>(Shape{2}, words)}};
    put_sample(sample, {1, 0}, 1, 2, inputs);
    EXPECT_THAT(ids.as<std::int64_t>(), ElementsAre(0, 0, 7, -8));
    EXPECT_THAT(pixels.as<float>(), ElementsAre(0, 0, 9, 255));
    clear_rows(1, 2, inputs);
    EXPECT_THAT(ids.as<std::int64_t>(), ElementsAre(0, 0, 0, 0));
}

TEST(PutSample, RefusesAValueThatDoesNotFitWithItsSample) {
    Tensor ids({DType::s32, Shape{1, 1}});
    const std::vector<MutableView> inputs{ids.mutable_view()};
    const Sample sample{.id = 5, .inputs = {Tensor::of<std::int64_t>(Shape{1}, std::vector<std::int64_t>{1LL << 40})}};
    EXPECT_THAT(message_of<DataError>([&] { put_sample(sample, {}, 0, 1, inputs); }),
                HasSubstr("sample 5, input 0: the value 1099511627776 is no int32"));
    Tensor mask({DType::boolean, Shape{1, 1}});
    const std::vector<MutableView> masks{mask.mutable_view()};
    const Sample two{.id = 6, .inputs = {Tensor::of<std::int64_t>(Shape{1}, std::vector<std::int64_t>{2})}};
    EXPECT_THAT(message_of<DataError>([&] { put_sample(two, {}, 0, 1, masks); }), HasSubstr("the value 2 is no bool"));
}

TEST(UsedRows, AreFoundWhereverTheBatchIs) {
    const auto rows = [](const Shape& declared, const Shape& actual) {
        const UsedRows found = used_rows(declared, actual, 3, 4);
        return std::pair(found.block, found.used);
    };
    EXPECT_EQ(rows({kSymbolic, 5}, {4, 5}), std::pair(std::size_t{20}, std::size_t{15}));
    EXPECT_EQ(rows({6, kSymbolic, 5}, {6, 4, 5}), std::pair(std::size_t{20}, std::size_t{15}));
    EXPECT_EQ(rows({kSymbolic, 5}, {8, 5}), std::pair(std::size_t{40}, std::size_t{30})) << "two rows for each sample";
    EXPECT_EQ(rows({2, 4, 5}, {2, 4, 5}), std::pair(std::size_t{20}, std::size_t{15})) << "the model fixes its batch";
    EXPECT_EQ(rows({}, {}), std::pair(std::size_t{1}, std::size_t{1}));
}

}  // namespace
}  // namespace halftone
