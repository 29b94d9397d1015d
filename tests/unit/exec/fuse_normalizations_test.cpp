// Which groups of nodes are a normalization, in every form in which an exporter writes it, and which are not.
#include "unit/exec/pattern_net.hpp"

namespace halftone {
namespace {

constexpr const char* kPass = "fuse_normalizations";

/// The pieces of a normalization of rows.
class NormalizationNet : public FusePatternsNet {
public:
    ValueId mean_of(const std::string& name, ValueId from) {
        return node("ReduceMean", name, {from}, {{"axes", std::vector<std::int64_t>{-1}}});
    }
    ValueId root_of(ValueId variance) { return node("Sqrt", "root", {node("Add", "eps", {number(1e-3F), variance})}); }
    ValueId square(const std::string& name, ValueId from) { return node("Mul", name, {from, from}); }
    ValueId inverse(ValueId root, bool by_division) {
        return by_division ? node("Div", "inverse", {number(1.0F), root}) : node("Reciprocal", "inverse", {root});
    }
};

TEST(FuseNormalizations, TheDecomposedFormIsLayerNormalization) {
    for (const bool squares_by_pow : {false, true}) {
        FusePatternsNet n;
        expect_fused(n.typed(n.layer_norm(n.x, squares_by_pow)), "LayerNormalization", kPass);
    }
}

TEST(FuseNormalizations, KerasWritesLayerNormalizationWithAFactorAndAShift) {
    for (const bool squares_by_pow : {false, true}) {
        FusePatternsNet n;
        const Attributes last{{"axes", std::vector<std::int64_t>{-1}}};
        const ValueId mean = n.node("ReduceMean", "mean", {n.x}, last);
        const ValueId d = n.node("Sub", "sub", {n.x, mean});
        const ValueId squares =
            squares_by_pow ? n.node("Pow", "squares", {d, n.number(2.0F)}) : n.node("Mul", "squares", {d, d});
        const ValueId variance = n.node("ReduceMean", "variance", {squares}, last);
        const ValueId root = n.node("Sqrt", "root", {n.node("Add", "eps", {variance, n.number(1e-3F)})});
        const ValueId factor = n.node("Mul", "factor", {n.node("Reciprocal", "inverse", {root}), n.row(1)});
        const ValueId shift = n.node("Sub", "shift", {n.row(2), n.node("Mul", "scaled_mean", {mean, factor})});
        const ValueId y = n.node("Add", "y", {n.node("Mul", "scaled", {n.x, factor}), shift});
        expect_fused(n.typed(y), "LayerNormalization", kPass);
    }
}

TEST(FuseNormalizations, ReduceMeanOfOpset18HasItsAxesAsAnInput) {
    FusePatternsNet n;
    const ValueId axes = n.constant("axes", test::int64s({2}));
    const ValueId centred = n.node("Sub", "sub", {n.x, n.node("ReduceMean", "mean", {n.x, axes})});
    const ValueId variance = n.node("ReduceMean", "variance", {n.node("Mul", "squares", {centred, centred}), axes});
    const ValueId root = n.node("Sqrt", "root", {n.node("Add", "eps", {variance, n.number(1e-5F)})});
    const ValueId scaled = n.node("Mul", "scale", {n.node("Div", "quotient", {centred, root}), n.row(1)});
    expect_fused(n.typed(n.node("Add", "shift", {scaled, n.row(2)})), "LayerNormalization", kPass);
}

TEST(FuseNormalizations, AVisibleValueInsideKeepsThePatternAsItIs) {
    FusePatternsNet n;
    const ValueId centred_name = n.layer_norm(n.x, true);
    const Graph graph = n.typed(centred_name);
    EXPECT_FALSE(apply_pass(kPass, graph, {*graph.find_value("sub_out")}).has_value());
    EXPECT_TRUE(apply_pass(kPass, graph, {*graph.find_value("shift_out"), graph.inputs()[0]}).has_value());
}

/// PyTorch's decomposition in operator set 18: the inverse root, then scale and bias.
TEST(FuseNormalizations, TheInverseRootMayStandInFront) {
    for (const bool by_division : {false, true}) {
        NormalizationNet n;
        const ValueId centred = n.node("Sub", "sub", {n.x, n.mean_of("mean", n.x)});
        const ValueId root = n.root_of(n.mean_of("variance", n.square("squares", centred)));
        const ValueId y = n.node("Mul", "normal", {centred, n.inverse(root, by_division)});
        expect_fused(n.typed(n.node("Add", "shift", {n.node("Mul", "scale", {n.row(1), y}), n.row(2)})),
                     "LayerNormalization", kPass);
    }
}

/// flax: the variance is the mean of the squares less the square of the mean, not below 0.
TEST(FuseNormalizations, FlaxComputesTheVarianceFromTwoMeans) {
    for (const char* guard : {"Max", "Relu"}) {
        NormalizationNet n;
        const ValueId mean = n.mean_of("mean", n.x);
        const ValueId difference = n.node(
            "Sub", "variance", {n.mean_of("square_mean", n.square("squares", n.x)), n.square("mean_square", mean)});
        const ValueId variance = guard == std::string("Max") ? n.node("Max", "guard", {n.number(0.0F), difference})
                                                             : n.node("Relu", "guard", {difference});
        const ValueId factor = n.node("Mul", "factor", {n.inverse(n.root_of(variance), false), n.row(1)});
        const ValueId scaled = n.node("Mul", "scaled", {n.node("Sub", "sub", {n.x, mean}), factor});
        const Graph graph = n.typed(n.node("Add", "y", {scaled, n.row(2)}));
        expect_fused(graph, "LayerNormalization", kPass);
    }
}

/// Keras 3: x * factor + (-mean * factor + bias).
TEST(FuseNormalizations, Keras3NegatesTheMean) {
    NormalizationNet n;
    const ValueId mean = n.mean_of("mean", n.x);
    const ValueId variance = n.mean_of("variance", n.square("squares", n.node("Sub", "sub", {n.x, mean})));
    const ValueId factor = n.node("Mul", "factor", {n.inverse(n.root_of(variance), false), n.row(1)});
    const ValueId shift = n.node("Mul", "scaled_mean", {n.node("Neg", "minus", {mean}), factor});
    const ValueId y =
        n.node("Add", "y", {n.node("Mul", "scaled", {n.x, factor}), n.node("Add", "shift", {shift, n.row(2)})});
    expect_fused(n.typed(y), "LayerNormalization", kPass);
}

TEST(FuseNormalizations, ScaleAndBiasMayBeLeftOut) {
    NormalizationNet n;
    const ValueId centred = n.node("Sub", "sub", {n.x, n.mean_of("mean", n.x)});
    const ValueId root = n.root_of(n.mean_of("variance", n.square("squares", centred)));
    expect_fused(n.typed(n.node("Div", "y", {centred, root})), "LayerNormalization", kPass);
}

TEST(FuseNormalizations, AScaleMayHaveDimensionsOfOneInFront) {
    NormalizationNet n;
    const ValueId scale = n.constant("scale", random_tensor({1, 1, 8}, 5, 0.5F, 2));
    const ValueId root = n.root_of(n.mean_of("variance", n.square("squares", n.x)));
    expect_fused(n.typed(n.node("Mul", "y", {n.node("Div", "normal", {n.x, root}), scale})), "RMSNormalization", kPass);
}

/// Llama: scale * (x / sqrt(mean(x^2) + epsilon)); the scale may also meet the inverse root first.
TEST(FuseNormalizations, WithoutAMeanItIsRmsNormalization) {
    for (const bool scale_first : {false, true}) {
        NormalizationNet n;
        const ValueId squares = n.node("Pow", "squares", {n.x, n.number(2.0F)});
        const ValueId inverse = n.inverse(n.root_of(n.mean_of("variance", squares)), scale_first);
        const ValueId y = scale_first ? n.node("Mul", "y", {n.x, n.node("Mul", "factor", {n.row(1), inverse})})
                                      : n.node("Mul", "y", {n.row(1), n.node("Mul", "normal", {n.x, inverse})});
        expect_fused(n.typed(y), "RMSNormalization", kPass);
    }
}

TEST(FuseNormalizations, APowerOfMinusOneHalfIsAnInverseRoot) {
    NormalizationNet n;
    const ValueId sum = n.node("Add", "eps", {n.mean_of("variance", n.square("squares", n.x)), n.number(1e-3F)});
    const ValueId inverse = n.node("Pow", "inverse", {sum, n.number(-0.5F)});
    expect_fused(n.typed(n.node("Mul", "y", {n.node("Mul", "normal", {n.x, inverse}), n.row(1)})), "RMSNormalization",
                 kPass);
}

/// What is normalized must be what the variance is of.
TEST(FuseNormalizations, OtherThingsThatLookAlikeStay) {
    NormalizationNet other_mean;
    ValueId centred = other_mean.node("Sub", "sub", {other_mean.x, other_mean.mean_of("mean", other_mean.x)});
    ValueId root = other_mean.root_of(other_mean.mean_of("variance", other_mean.square("squares", centred)));
    EXPECT_FALSE(apply_pass(kPass, other_mean.typed(other_mean.node("Div", "y", {other_mean.x, root}))).has_value())
        << "x is divided, not x - mean";
    NormalizationNet other_axis;
    const Attributes middle{{"axes", std::vector<std::int64_t>{1}}};
    root = other_axis.root_of(
        other_axis.node("ReduceMean", "variance", {other_axis.square("squares", other_axis.x)}, middle));
    EXPECT_FALSE(apply_pass(kPass, other_axis.typed(other_axis.node("Div", "y", {other_axis.x, root}))).has_value());
    NormalizationNet second_reader;
    root = second_reader.root_of(second_reader.mean_of("variance", second_reader.square("squares", second_reader.x)));
    const ValueId quotient = second_reader.node("Div", "q", {second_reader.x, root});
    EXPECT_FALSE(apply_pass(kPass, second_reader.typed(second_reader.node("Add", "y", {quotient, root}))).has_value());
}

}  // namespace
}  // namespace halftone
