// Which array feeds which input, and which is a label.
#include "init/array_match.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "surveys.hpp"

namespace halftone {
namespace {

using init_test::port;
using init_test::survey;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

FoundArray array(const std::string& name, DType dtype, std::vector<std::int64_t> row) {
    return {
        .name = name, .source = name + ".npy", .row = {.name = "", .type = {dtype, Shape(std::move(row))}}, .rows = 8};
}

std::vector<std::string> sources(const std::vector<std::pair<std::string, FoundArray>>& pairs) {
    std::vector<std::string> texts;
    for (const auto& [name, a] : pairs) texts.push_back(name + "=" + a.source);
    return texts;
}

TEST(ArrayMatch, NamesDecideWhereTwoArraysHaveOneShape) {
    const ArrayMatch match = match_arrays({array("Attention-Mask", DType::s64, {16}),
                                           array("inputids", DType::s32, {16}), array("labels", DType::s64, {})},
                                          init_test::text_model());
    EXPECT_THAT(sources(match.inputs), ElementsAre("input_ids=inputids.npy", "attention_mask=Attention-Mask.npy"));
    EXPECT_THAT(sources(match.targets), ElementsAre("label=labels.npy"));
    EXPECT_THAT(match.guessed, IsEmpty());
}

TEST(ArrayMatch, AShapeDecidesWhereOnlyOneFits) {
    const ArrayMatch match =
        match_arrays({array("x", DType::f32, {3, 32, 32}), array("y", DType::s64, {})}, init_test::classifier());
    EXPECT_THAT(sources(match.inputs), ElementsAre("image=x.npy"));
    EXPECT_THAT(match.guessed, SizeIs(1));
}

TEST(ArrayMatch, TwoThatFitAreNotGuessed) {
    const ArrayMatch match =
        match_arrays({array("a", DType::s64, {16}), array("b", DType::s64, {16})}, init_test::text_model());
    EXPECT_THAT(match.missing, ElementsAre("input_ids", "attention_mask"));
}

TEST(ArrayMatch, PicturesInBytesFeedAnInputOfChannelsFirst) {
    const ArrayMatch match = match_arrays({array("pictures", DType::u8, {40, 50, 3})}, init_test::classifier());
    EXPECT_THAT(sources(match.inputs), ElementsAre("image=pictures.npy"));
    EXPECT_THAT(match.targets, IsEmpty());
}

TEST(ArrayMatch, TheOnlyOtherArrayOfAnOutputsShapeIsATarget) {
    const auto model = survey({port("x", "fp32", {"N", "8"})}, {port("y_hat", "fp32", {"N", "3"})});
    const ArrayMatch match = match_arrays({array("x", DType::f32, {8}), array("wanted", DType::f32, {3})}, model);
    EXPECT_THAT(sources(match.targets), ElementsAre("target=wanted.npy"));
}

TEST(ArrayMatch, WhatNobodyNeedsIsLeftOut) {
    const ArrayMatch match = match_arrays(
        {array("image", DType::f32, {3, 32, 32}), array("label", DType::s64, {}), array("weights", DType::f32, {7})},
        init_test::classifier());
    EXPECT_THAT(match.left_out, ElementsAre("weights.npy"));
}

TEST(SplitWords, AreTakenOutOfNames) {
    using Pair = std::pair<std::string, std::string>;
    EXPECT_EQ(without_split_word("x_train"), Pair("x", "train"));
    EXPECT_EQ(without_split_word("test_input_ids"), Pair("input_ids", "test"));
    EXPECT_EQ(without_split_word("input_val_ids"), Pair("input_ids", "val"));
    EXPECT_EQ(without_split_word("trained"), Pair("trained", ""));
    EXPECT_EQ(without_split_word("train"), Pair("train", "")) << "it would leave no name";
}

}  // namespace
}  // namespace halftone
