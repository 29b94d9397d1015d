// build_space: the user's rules in YAML against hand-made capabilities; the rules are those of src/space/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "graph/given.hpp"
#include "space/search_space.hpp"
#include "support/toy_space.hpp"
#include "support/unit_graphs.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Options = std::vector<UnitConfig>;

const Options kFour{kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32};

class Constraints : public ::testing::Test {
protected:
    Constraints() {
        const ValueId a = maker_.relu("relu1", maker_.conv("conv1", maker_.input()));
        const ValueId b = maker_.conv("conv2", a);
        graph_ = maker_.build({maker_.gemm("fc", maker_.flatten("flatten", b))});
        units_ = find_units(graph_);
        capabilities_.assign(3, {.options = kFour, .refused = {}});
    }

    /// `yaml` is what stands below `quantization:`, which is line 3 of q.yaml.
    [[nodiscard]] SearchSpace space(const std::string& yaml) const {
        const std::string text =
            "model: {name: toy, framework: onnxrt_qlinearops, path: toy.onnx}\nquantization:\n" + yaml;
        const RunConfig config = read_run_config(text, "q.yaml", {}, known_);
        return build_space(graph_, units_, capabilities_, config.quantization);
    }
    [[nodiscard]] std::vector<Options> options(const std::string& yaml) const {
        std::vector<Options> all;
        const SearchSpace built = space(yaml);
        for (const Decision& unit : built.decisions()) all.push_back(unit.options);
        return all;
    }
    [[nodiscard]] std::string error(const std::string& yaml) const {
        try {
            (void)space(yaml);
        } catch (const ConfigError& caught) {
            return caught.what();
        }
        return "no error";
    }

    UnitGraphMaker maker_;
    Graph graph_;
    std::vector<Unit> units_;
    CapabilityTable capabilities_;
    KnownNames known_;
};

TEST_F(Constraints, WithoutRulesEveryUnitOffersWhatItCan) {
    EXPECT_THAT(options("  approach: post_training_static_quant\n"), ElementsAre(kFour, kFour, kFour));
    const SearchSpace built = space("  recipes: {}\n");
    EXPECT_EQ(built.decisions()[0].unit, "conv1");
    EXPECT_EQ(built.decisions()[2].op, "Gemm");
}

TEST_F(Constraints, CalibrationSizesAreTakenOnceInTheUsersOrder) {
    EXPECT_EQ(space("  calibration: {sampling_size: [500, 100, 500]}\n").calibration_sizes(),
              (std::vector<std::int64_t>{500, 100}));
}

TEST_F(Constraints, ModelWiseNarrowsEveryUnit) {
    const Options kl{kKl, kTensorKl, kFp32};
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: kl}}\n"), ElementsAre(kl, kl, kl));
}

TEST_F(Constraints, AWordThatOnlyItsObserverKnowsNarrowsToo) {
    const UnitConfig inner = quantized(Granularity::per_channel, Algorithm("inner"));
    known_.algorithms = {"minmax", "inner"};
    capabilities_.assign(3, {.options = {kMinmax, inner, kFp32}, .refused = {}});
    const Options without{kMinmax, kFp32}, with{inner, kMinmax, kFp32};
    EXPECT_THAT(options("  recipes: {}\n"), ElementsAre(without, without, without)) << "it must be asked for";
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: [inner, minmax]}}\n"), ElementsAre(with, with, with));
    EXPECT_THAT(error("  model_wise: {activation: {algorithm: outer}}\n"),
                HasSubstr("'outer' is unknown; allowed: minmax inner"));
}

TEST_F(Constraints, TheUsersOrderOfWordsIsTheOrderOfOptions) {
    const Options reversed{kTensorKl, kTensorMinmax, kKl, kMinmax, kFp32};
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: [kl, minmax]}, weight: {granularity: [per_tensor, "
                        "per_channel]}}\n"),
                ElementsAre(reversed, reversed, reversed));
}

TEST_F(Constraints, Fp32StaysAsTheFallbackOfAModelWiseList) {
    // LPOT's templates list int8 only, and LPOT falls back to fp32 all the same.
    const std::string yaml = "  model_wise: {activation: {dtype: uint8}, weight: {dtype: int8}}\n";
    EXPECT_THAT(options(yaml), ElementsAre(kFour, kFour, kFour));
}

TEST_F(Constraints, Bf16StaysOnlyIfListed) {
    capabilities_[0].options = {kMinmax, kBf16, kFp32};
    EXPECT_EQ(options("  model_wise: {activation: {dtype: uint8}}\n")[0], (Options{kMinmax, kFp32}));
    EXPECT_EQ(options("  model_wise: {activation: {dtype: [uint8, bf16]}}\n")[0], (Options{kMinmax, kBf16, kFp32}));
    EXPECT_EQ(options("  model_wise: {activation: {algorithm: minmax}}\n")[0], (Options{kMinmax, kFp32}));
    EXPECT_EQ(options("  model_wise: {activation: {dtype: bf16}}\n")[0], (Options{kBf16, kFp32}));
}

TEST_F(Constraints, Fp32OfActivationsAloneMeansTheUnit) {
    const std::string yaml = "  op_wise: {conv1: {activation: {dtype: [fp32]}}}\n";
    EXPECT_THAT(options(yaml), ElementsAre(Options{kFp32}, kFour, kFour));
}

// LPOT intersects the two lists, finds nothing and ignores the rule (golden check of the project's LPOT reference).
TEST_F(Constraints, OpWiseFp32IsHonouredUnderModelWiseUint8) {
    const std::string yaml =
        "  model_wise: {activation: {dtype: uint8}, weight: {dtype: int8}}\n"
        "  op_wise: {conv2: {activation: {dtype: [fp32]}}}\n";
    EXPECT_THAT(options(yaml), ElementsAre(kFour, Options{kFp32}, kFour));
}

TEST_F(Constraints, OpWiseWithoutFp32TakesTheFallbackAway) {
    const std::string yaml = "  op_wise: {conv1: {weight: {dtype: [int8]}}}\n";
    EXPECT_EQ(options(yaml)[0], (Options{kMinmax, kKl, kTensorMinmax, kTensorKl}));
}

TEST_F(Constraints, OpWiseInt8BeatsModelWiseFp32) {
    const std::string yaml =
        "  model_wise: {activation: {dtype: fp32}}\n"
        "  op_wise: {conv1: {weight: {dtype: [int8]}}}\n";
    EXPECT_THAT(options(yaml),
                ElementsAre(Options{kMinmax, kKl, kTensorMinmax, kTensorKl}, Options{kFp32}, Options{kFp32}));
}

TEST_F(Constraints, ARuleNarrowsOnlyWhatItNames) {
    const std::string yaml =
        "  model_wise: {activation: {algorithm: kl}}\n"
        "  op_wise: {conv1: {weight: {granularity: [per_tensor]}}}\n";
    EXPECT_EQ(options(yaml)[0], (Options{kTensorKl, kFp32})) << "its algorithm is still the model-wise one";
}

TEST_F(Constraints, NamesBeatPatternsBeatTypesBeatTheModel) {
    const std::string model = "  model_wise: {activation: {algorithm: minmax}}\n";
    const std::string type = "  optype_wise: {Conv: {activation: {algorithm: [kl]}}}\n";
    const Options minmax{kMinmax, kTensorMinmax, kFp32};
    const Options kl{kKl, kTensorKl, kFp32};
    EXPECT_THAT(options(model + type), ElementsAre(kl, kl, minmax));
    EXPECT_THAT(options(model + type + "  op_wise: {'conv*': {activation: {algorithm: [minmax]}}}\n"),
                ElementsAre(minmax, minmax, minmax));
    EXPECT_THAT(
        options(model + type +
                "  op_wise: {conv1: {activation: {algorithm: [kl]}}, 'conv*': {activation: {algorithm: [minmax]}}}\n"),
        ElementsAre(kl, minmax, minmax));
}

TEST_F(Constraints, TheOrderOfRulesPlaysNoPart) {
    const std::string a = "'conv*': {activation: {algorithm: [kl, minmax]}}";
    const std::string b = "'*1': {activation: {algorithm: [minmax, kl]}, weight: {granularity: [per_tensor]}}";
    EXPECT_EQ(options("  op_wise: {" + a + ", " + b + "}\n"), options("  op_wise: {" + b + ", " + a + "}\n"));
}

TEST_F(Constraints, RulesOfOneLevelMustAllHold) {
    const std::string yaml =
        "  op_wise: {'conv*': {activation: {algorithm: [kl, minmax]}}, '*1': {activation: {algorithm: [kl]}}}\n";
    EXPECT_EQ(options(yaml)[0], (Options{kKl, kTensorKl, kFp32}));
}

TEST_F(Constraints, ANodeNameIsAnExactName) {
    const std::string yaml =
        "  op_wise: {relu1: {activation: {algorithm: [kl]}}, '*': {activation: {algorithm: [minmax]}}}\n";
    EXPECT_EQ(options(yaml)[0], (Options{kKl, kTensorKl, kFp32}));
}

TEST_F(Constraints, ExcludedUnitsStayFp32) {
    EXPECT_THAT(options("  exclude: [conv1, 'f?']\n"), ElementsAre(Options{kFp32}, kFour, Options{kFp32}));
    EXPECT_EQ(options("  exclude: [conv1]\n  op_wise: {'*': {activation: {dtype: [uint8]}}}\n")[0], Options{kFp32});
}

TEST_F(Constraints, TheRecipeExcludesTheFirstUnit) {
    EXPECT_THAT(options("  recipes: {first_conv_or_matmul_quantization: False}\n"),
                ElementsAre(Options{kFp32}, kFour, kFour));
}

TEST_F(Constraints, AnotherRecipeExcludesTheLastUnit) {
    EXPECT_THAT(options("  recipes: {last_conv_or_matmul_quantization: False}\n"),
                ElementsAre(kFour, kFour, Options{kFp32}));
}

TEST_F(Constraints, ReduceRangeLowersTheBitsOfEveryQuantizedOption) {
    const Options first = options("  reduce_range: on\n")[0];
    for (const UnitConfig& option : first) {
        EXPECT_EQ(option.weight.bit, option.is_quantized() ? kReducedBits : kAllBits);
    }
}

TEST_F(Constraints, UnitsThatCannotFollowAWideRuleStayFp32) {
    capabilities_[1].options = {kMinmax, kFp32};
    const Options kl{kKl, kTensorKl, kFp32};
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: kl}}\n"), ElementsAre(kl, Options{kFp32}, kl));
}

TEST_F(Constraints, AWideRuleThatNoUnitCanFollowIsAnError) {
    const std::string message = error("  model_wise:\n    activation:\n      algorithm: percentile\n");
    EXPECT_THAT(message, HasSubstr("q.yaml:5"));
    EXPECT_THAT(message, HasSubstr("quantization.model_wise leaves no quantized option to any unit; 'conv1' offers: "
                                   "activation uint8 asym per_tensor minmax|kl; "
                                   "weight int8 sym per_channel|per_tensor minmax; fp32"));
    EXPECT_THAT(error("  optype_wise:\n    Gemm: {activation: {scheme: [sym]}}\n"),
                HasSubstr("q.yaml:4:5: quantization.optype_wise 'Gemm' leaves no quantized option to any unit; 'fc'"));
}

TEST_F(Constraints, AskingForFp32OnlyIsNoError) {
    const Options fp32{kFp32};
    EXPECT_THAT(options("  model_wise: {activation: {dtype: fp32}, weight: {dtype: fp32}}\n"),
                ElementsAre(fp32, fp32, fp32));
    EXPECT_THAT(options("  exclude: ['*']\n"), ElementsAre(fp32, fp32, fp32));
}

TEST_F(Constraints, AnOpWiseRuleThatLeavesNothingIsAnError) {
    EXPECT_THAT(
        error("  op_wise:\n    fc: {activation: {dtype: [fp32]}, weight: {dtype: [int8]}}\n"),
        HasSubstr("q.yaml:4:5: quantization.op_wise 'fc' leaves nothing to unit 'fc', which offers: activation"));
    capabilities_[2].options = {kFp32};
    EXPECT_THAT(error("  op_wise:\n    'f*': {activation: {dtype: [uint8]}}\n"),
                HasSubstr("q.yaml:4:5: quantization.op_wise 'f*' leaves nothing to unit 'fc', which offers: fp32"));
}

TEST_F(Constraints, AnOpWiseRuleThatQuietlyMeantFp32IsAnError) {
    // Weights have no kl, so of what the rule asks for only fp32 would be left.
    EXPECT_THAT(error("  op_wise: {conv1: {activation: {dtype: [uint8, fp32]}, weight: {algorithm: [kl]}}}\n"),
                HasSubstr("leaves no quantized option to unit 'conv1'"));
}

TEST_F(Constraints, HighPrecisionForANodeThatIsNeverQuantizedIsNoError) {
    GraphBuilder builder(graph_);
    builder.info().node_names = {"conv1", "relu1", "conv2", "flatten", "fc", "Shape__7"};
    graph_ = std::move(builder).build();
    EXPECT_THAT(options("  op_wise: {'Shape_*': {activation: {dtype: [fp32]}, weight: {dtype: [fp32]}}}\n"),
                ElementsAre(kFour, kFour, kFour));
    EXPECT_THAT(options("  op_wise: {flatten: {activation: {dtype: [fp32]}}}\n"), ElementsAre(kFour, kFour, kFour));
    EXPECT_THAT(options("  exclude: [flatten]\n"), ElementsAre(kFour, kFour, kFour));
    // What asks for more than that cannot be had.
    EXPECT_THAT(error("  op_wise: {flatten: {activation: {dtype: [uint8]}}}\n"), HasSubstr("matches no unit"));
    EXPECT_THAT(error("  op_wise: {flatten: {activation: {algorithm: [kl]}}}\n"), HasSubstr("matches no unit"));
    EXPECT_THAT(error("  op_wise: {Shape__8: {activation: {dtype: [fp32]}}}\n"), HasSubstr("matches no unit"));
}

TEST_F(Constraints, AKeyThatMatchesNothingIsAnErrorInEverySection) {
    EXPECT_THAT(error("  op_wise:\n    conv11: {activation: {dtype: [fp32]}}\n"),
                HasSubstr("q.yaml:4:5: quantization.op_wise 'conv11' matches no unit; nearest: 'conv1', 'conv2'"));
    EXPECT_THAT(error("  op_wise:\n    conv11: {activation: {dtype: [fp32]}}\n"),
                HasSubstr("; to go on without this rule, add --set 'quantization.op_wise.conv11=null'"));
    EXPECT_THAT(error("  op_wise:\n    a.b: {activation: {dtype: [fp32]}}\n"),
                HasSubstr("; to go on without this rule, remove it from the config"));
    EXPECT_THAT(options("  op_wise: {conv11: null}\n"), ElementsAre(kFour, kFour, kFour))
        << "a rule that was taken away";
    EXPECT_THAT(error("  exclude: [convolution]\n"),
                HasSubstr("q.yaml:3:13: quantization.exclude 'convolution' matches no"));
    EXPECT_THAT(
        error("  optype_wise:\n    MatMul: {activation: {dtype: [fp32]}}\n"),
        HasSubstr(
            "q.yaml:4:5: quantization.optype_wise 'MatMul' matches no unit; the model has units of 'Conv', 'Gemm'"));
}

TEST_F(Constraints, WhatTheFileGivesComesFirstUnlessARuleAsksForSomethingElse) {
    UnitConfig given = kMinmax;
    given.activation.algorithm = kGiven;
    given.weight.algorithm = kGiven;
    capabilities_[0].options = {given, kMinmax, kKl, kFp32};
    EXPECT_THAT(options("  reduce_range: off\n")[0], ElementsAre(given, kMinmax, kKl, kFp32));
    EXPECT_EQ(options("  reduce_range: on\n")[0][0], given);  // its codes stay as they are
    EXPECT_THAT(options("  model_wise: {activation: {dtype: [uint8]}}\n")[0], ElementsAre(given, kMinmax, kKl, kFp32));
    EXPECT_THAT(options("  model_wise: {activation: {dtype: [fp32]}}\n")[0], ElementsAre(kFp32));
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: kl}}\n")[0], ElementsAre(kKl, kFp32));
    EXPECT_THAT(options("  exclude: [conv1]\n")[0], ElementsAre(kFp32));
}

TEST_F(Constraints, DynamicOptionsComeBehindStaticOnesAndNoAlgorithmConcernsThem) {
    UnitConfig dynamic = kMinmax;
    dynamic.activation.when = When::at_run_time;
    UnitConfig dynamic_tensor = kTensorMinmax;
    dynamic_tensor.activation.when = When::at_run_time;
    capabilities_[2].options = {kMinmax, kKl, dynamic, dynamic_tensor, kFp32};
    EXPECT_THAT(options("  approach: post_training_auto_quant\n")[2],
                ElementsAre(kMinmax, kKl, dynamic, dynamic_tensor, kFp32));
    EXPECT_THAT(options("  model_wise: {activation: {algorithm: kl}}\n")[2],
                ElementsAre(kKl, dynamic, dynamic_tensor, kFp32));
    EXPECT_THAT(options("  model_wise: {weight: {granularity: per_tensor}}\n")[2], ElementsAre(dynamic_tensor, kFp32));
}

UnitConfig by_blocks(DType dtype, std::int64_t group_size = kDefaultGroupSize, Scheme scheme = Scheme::sym) {
    UnitConfig config = kFp32;
    config.weight = {.dtype = dtype, .scheme = scheme, .algorithm = kRoundToNearest, .group_size = group_size};
    return config;
}

const UnitConfig kInt4 = by_blocks(DType::s4);
const UnitConfig kInt4Wide = by_blocks(DType::s4, 128);
const UnitConfig kInt4Asym = by_blocks(DType::s4, kDefaultGroupSize, Scheme::asym);
const UnitConfig kInt8Blocks = by_blocks(DType::s8);
UnitConfig beside_bf16(UnitConfig config) {
    config.activation.dtype = DType::bf16;
    return config;
}

class WeightOnlyConstraints : public Constraints {
protected:
    WeightOnlyConstraints() {
        const Options fp32{kFp32};
        const Options all{kInt4, kInt4Wide, kInt4Asym, kInt8Blocks, kFp32};
        capabilities_ = {
            {.options = fp32, .refused = {}}, {.options = fp32, .refused = {}}, {.options = all, .refused = {}}};
    }
    [[nodiscard]] Options fc(const std::string& rules) const {
        return options("  approach: post_training_weight_only\n  reduce_range: on\n" + rules)[2];
    }
};

TEST_F(WeightOnlyConstraints, SymmetricGroupsOf32AreSearchedByDefault) {
    EXPECT_THAT(fc(""), ElementsAre(kInt4, kInt8Blocks, kFp32)) << "reduce_range changes nothing";
    EXPECT_TRUE(kInt4.is_quantized() && kInt4.is_weight_only() && !kInt4.is_static() && !kInt4.is_dynamic());
}

TEST_F(WeightOnlyConstraints, ListsNameTypeGroupSchemeAndAlgorithm) {
    EXPECT_THAT(fc("  model_wise: {weight: {dtype: int8}}\n"), ElementsAre(kInt8Blocks, kFp32));
    EXPECT_THAT(fc("  model_wise: {weight: {dtype: [int8, int4]}}\n"), ElementsAre(kInt8Blocks, kInt4, kFp32));
    EXPECT_THAT(fc("  model_wise: {weight: {group_size: [128, 32], dtype: int4, algorithm: rtn}}\n"),
                ElementsAre(kInt4Wide, kInt4, kFp32));
    EXPECT_THAT(fc("  model_wise: {weight: {scheme: asym}}\n"), ElementsAre(kInt4Asym, kFp32));
    EXPECT_THAT(fc("  model_wise: {activation: {dtype: fp32}, weight: {dtype: int4}}\n"), ElementsAre(kInt4, kFp32));
    // What concerns codes of activations, or weights without blocks, says nothing here.
    EXPECT_THAT(fc("  model_wise: {activation: {algorithm: kl, scheme: sym}, weight: {granularity: per_tensor}}\n"),
                ElementsAre(kInt4, kInt8Blocks, kFp32));
}

TEST_F(WeightOnlyConstraints, ActivationsAreBf16WhereARuleNamesThem) {
    const UnitConfig int4 = beside_bf16(kInt4);
    const UnitConfig int8 = beside_bf16(kInt8Blocks);
    const UnitConfig bf16 = high_precision(DType::bf16);
    const Options all{kInt4, int4, kInt8Blocks, int8, bf16, kFp32};
    capabilities_[2] = {.options = all, .refused = {}};
    EXPECT_THAT(fc(""), ElementsAre(kInt4, kInt8Blocks, kFp32));
    EXPECT_THAT(fc("  model_wise: {weight: {dtype: int4}}\n"), ElementsAre(kInt4, kFp32));
    EXPECT_THAT(fc("  model_wise: {activation: {dtype: bf16}, weight: {dtype: int4}}\n"), ElementsAre(int4, kFp32));
    EXPECT_THAT(fc("  model_wise: {activation: {dtype: [bf16, fp32]}, weight: {dtype: int4}}\n"),
                ElementsAre(int4, kInt4, kFp32));
    EXPECT_THAT(fc("  model_wise: {activation: {dtype: bf16}}\n"), ElementsAre(int4, int8, bf16, kFp32));
}

TEST_F(WeightOnlyConstraints, OpWiseIsTheLastWord) {
    EXPECT_THAT(fc("  op_wise: {fc: {weight: {dtype: int4}}}\n"), ElementsAre(kInt4));
    EXPECT_THAT(fc("  op_wise: {fc: {weight: {dtype: fp32}}}\n"), ElementsAre(kFp32));
    EXPECT_THAT(fc("  op_wise: {fc: {weight: {dtype: fp32}, activation: {dtype: fp32}}}\n"), ElementsAre(kFp32));
    EXPECT_THAT(fc("  exclude: [fc]\n"), ElementsAre(kFp32));
}

TEST_F(WeightOnlyConstraints, WhatIsNotOfferedIsRefusedWithWhatIs) {
    const std::string approach = "  approach: post_training_weight_only\n";
    EXPECT_THAT(error(approach + "  op_wise: {fc: {weight: {group_size: 64}}}\n"),
                HasSubstr("leaves no quantized option to unit 'fc', which offers: activation fp32; weight int4|int8 "
                          "sym|asym rtn in groups of 128; fp32"));
    EXPECT_THAT(error(approach + "  model_wise: {weight: {algorithm: mse}}\n"),
                HasSubstr("leaves no quantized option to any unit; 'fc' offers:"));
    EXPECT_THAT(error(approach + "  model_wise: {activation: {dtype: uint8}}\n"),
                HasSubstr("leaves no quantized option to any unit"));
}

// A model of 100,000 layers has a handful of lists, and none is filtered twice.
TEST_F(Constraints, UnitsWithOneCapabilityUnderTheSameRulesShareOneList) {
    const SearchSpace plain = space("  approach: post_training_static_quant\n");
    EXPECT_EQ(plain.decisions()[0].options.identity(), plain.decisions()[1].options.identity());
    EXPECT_EQ(plain.decisions()[0].options.identity(), plain.decisions()[2].options.identity());
    const SearchSpace ruled = space("  op_wise: {conv2: {activation: {dtype: [fp32]}}}\n");
    EXPECT_EQ(ruled.decisions()[0].options.identity(), ruled.decisions()[2].options.identity());
    EXPECT_NE(ruled.decisions()[0].options.identity(), ruled.decisions()[1].options.identity());
    EXPECT_THAT(ruled.decisions()[1].options, ElementsAre(kFp32));
}

}  // namespace
}  // namespace halftone
