// Factors of AWQ against the paper's equations in NumPy (PROVENANCE.md, make_awq.py).
#include "exec/awq.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "support/npy.hpp"

namespace halftone {
namespace {

struct AwqCase {
    std::string name;
    BlockRule rule;
};

class AwqGolden : public testing::TestWithParam<AwqCase> {
protected:
    [[nodiscard]] static Tensor array(const std::string& name) {
        return test::read_npy(HALFTONE_TEST_DATA "/exec/awq/" + name + ".npy");
    }
};

TEST_P(AwqGolden, IsThePapersSearch) {
    const auto& [name, rule] = GetParam();
    const Tensor x = array("x");
    const auto channels = static_cast<std::size_t>(x.shape()[1]);
    AwqInput input{.magnitude = std::vector<double>(channels), .rows = {x.as<float>().begin(), x.as<float>().end()}};
    for (std::size_t i = 0; i < input.rows.size(); ++i) {
        input.magnitude[i % channels] += std::abs(static_cast<double>(input.rows[i]));
    }
    const std::vector<float> found = awq_factors({{array("weight0"), rule}, {array("weight1"), rule}}, input);
    const Tensor wanted = array(name + ".factor");
    ASSERT_EQ(found.size(), channels);
    for (std::size_t c = 0; c < channels; ++c) EXPECT_FLOAT_EQ(found[c], wanted.as<float>()[c]) << c;
}

INSTANTIATE_TEST_SUITE_P(Cases, AwqGolden,
                         testing::Values(AwqCase{"s4_16", {.dtype = DType::s4, .block_size = 16}},
                                         AwqCase{"u4_16", {.dtype = DType::u4, .block_size = 16}},
                                         AwqCase{"s8_64", {.dtype = DType::s8, .block_size = 64}}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace halftone
