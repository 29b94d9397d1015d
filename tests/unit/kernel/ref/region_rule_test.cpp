// Operators on regions, grids and bits: what their shape rules take and refuse, and values by hand where ONNX's own
// tests have no case. The other values are compared by tests/conformance.
#include <gmock/gmock.h>

#include <limits>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ints = std::vector<std::int64_t>;

Tensor list(const Ints& numbers) {
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(numbers.size())}, numbers);
}
Tensor reals(const Shape& shape, const std::vector<float>& values) { return Tensor::of<float>(shape, values); }

std::vector<Tensor> evaluated_region(const std::string& op, const std::vector<Tensor>& inputs,
                                     Attributes attributes = {}, std::size_t outputs = 1) {
    OpCase test{
        .op = op, .inputs = std::vector<Shape>(inputs.size()), .attributes = std::move(attributes), .outputs = outputs};
    const Node node = node_of(test);
    OpContext context{.node = node, .inputs = {}, .constants = {}};
    for (const Tensor& input : inputs) {
        context.inputs.push_back(input.type());
        context.constants.push_back(&input);
    }
    return reference_ops().evaluate(context, inputs);
}

std::vector<float> reals_of(const Tensor& tensor) {
    const auto values = tensor.as<float>();
    return {values.begin(), values.end()};
}

Attributes roi(std::int64_t height, std::int64_t width, std::int64_t sampling) {
    return {{"output_height", height}, {"output_width", width}, {"sampling_ratio", sampling}};
}

/// A region of the whole picture, cut into two columns; each is sampled at two points in both directions.
TEST(RoiAlign, AveragesPointsBetweenPixels) {
    const Tensor picture = reals({1, 1, 2, 4}, {0, 1, 2, 3, 0, 1, 2, 3});
    const Tensor region = reals({1, 4}, {0, 0, 2, 2});
    EXPECT_THAT(reals_of(evaluated_region("RoiAlign", {picture, region, list({0})}, roi(1, 2, 2))[0]),
                ElementsAre(0.5F, 1.5F));
}

TEST(RoiAlign, RefusesRegionsThatWouldTakeForEver) {
    const Tensor picture = reals({1, 1, 2, 2}, {0, 1, 2, 3});
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float end : {1e30F, nan}) {
        EXPECT_THROW(
            (void)evaluated_region("RoiAlign", {picture, reals({1, 4}, {0, 0, end, 1e9F}), list({0})}, roi(1, 1, 0)),
            ModelError);
    }
    EXPECT_THROW((void)evaluated_region("RoiAlign", {picture, reals({1, 4}, {0, 0, 1, 1}), list({1})}, roi(1, 1, 1)),
                 ModelError)
        << "there is one picture";
    const auto refused = [](Attributes attributes) {
        return refusal({.op = "RoiAlign",
                        .inputs = {{1, 1, 4, 4}, {2, 4}, {}},
                        .attributes = std::move(attributes),
                        .constants = {{2, list({0, 0})}}});
    };
    EXPECT_THAT(refused(roi(1, 1, std::int64_t{1} << 40)), HasSubstr("out of range"));
    EXPECT_THAT(refused(roi(0, 1, 1)), HasSubstr("out of range"));
    EXPECT_THAT(refused({{"mode", std::string("sum")}}), HasSubstr("neither avg nor max"));
    EXPECT_EQ(refused(roi(3, 5, 1)), "accepted as [2,1,3,5]");
}

OpCase deform(Shape offset, std::int64_t groups = 1) {
    return {.op = "DeformConv",
            .inputs = {{-1, 4, 5, 5}, {6, 4 / groups, 3, 3}, std::move(offset)},
            .attributes = {{"group", groups}}};
}

TEST(DeformConvRule, ChecksItsOffsets) {
    EXPECT_EQ(inferred(deform({-1, 18, 3, 3})), "[N,6,3,3]");
    EXPECT_EQ(inferred(deform({-1, 18, 3, 3}, 2)), "[N,6,3,3]");
    EXPECT_THAT(refusal(deform({-1, 9, 3, 3})), HasSubstr("must be [N,18,3,3]"));
    OpCase groups = deform({-1, 18, 3, 3});
    groups.attributes["offset_group"] = std::int64_t{3};
    EXPECT_THAT(refusal(groups), HasSubstr("do not fit"));
}

/// Without offsets it is a convolution; an offset of half a pixel lies between two.
TEST(DeformConv, MovesItsTaps) {
    const Tensor x = reals({1, 1, 1, 4}, {1, 2, 4, 8});
    const Tensor w = reals({1, 1, 1, 1}, {10});
    const Tensor offset = reals({1, 2, 1, 4}, {0, 0, 0, 0, 0, 0.5F, -1, 9});
    EXPECT_THAT(reals_of(evaluated_region("DeformConv", {x, w, offset})[0]), ElementsAre(10, 30, 20, 0));
}

TEST(MaxUnpool, RefusesIndicesOutsideOfTheTensor) {
    const Tensor x = reals({1, 1, 1, 2}, {5, 6});
    const Attributes kernel{{"kernel_shape", Ints{1, 2}}, {"strides", Ints{1, 2}}};
    EXPECT_THAT(
        reals_of(evaluated_region("MaxUnpool", {x, Tensor::of<std::int64_t>({1, 1, 1, 2}, Ints{1, 2})}, kernel)[0]),
        ElementsAre(0, 5, 6, 0));
    EXPECT_THROW((void)evaluated_region("MaxUnpool", {x, Tensor::of<std::int64_t>({1, 1, 1, 2}, Ints{1, 4})}, kernel),
                 ModelError);
}

TEST(Col2ImRule, ChecksThatTheColumnsFit) {
    const auto col2im = [](Shape x, const Ints& image, const Ints& block) {
        return refusal(
            {.op = "Col2Im", .inputs = {std::move(x), {}, {}}, .constants = {{1, list(image)}, {2, list(block)}}});
    };
    EXPECT_EQ(col2im({-1, 8, 12}, {4, 5}, {2, 2}), "accepted as [N,2,4,5]");
    EXPECT_THAT(col2im({-1, 7, 12}, {4, 5}, {2, 2}), HasSubstr("does not hold columns of 4 at 12 positions"));
    EXPECT_THAT(col2im({-1, 8, 12}, {4, 5}, {2}), HasSubstr("the same number of dimensions"));
    EXPECT_THAT(col2im({-1, 8, 12}, {4, std::int64_t{1} << 62}, {2, 2}), HasSubstr("out of range"));
    EXPECT_THAT(col2im({-1, 8, 12}, {1, 5}, {2, 2}), HasSubstr("larger than the padded image"));
}

TEST(AffineGridRule, KeepsTheBatch) {
    const auto grid = [](Shape theta, const Ints& size) {
        return refusal({.op = "AffineGrid", .inputs = {std::move(theta), {}}, .constants = {{1, list(size)}}});
    };
    EXPECT_EQ(grid({2, 2, 3}, {2, 3, 5, 6}), "accepted as [2,5,6,2]");
    EXPECT_EQ(grid({2, 3, 4}, {2, 3, 4, 5, 6}), "accepted as [2,4,5,6,3]");
    EXPECT_THAT(grid({2, 2, 3}, {3, 3, 5, 6}), HasSubstr("does not fit the size"));
    EXPECT_THAT(grid({2, 2, 4}, {2, 3, 5, 6}), HasSubstr("does not fit the size"));
}

TEST(CenterCropPadRule, NeedsASizeForEachAxis) {
    const auto crop = [](const Ints& shape, Attributes attributes) {
        return refusal({.op = "CenterCropPad",
                        .inputs = {{-1, 3, 8}, {}},
                        .attributes = std::move(attributes),
                        .constants = {{1, list(shape)}}});
    };
    EXPECT_EQ(crop({5, 4}, {{"axes", Ints{1, -1}}}), "accepted as [N,5,4]");
    EXPECT_THAT(crop({5}, {{"axes", Ints{1, 2}}}), HasSubstr("one size for each of the axes"));
    EXPECT_THAT(crop({5}, {{"axes", Ints{0}}}), HasSubstr("symbolic batch"));
}

TEST(CompressRule, KeepsWhatTheConditionNames) {
    const Tensor condition = [] {
        Tensor tensor({DType::boolean, Shape{3}});
        tensor.mutable_view().data[1] = std::byte{1};
        return tensor;
    }();
    EXPECT_EQ(inferred({.op = "Compress",
                        .inputs = {{-1, 4}, {}},
                        .attributes = {{"axis", std::int64_t{1}}},
                        .constants = {{1, condition}}}),
              "[N,1]");
    EXPECT_THAT(refusal({.op = "Compress",
                         .inputs = {{5, 2}, {}},
                         .attributes = {{"axis", std::int64_t{1}}},
                         .constants = {{1, condition}}}),
                HasSubstr("3 elements for 2"));
    EXPECT_THAT(refusal({.op = "Compress", .inputs = {{5, 2}, {3}}, .dtype = DType::boolean}),
                HasSubstr("must be a constant"));
}

TEST(Unique, KeepsTheOrderOfOccurrenceWhereAsked) {
    const Tensor x =
        reals({6}, {2, 1, 1, std::numeric_limits<float>::quiet_NaN(), 4, std::numeric_limits<float>::quiet_NaN()});
    const std::vector<Tensor> found = evaluated_region("Unique", {x}, {{"sorted", std::int64_t{0}}}, 4);
    EXPECT_EQ(found[0].shape(), (Shape{4}));
    EXPECT_THAT(found[1].as<std::int64_t>(), ElementsAre(0, 1, 3, 4));
    EXPECT_THAT(found[2].as<std::int64_t>(), ElementsAre(0, 1, 1, 2, 3, 2));
    EXPECT_THAT(found[3].as<std::int64_t>(), ElementsAre(1, 2, 2, 1));
}

TEST(Bits, AShiftByTooMuchLeavesTheSign) {
    const auto shifted = [](const std::string& direction, const std::vector<std::int32_t>& a,
                            const std::vector<std::int32_t>& b) {
        const Shape shape{static_cast<std::int64_t>(a.size())};
        const Tensor y =
            evaluated_region("BitShift", {Tensor::of<std::int32_t>(shape, a), Tensor::of<std::int32_t>(shape, b)},
                             {{"direction", direction}})[0];
        const auto values = y.as<std::int32_t>();
        return std::vector<std::int32_t>(values.begin(), values.end());
    };
    EXPECT_THAT(shifted("RIGHT", {-8, -8, 8, -8}, {1, 32, 40, -1}), ElementsAre(-4, -1, 0, -1));
    EXPECT_THAT(shifted("LEFT", {-8, 1, 1, 1}, {1, 31, 32, -1}),
                ElementsAre(-16, std::numeric_limits<std::int32_t>::min(), 0, 0));
    EXPECT_THAT(refusal({.op = "BitShift", .inputs = {{2}, {2}}, .dtype = DType::s32}),
                HasSubstr("neither LEFT nor RIGHT"));
    EXPECT_THAT(refusal({.op = "BitwiseAnd", .inputs = {{2}, {2}}}), HasSubstr("BitwiseAnd node 'n'"));
}

/// Two rows change places, so the sign does, too.
TEST(Det, OfMatricesInAStack) {
    EXPECT_THAT(reals_of(evaluated_region("Det", {reals({2, 2, 2}, {0, 2, 3, 4, 1, 2, 2, 4})})[0]), ElementsAre(-6, 0));
    EXPECT_THAT(refusal({.op = "Det", .inputs = {{2, 3}}}), HasSubstr("no square matrices"));
}

}  // namespace
}  // namespace halftone::test
