// WeightCodes gives what affine.hpp gives, and makes it once.
#include "exec/weight_codes.hpp"

#include <gmock/gmock.h>

#include "tensor/affine.hpp"

namespace halftone {
namespace {

Tensor ramp(std::int64_t rows, std::int64_t columns, float step) {
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = step * (static_cast<float>(i) - 5.0F);
    return Tensor::of<float>(Shape{rows, columns}, values);
}

const std::byte* address(const Tensor& tensor) { return tensor.view().data; }

TEST(WeightCodes, EqualWhatTheyStandFor) {
    WeightCodes known;
    const Tensor weight = ramp(4, 9, 0.1F);
    for (const Granularity granularity : {Granularity::per_tensor, Granularity::per_channel}) {
        const QuantParams params = weight_params(weight, granularity, 0);
        for (int time = 0; time < 2; ++time) {
            EXPECT_EQ(known.params(weight, {.dtype = DType::s8, .granularity = granularity}, 0), params);
            const Tensor expected = quantize(weight, params);
            const Tensor codes = known.codes(weight, params);
            EXPECT_THAT(codes.as<std::int8_t>(), testing::ElementsAreArray(expected.as<std::int8_t>()));
        }
    }
}

TEST(WeightCodes, AreMadeOnce) {
    WeightCodes known;
    const Tensor weight = ramp(4, 9, 0.1F);
    const QuantParams params = known.params(weight, {.dtype = DType::s8, .granularity = Granularity::per_channel}, 0);
    const std::byte* first = address(known.codes(weight, params));
    EXPECT_EQ(address(known.codes(weight, params)), first);
    QuantParams other = params;
    other.scale[2] *= 2;
    EXPECT_NE(address(known.codes(weight, other)), first);
    EXPECT_EQ(address(known.codes(weight, params)), first);
    EXPECT_NE(address(known.codes(weight.clone(), params)), first);  // equal, but another buffer
}

TEST(WeightCodes, ForgetTheLeastRecentlyUsed) {
    WeightCodes known;
    const Tensor weight = ramp(2, 8, 0.1F);
    QuantParams params = known.params(weight, {.dtype = DType::s8, .granularity = Granularity::per_tensor}, 0);
    const Tensor first = known.codes(weight, params);
    const Tensor other = known.codes(ramp(2, 8, 0.3F), params);
    for (int i = 0; i < 4; ++i) {
        params.scale[0] *= 2;
        (void)known.codes(weight, params);
    }
    params.scale[0] /= 16;
    EXPECT_NE(address(known.codes(weight, params)), address(first));
    EXPECT_EQ(address(known.codes(ramp(2, 8, 0.3F), params)) == address(other), false) << "an equal weight is another";
}

TEST(WeightCodes, EachWeightKeepsItsOwnSets) {
    WeightCodes known;
    std::vector<Tensor> weights;
    std::vector<const std::byte*> first;
    const QuantParams params = weight_params(ramp(2, 8, 0.1F), Granularity::per_tensor, 0);
    for (int i = 0; i < 50; ++i) {
        weights.push_back(ramp(2, 8, 0.1F));
        first.push_back(address(known.codes(weights.back(), params)));
    }
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(address(known.codes(weights[i], params)), first[i]);
}

}  // namespace
}  // namespace halftone
