// Which groups of nodes become one operator for execution, and which must stay as they are.
#include "unit/exec/pattern_net.hpp"

namespace halftone {
namespace {

TEST(FusePatterns, XTimesItsSigmoidIsSwish) {
    FusePatternsNet n;
    expect_fused(n.typed(n.silu(n.x)), "Swish");
}

TEST(FusePatterns, TheErfFormIsGeluWithTheHalfAtEitherEnd) {
    for (const bool half_first : {false, true}) {
        FusePatternsNet n;
        expect_fused(n.typed(n.gelu(n.x, half_first)), "Gelu");
    }
}

TEST(FusePatterns, TheTanhFormIsGeluWithPowersOrProducts) {
    FusePatternsNet power;
    expect_fused(power.typed(power.tanh_gelu(power.x, true)), "Gelu");
    FusePatternsNet product;
    const Graph graph = product.typed(product.tanh_gelu(product.x, false));
    expect_fused(graph, "Gelu");
}

TEST(FusePatterns, AClippedSumIsHardSigmoidOrHardSwish) {
    FusePatternsNet sigmoid;
    expect_fused(sigmoid.typed(sigmoid.node("Div", "d", {sigmoid.clipped_sum(sigmoid.x), sigmoid.number(6.0F)})),
                 "HardSigmoid");
    FusePatternsNet paddle;
    ValueId y = paddle.node("Mul", "m", {paddle.x, paddle.clipped_sum(paddle.x)});
    expect_fused(paddle.typed(paddle.node("Div", "d", {y, paddle.number(6.0F)})), "HardSwish");
    FusePatternsNet keras;
    y = keras.node("Mul", "s", {keras.number(1.0F / 6.0F), keras.clipped_sum(keras.x)});
    expect_fused(keras.typed(keras.node("Mul", "m", {y, keras.x})), "HardSwish");
    FusePatternsNet torch;
    y = torch.node("HardSigmoid", "h", {torch.x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    expect_fused(torch.typed(torch.node("Mul", "m", {torch.x, y})), "HardSwish");
}

TEST(FusePatterns, OtherHardFunctionsStay) {
    FusePatternsNet five;
    const ValueId y = five.node("Div", "d", {five.clipped_sum(five.x, 5), five.number(6.0F)});
    EXPECT_FALSE(apply_pass("fuse_patterns", five.typed(y)).has_value());
    FusePatternsNet slope;
    const ValueId h = slope.node("HardSigmoid", "h", {slope.x}, {{"alpha", 0.2F}});
    EXPECT_FALSE(apply_pass("fuse_patterns", slope.typed(slope.node("Mul", "m", {slope.x, h}))).has_value());
}

TEST(FusePatterns, OtherNumbersAreOtherFunctions) {
    FusePatternsNet n;
    const ValueId erf = n.node("Erf", "erf", {n.node("Div", "div", {n.x, n.number(1.5F)})});
    const ValueId m = n.node("Mul", "m", {n.x, n.node("Add", "one", {erf, n.number(1.0F)})});
    EXPECT_FALSE(apply_pass("fuse_patterns", n.typed(n.node("Mul", "y", {m, n.number(0.5F)}))).has_value());
}

TEST(FusePatterns, ASecondReaderInsideKeepsThePatternAsItIs) {
    FusePatternsNet n;
    const ValueId sigmoid = n.node("Sigmoid", "sig", {n.x});
    const ValueId y = n.node("Add", "y", {n.node("Mul", "silu", {sigmoid, n.x}), sigmoid});
    EXPECT_FALSE(apply_pass("fuse_patterns", n.typed(y)).has_value());
}

TEST(FusePatterns, AFunctionJoinsTheProductBeforeIt) {
    FusePatternsNet n;
    const Graph graph = n.typed(n.gelu(n.mat_mul("m", n.x, random_tensor({8, 8}, 3), random_tensor({8}, 4)), false));
    const Session session(graph, reference_ops(), {.batch = 2});
    ASSERT_EQ(session.steps().size(), 1U);
    EXPECT_EQ(session.steps()[0].op, "MatMul");
    EXPECT_THAT(output_of(graph), Pointwise(FloatNear(5e-6F), plain_output_of(graph)));
}

/// JAX, Keras and Paddle: a division by 2, the half of x in front, and erfc as 1 - erf of the negated value.
TEST(FusePatterns, EveryFormOfGeluIsGelu) {
    const float root = std::sqrt(0.5F);
    FusePatternsNet jax;
    ValueId one = jax.node(
        "Add", "one", {jax.node("Erf", "erf", {jax.node("Mul", "m", {jax.number(root), jax.x})}), jax.number(1.0F)});
    expect_fused(jax.typed(jax.node("Div", "y", {jax.node("Mul", "p", {jax.x, one}), jax.number(2.0F)})), "Gelu");
    FusePatternsNet halved;
    one = halved.node(
        "Add", "one",
        {halved.number(1.0F), halved.node("Erf", "erf", {halved.node("Mul", "m", {halved.x, halved.number(root)})})});
    expect_fused(halved.typed(halved.node("Mul", "y", {halved.node("Div", "h", {halved.x, halved.number(2.0F)}), one})),
                 "Gelu");
    FusePatternsNet dynamo;
    one = dynamo.node(
        "Add", "one",
        {dynamo.node("Erf", "erf", {dynamo.node("Mul", "m", {dynamo.x, dynamo.number(root)})}), dynamo.number(1.0F)});
    expect_fused(dynamo.typed(dynamo.node("Mul", "y", {dynamo.x, dynamo.node("Mul", "h", {dynamo.number(0.5F), one})})),
                 "Gelu");
    for (const bool negated : {false, true}) {
        FusePatternsNet erfc;
        const ValueId inside = negated ? erfc.node("Mul", "m", {erfc.node("Neg", "minus", {erfc.x}), erfc.number(root)})
                                       : erfc.node("Mul", "m", {erfc.x, erfc.number(-root)});
        one = erfc.node("Sub", "one", {erfc.number(1.0F), erfc.node("Erf", "erf", {inside})});
        expect_fused(erfc.typed(erfc.node("Mul", "y", {erfc.node("Mul", "h", {erfc.number(0.5F), erfc.x}), one})),
                     "Gelu");
    }
}

TEST(FusePatterns, XTimesTheSigmoidOfAMultipleIsSwishWithAFactor) {
    FusePatternsNet n;
    const ValueId sigmoid = n.node("Sigmoid", "sig", {n.node("Mul", "m", {n.number(1.702F), n.x})});
    expect_fused(n.typed(n.node("Mul", "y", {n.x, sigmoid})), "Swish");
    FusePatternsNet other;
    const ValueId wrong = other.node("Sigmoid", "sig", {other.node("Mul", "m", {other.row(1), other.x})});
    EXPECT_FALSE(apply_pass("fuse_patterns", other.typed(other.node("Mul", "y", {other.x, wrong}))).has_value());
}

TEST(FusePatterns, NaNIsNoNumberOfAFunction) {
    FusePatternsNet n;
    const ValueId line = n.node("Add", "add", {n.node("Mul", "mul", {n.x, n.number(0.2F)}), n.number(std::nanf(""))});
    const ValueId y = n.node("Clip", "clip", {line, n.number(0.0F), n.number(1.0F)});
    EXPECT_FALSE(apply_pass("fuse_patterns", infer_types(n.build({y}), reference_ops())).has_value());
}

TEST(FusePatterns, AClippedLineIsHardSigmoid) {
    FusePatternsNet n;
    const ValueId line = n.node("Add", "line", {n.node("Mul", "m", {n.x, n.number(0.2F)}), n.number(0.5F)});
    expect_fused(n.typed(n.node("Clip", "y", {line, n.number(0.0F), n.number(1.0F)})), "HardSigmoid");
}

}  // namespace
}  // namespace halftone
