// AWQ where its result is known without another program. tests/golden/exec has factors that NumPy computed.
#include "exec/awq.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"

namespace halftone {
namespace {

using test::random_tensor;

constexpr BlockRule kAwqRule{.dtype = DType::s4, .axis = 0, .block_size = 16};

AwqInput input_of(const Tensor& rows) {
    const auto channels = static_cast<std::size_t>(rows.shape()[1]);
    AwqInput input{.magnitude = std::vector<double>(channels),
                   .rows = {rows.as<float>().begin(), rows.as<float>().end()}};
    for (std::size_t i = 0; i < input.rows.size(); ++i) {
        input.magnitude[i % channels] += std::abs(static_cast<double>(input.rows[i]));
    }
    return input;
}

/// Sum of squares of X (Q(s W) / s - W), by plain loops in double.
double awq_error(const Tensor& weight, const Tensor& rows, const std::vector<float>& factors) {
    const auto channels = static_cast<std::size_t>(weight.shape()[0]);
    const auto columns = static_cast<std::size_t>(weight.shape()[1]);
    Tensor scaled = weight.clone();
    for (std::size_t i = 0; i < channels * columns; ++i) scaled.mutable_view().as<float>()[i] *= factors[i / columns];
    const QuantParams params = block_params(scaled, kAwqRule);
    const Tensor real = dequantize_blocks(quantize_blocks(scaled, params), params);
    double sum = 0;
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows.shape()[0]); ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
            double product = 0;
            for (std::size_t k = 0; k < channels; ++k) {
                const std::size_t i = k * columns + c;
                const double off = static_cast<double>(real.as<float>()[i]) / static_cast<double>(factors[k]) -
                                   static_cast<double>(weight.as<float>()[i]);
                product += static_cast<double>(rows.as<float>()[r * channels + k]) * off;
            }
            sum += product * product;
        }
    }
    return sum;
}

/// Rows in which two channels are far larger than the others.
Tensor rows_with_outliers() {
    Tensor rows = random_tensor({40, 32}, 5);
    const auto values = rows.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i % 32 == 3 || i % 32 == 20) values[i] *= 50.0F;
    }
    return rows;
}

TEST(Awq, LosesLessThanRoundingToNearestWhereChannelsAreLarge) {
    const Tensor weight = random_tensor({32, 24}, 1);
    const Tensor rows = rows_with_outliers();
    const std::vector<float> factors = awq_factors({{weight, kAwqRule}}, input_of(rows));
    ASSERT_EQ(factors.size(), 32U);
    EXPECT_GT(factors[3], factors[4]);
    EXPECT_LT(awq_error(weight, rows, factors), 0.5 * awq_error(weight, rows, std::vector<float>(32, 1.0F)));
}

TEST(Awq, ChannelsOfOneSizeKeepTheirWeights) {
    Tensor rows(TensorType{DType::f32, Shape{4, 32}});
    for (float& value : rows.mutable_view().as<float>()) value = 2.0F;
    EXPECT_TRUE(awq_factors({{random_tensor({32, 24}, 1), kAwqRule}}, input_of(rows)).empty());
}

TEST(Awq, AChannelThatIsAlwaysZeroKeepsItsWeight) {
    Tensor rows = rows_with_outliers();
    const auto values = rows.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i % 32 == 7) values[i] = 0;
    }
    const std::vector<float> factors = awq_factors({{random_tensor({32, 24}, 1), kAwqRule}}, input_of(rows));
    ASSERT_EQ(factors.size(), 32U);
    EXPECT_EQ(factors[7], 1.0F);
}

TEST(Awq, WithoutDataThereIsNothingToGain) {
    const AwqInput none{.magnitude = std::vector<double>(32), .rows = {}};
    EXPECT_TRUE(awq_factors({{random_tensor({32, 24}, 1), kAwqRule}}, none).empty());
}

TEST(Awq, FactorsAreThoseOfAllProductsThatReadTheValue) {
    const Tensor rows = rows_with_outliers();
    const Tensor a = random_tensor({32, 24}, 1);
    const Tensor b = random_tensor({32, 8}, 2);
    const std::vector<float> both = awq_factors({{a, kAwqRule}, {b, kAwqRule}}, input_of(rows));
    const double shared = awq_error(a, rows, both) + awq_error(b, rows, both);
    for (const std::vector<float>& other :
         {awq_factors({{a, kAwqRule}}, input_of(rows)), awq_factors({{b, kAwqRule}}, input_of(rows))}) {
        EXPECT_LE(shared, (awq_error(a, rows, other) + awq_error(b, rows, other)) * 1.0001);
    }
}

}  // namespace
}  // namespace halftone
