// What may feed a model's input, and what becomes of it.
#include "data/convert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor floats(const std::vector<float>& values) {
    Tensor tensor({DType::f32, Shape{static_cast<std::int64_t>(values.size())}});
    std::copy(values.begin(), values.end(), tensor.mutable_view().as<float>().begin());
    return tensor;
}

std::vector<int> bytes_of(const std::vector<float>& values) {
    Tensor out({DType::u8, Shape{static_cast<std::int64_t>(values.size())}});
    feed_values(floats(values).view(), out.mutable_view());
    const auto bytes = out.as<std::uint8_t>();
    return {bytes.begin(), bytes.end()};
}

TEST(FeedValues, FractionsForBytesAreCutAsNumPyCutsThem) {
    EXPECT_THAT(bytes_of({0.0F, 0.99F, 127.5F, 254.999F, 255.9F, -0.5F}), ElementsAre(0, 0, 127, 254, 255, 0));
}

TEST(FeedValues, WhatNoByteHoldsIsRefused) {
    for (const float value : {256.0F, -1.0F, 1e30F, std::numeric_limits<float>::quiet_NaN()}) {
        EXPECT_THAT(message_of<DataError>([&] { (void)bytes_of({value}); }), HasSubstr("is no uint8")) << value;
    }
}

TEST(FeedValues, OnlyBytesTakeFractions) {
    EXPECT_TRUE(can_cut(DType::f32, DType::u8));
    EXPECT_FALSE(can_cut(DType::f32, DType::s64));
    EXPECT_FALSE(can_cut(DType::s64, DType::u8));
    EXPECT_FALSE(can_feed(DType::f32, DType::u8)) << "without the framework's word they are refused";
}

}  // namespace
}  // namespace halftone
