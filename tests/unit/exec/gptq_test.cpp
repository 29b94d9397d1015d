// GPTQ where its result is known without another program. tests/golden/exec has the numbers of the paper's algorithm.
#include "exec/gptq.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/graph_helpers.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using test::random_tensor;

constexpr BlockRule kRule{.dtype = DType::s4, .axis = 0, .block_size = 16};

bool is_nearest(const BlockCodes& found, const Tensor& weight) {
    const QuantParams params = block_params(weight, kRule);
    const Tensor nearest = quantize_blocks(weight, params);
    return found.params == params &&
           std::equal(nearest.view().data, nearest.view().data + nearest.bytes(), found.codes.view().data);
}

TEST(Gptq, WithoutDataOrWithInputsThatDoNotMoveTogetherItRoundsToNearest) {
    const Tensor weight = random_tensor({40, 6}, 1);
    EXPECT_TRUE(is_nearest(gptq_codes(weight, kRule, std::vector<double>(40 * 40)), weight));
    std::vector<double> independent(40 * 40);
    for (std::size_t i = 0; i < 40; ++i) independent[i * 40 + i] = 1.0 + static_cast<double>(i);
    EXPECT_TRUE(is_nearest(gptq_codes(weight, kRule, independent), weight));
}

/// Two inputs that are always equal: only the sum of their weights counts. 0.5 is rounded to 0 or 1 step, and the
/// second channel takes back what the first one lost.
TEST(Gptq, AnErrorIsTakenBackInTheNextChannel) {
    const Tensor weight = Tensor::of<float>(Shape{3, 1}, std::vector<float>{7.0F, 0.4F, 0.3F});
    std::vector<double> products{1, 0, 0, 0, 100, 100, 0, 100, 100};
    const BlockCodes found = gptq_codes(weight, kRule, products);
    const auto codes = found.codes.as<std::int8_t>();
    EXPECT_EQ(found.params.scale[0], 1.0F);
    EXPECT_EQ(int{codes[0]}, 7);
    EXPECT_EQ(int{codes[1]} + int{codes[2]}, 1) << "0.4 and 0.3 are 0 each by themselves, and 0.7 is nearer to 1";
}

TEST(Gptq, AnInputThatIsAlwaysZeroKeepsItsWeight) {
    const Tensor weight = random_tensor({16, 4}, 3);
    std::vector<double> products(16 * 16, 2.0);
    for (std::size_t i = 0; i < 16; ++i) products[5 * 16 + i] = products[i * 16 + 5] = 0;
    const BlockCodes found = gptq_codes(weight, kRule, products);
    const Tensor real = dequantize(found.codes, found.params);
    for (std::size_t c = 0; c < 4; ++c) {
        const std::size_t i = 5 * 4 + c;
        EXPECT_LE(std::abs(real.as<float>()[i] - weight.as<float>()[i]), 0.5F * found.params.scale[c] * 1.001F);
    }
}

TEST(Gptq, APrunedModelKeepsItsZeros) {
    Tensor weight = random_tensor({40, 6}, 1);
    const auto values = weight.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); i += 3) values[i] = 0;
    std::vector<double> products(40 * 40);
    for (std::size_t i = 0; i < 40; ++i) {
        for (std::size_t j = 0; j < 40; ++j) products[i * 40 + j] = i == j ? 3.0 : 2.0;
    }
    for (const DType dtype : {DType::s4, DType::u4}) {
        const BlockCodes found = gptq_codes(weight, {.dtype = dtype, .axis = 0, .block_size = 16}, products);
        const Tensor real = dequantize(found.codes, found.params);
        for (std::size_t i = 0; i < values.size(); i += 3) ASSERT_EQ(real.as<float>()[i], 0.0F) << i;
    }
}

TEST(Gptq, FewDirectionsAreNoDivisionByZero) {
    // One sample: X^T X has rank 1, and numbers so far apart that rounding hides the dampening.
    std::vector<double> products(64 * 64);
    for (std::size_t i = 0; i < 64; ++i) {
        for (std::size_t j = 0; j < 64; ++j) products[i * 64 + j] = std::pow(10.0, static_cast<double>(i + j) / 4);
    }
    const BlockCodes found = gptq_codes(random_tensor({64, 5}, 4), kRule, products);
    for (const float scale : found.params.scale) EXPECT_TRUE(std::isfinite(scale) && scale > 0);
}

}  // namespace
}  // namespace halftone
