// Codes and scales of GPTQ against the paper's algorithm in NumPy (PROVENANCE.md, make_gptq.py).
#include "exec/gptq.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/npy.hpp"

namespace halftone {
namespace {

struct GptqCase {
    std::string name;
    BlockRule rule;
};

class GptqGolden : public testing::TestWithParam<GptqCase> {
protected:
    [[nodiscard]] static Tensor array(const std::string& name) {
        return test::read_npy(HALFTONE_TEST_DATA "/exec/gptq/" + name + ".npy");
    }
    /// X^T X, in the order of the definition.
    [[nodiscard]] static std::vector<double> products_of(const Tensor& x) {
        const auto rows = static_cast<std::size_t>(x.shape()[0]);
        const auto size = static_cast<std::size_t>(x.shape()[1]);
        const auto values = x.as<float>();
        std::vector<double> products(size * size);
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t i = 0; i < size; ++i) {
                for (std::size_t j = 0; j < size; ++j) {
                    products[i * size + j] +=
                        static_cast<double>(values[r * size + i]) * static_cast<double>(values[r * size + j]);
                }
            }
        }
        return products;
    }
    [[nodiscard]] static std::vector<std::int64_t> numbers_of(const Tensor& codes) {
        std::vector<std::int64_t> numbers;
        const bool is_signed = codes.dtype() == DType::s4 || codes.dtype() == DType::s8;
        for (std::int64_t i = 0; i < codes.elements(); ++i) {
            const auto at = static_cast<std::size_t>(i);
            numbers.push_back(is_signed ? std::int64_t{codes.as<std::int8_t>()[at]}
                                        : std::int64_t{codes.as<std::uint8_t>()[at]});
        }
        return numbers;
    }
};

TEST_P(GptqGolden, IsThePapersAlgorithm) {
    const auto& [name, rule] = GetParam();
    const std::vector<double> products = products_of(array("x"));
    const BlockCodes found = gptq_codes(array("weight"), rule, products);
    const Tensor codes = array(name + ".codes");
    const auto wanted = codes.as<std::int64_t>();
    EXPECT_EQ(numbers_of(found.codes), (std::vector<std::int64_t>{wanted.begin(), wanted.end()}));
    const Tensor scale = array(name + ".scale");
    ASSERT_EQ(static_cast<std::int64_t>(found.params.scale.size()), scale.elements());
    const Tensor zero_point = array(name + ".zero_point");
    for (std::size_t i = 0; i < found.params.scale.size(); ++i) {
        EXPECT_FLOAT_EQ(found.params.scale[i], scale.as<float>()[i]) << i;
        EXPECT_EQ(found.params.zero_point[i], zero_point.as<std::int64_t>()[i]) << i;
    }
    EXPECT_EQ(found.params.axis, 0);
    EXPECT_EQ(found.params.block_size, rule.block_size);

    BlockRule turned_rule = rule;
    turned_rule.axis = 1;
    const BlockCodes turned = gptq_codes(turned_matrix(array("weight")), turned_rule, products);
    EXPECT_EQ(numbers_of(turned_matrix(turned.codes)), numbers_of(found.codes)) << "a Gemm's weight is [N, K]";
    EXPECT_EQ(turned.params.axis, 1);
}

INSTANTIATE_TEST_SUITE_P(Cases, GptqGolden,
                         testing::Values(GptqCase{"s4_16", {.dtype = DType::s4, .block_size = 16}},
                                         GptqCase{"u4_16", {.dtype = DType::u4, .block_size = 16}},
                                         GptqCase{"s8_32", {.dtype = DType::s8, .block_size = 32}},
                                         GptqCase{"u8_64", {.dtype = DType::u8, .block_size = 64}}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace halftone
