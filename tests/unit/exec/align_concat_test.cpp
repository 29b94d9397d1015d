// A Concat of codes with different parameters moves codes once its inputs have the output's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/session.hpp"
#include "support/exec_passes.hpp"
#include "support/quant_plans.hpp"
#include "support/rounding_net.hpp"

namespace halftone {
namespace {

using test::apply_pass;
using ::testing::ElementsAre;

struct AlignConcatNet : test::RoundingNet {
    AlignConcatNet() : RoundingNet({kSymbolic, 2}) {}

    /// x with the first scale and Tanh(x) with the second, side by side, quantized with scale 0.05.
    Graph joined(float first, float second) {
        const ValueId a = rounded("a", x, first, 128);
        const ValueId b = rounded("b", node("Tanh", "tanh", {x}), second, 128);
        return typed(quantize("y", node("Concat", "cat", {a, b}, {{"axis", std::int64_t{1}}}), 0.05F, 128));
    }
};

TEST(AlignConcat, OnlyInputsWithOtherParametersAreQuantizedAgain) {
    AlignConcatNet n;
    const auto aligned = apply_pass("align_concat", n.joined(0.05F, 0.01F));
    ASSERT_TRUE(aligned.has_value());
    EXPECT_THAT(test::outline(*aligned),
                ElementsAre("a_q_out = QuantizeLinear(x)", "a_d_out = DequantizeLinear(a_q_out)", "tanh_out = Tanh(x)",
                            "b_q_out = QuantizeLinear(tanh_out)", "b_d_out = DequantizeLinear(b_q_out)",
                            "aligned = QuantizeLinear(b_d_out)", "aligned_1 = DequantizeLinear(aligned)",
                            "cat_out = Concat(a_d_out, aligned_1)", "y_out = QuantizeLinear(cat_out)"));
}

TEST(AlignConcat, TheSameCodesComeOut) {
    AlignConcatNet n;
    const Graph graph = n.joined(0.05F, 0.01F);
    Session session(graph, reference_ops(), {.batch = 1});  // aligned, since every session applies the pass
    session.input(0).as<float>()[0] = 1.02F;
    session.input(0).as<float>()[1] = -0.3F;
    session.run();
    std::vector<int> codes;
    for (const std::uint8_t code : session.output(0).as<std::uint8_t>()) codes.push_back(code);
    // 1.02 / 0.05 = 20.4; tanh(1.02) = 0.770 is 77 steps of 0.01 and 15.4 of 0.05; tanh(-0.3) = -0.291: -29, then -5.8.
    EXPECT_THAT(codes, ElementsAre(148, 122, 143, 122));
}

TEST(AlignConcat, NothingIsDoneWhereAllParametersAgreeOrValuesAreTapped) {
    AlignConcatNet same;
    EXPECT_FALSE(apply_pass("align_concat", same.joined(0.05F, 0.05F)).has_value());
    AlignConcatNet other;
    const Graph graph = other.joined(0.05F, 0.01F);
    EXPECT_FALSE(apply_pass("align_concat", graph, {*graph.find_value("cat_out")}).has_value());
}

}  // namespace
}  // namespace halftone
