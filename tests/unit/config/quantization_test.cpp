// quantization: calibration, recipes, constraints.
#include "helpers.hpp"

namespace halftone {
namespace {

using config_test::config;
using config_test::error_of;
using config_test::notes_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Quantization, DefaultsAreLpots) {
    const QuantizationConfig q = config("").quantization;
    EXPECT_EQ(q.approach, "post_training_static_quant");
    EXPECT_THAT(q.sampling_sizes, ElementsAre(100));
    EXPECT_FALSE(q.calibration.has_value());
    EXPECT_TRUE(q.model_wise.weight.is_empty() && q.model_wise.activation.is_empty());
    EXPECT_TRUE(q.scale_propagation_max_pooling && q.scale_propagation_concat && q.first_conv_or_matmul_quantization);
    EXPECT_FALSE(q.fast_bias_correction || q.weight_correction);
    EXPECT_EQ(q.reduce_range, "auto");
}

TEST(Quantization, ReadsCommaStringsBlankStringsAndLists) {
    const QuantizationConfig q = config(
                                     "quantization:\n"
                                     "  calibration: {sampling_size: '1000, 2000'}\n"
                                     "  model_wise:\n"
                                     "    weight: {dtype: int8, granularity: [per_channel, per_tensor], bit: 7.0}\n"
                                     "    activation: {dtype: 'int8, fp32', algorithm: minmax kl}\n")
                                     .quantization;
    EXPECT_THAT(q.sampling_sizes, ElementsAre(1000, 2000));
    EXPECT_THAT(q.model_wise.weight.dtype, ElementsAre("int8"));
    EXPECT_THAT(q.model_wise.weight.granularity, ElementsAre("per_channel", "per_tensor"));
    EXPECT_THAT(q.model_wise.weight.bit, ElementsAre(7.0));
    EXPECT_THAT(q.model_wise.activation.dtype, ElementsAre("int8", "fp32"));
    EXPECT_THAT(q.model_wise.activation.algorithm, ElementsAre("minmax", "kl"));
}

TEST(Quantization, RulesKeepTheirKeysOrderAndPlaces) {
    const QuantizationConfig q = config(
                                     "quantization:\n"
                                     "  op_wise:\n"
                                     "    're:b.*': {weight: {algorithm: ['kl']}}\n"
                                     "    /0/conv: {activation: {scheme: ['sym']}}\n"
                                     "  optype_wise: {Gemm: {activation: {dtype: fp32}}}\n"
                                     "  exclude: [conv1, 'fc*']\n")
                                     .quantization;
    ASSERT_EQ(q.op_wise.size(), 2U);
    EXPECT_EQ(q.op_wise[0].key, "re:b.*");
    EXPECT_EQ(q.op_wise[0].key_mark.to_text(), "c.yaml:3:5");
    EXPECT_THAT(q.op_wise[0].constraint.weight.algorithm, ElementsAre("kl"));
    EXPECT_EQ(q.op_wise[1].key, "/0/conv");
    EXPECT_EQ(q.optype_wise.at(0).key, "Gemm");
    ASSERT_EQ(q.exclude.size(), 2U);
    EXPECT_EQ(q.exclude[1].key, "fc*");
    EXPECT_EQ(q.exclude[1].key_mark.to_text(), "c.yaml:6:20");
}

TEST(Quantization, AWordThatIsNoDtypePointsAtItsItem) {
    EXPECT_EQ(error_of("quantization:\n  op_wise:\n    c1: {weight: {dtype: ['int8', 'int9']}}\n"),
              "c.yaml:3:35: quantization.op_wise.c1.weight.dtype 'int9' is unknown; "
              "allowed: uint8 int8 int4 bf16 fp32; did you mean 'int8'?");
    EXPECT_EQ(error_of("quantization: {model_wise: {activation: {algorithm: 'minmax, entropy'}}}"),
              "c.yaml:1:53: quantization.model_wise.activation.algorithm 'entropy' is unknown; "
              "allowed: minmax kl percentile mse");
}

TEST(Quantization, OwnWordsOfDtypeAndAlgorithmParse) {
    EXPECT_THAT(notes_of("quantization: {model_wise: {activation: {dtype: bf16, algorithm: [percentile, mse]}}}"),
                IsEmpty());
}

TEST(Quantization, ActivationsHaveNoBits) {
    EXPECT_THAT(error_of("quantization: {model_wise: {activation: {bit: 7.0}}}"),
                StartsWith("c.yaml:1:42: quantization.model_wise.activation.bit is unknown; allowed:"));
}

TEST(Quantization, BitsAndPercentilesOutsideTheirLimitsAreErrors) {
    EXPECT_THAT(config("quantization: {model_wise: {weight: {bit: [6.5, 7]}}}").quantization.model_wise.weight.bit,
                ElementsAre(6.5, 7.0));
    EXPECT_EQ(error_of("quantization: {model_wise: {weight: {bit: 8}}}"),
              "c.yaml:1:43: quantization.model_wise.weight.bit must be numbers >= 1.0 and <= 7.0, got '8.0'");
    EXPECT_THAT(config("quantization: {model_wise: {activation: {percentile: 99.9}}}")
                    .quantization.model_wise.activation.percentile,
                ElementsAre(99.9));
    EXPECT_EQ(error_of("quantization: {model_wise: {activation: {percentile: [99, 50]}}}"),
              "c.yaml:1:54: quantization.model_wise.activation.percentile must be numbers > 50.0 and <= 100.0, got "
              "'50.0'");
}

TEST(Quantization, SamplingSizesArePositiveIntegers) {
    EXPECT_EQ(error_of("quantization: {calibration: {sampling_size: 0}}"),
              "c.yaml:1:45: quantization.calibration.sampling_size must be integers > 0, got '0'");
    EXPECT_EQ(error_of("quantization: {calibration: {sampling_size: 10.5}}"),
              "c.yaml:1:45: quantization.calibration.sampling_size must be integers like 100, 200, got '10.5'");
}

TEST(Quantization, WithoutCalibrationDataOnlyRunningIsRefused) {
    EXPECT_THAT(
        config("model: {path: m.onnx}\nquantization:\n  calibration: {sampling_size: 5}\n").not_available,
        ElementsAre("c.yaml:3:3: quantization.calibration.dataloader is missing: "
                    "static quantization needs calibration data; add a dataloader with a dataset (docs/data.md)"));
}

TEST(Quantization, OnlyDynamicQuantizationDoesWithoutCalibrationData) {
    const auto refusals = [](const std::string& quantization) {
        return config("model: {path: m.onnx}\nquantization: " + quantization + "\n").not_available;
    };
    EXPECT_THAT(refusals("{approach: post_training_dynamic_quant}"), IsEmpty());
    EXPECT_THAT(refusals("{approach: post_training_dynamic_quant, calibration: {sampling_size: [8, 16]}}"), IsEmpty());
    EXPECT_THAT(refusals("{approach: post_training_auto_quant}"), testing::SizeIs(1));
    for (const std::string recipe : {"smooth_quant", "bias_correction", "fast_bias_correction"}) {
        EXPECT_THAT(refusals("{approach: post_training_dynamic_quant, recipes: {" + recipe + ": True}}"),
                    ElementsAre(testing::HasSubstr("quantization.recipes has a recipe that needs calibration data")))
            << recipe;
    }
}

TEST(Quantization, WeightOnlyNeedsNoDataAndHasWordsOfItsOwn) {
    const RunConfig c = config(
        "model: {path: m.onnx}\n"
        "quantization:\n"
        "  approach: post_training_weight_only\n"
        "  model_wise: {weight: {dtype: [int4, int8], group_size: [32, 128], algorithm: rtn}}\n"
        "  op_wise: {fc: {weight: {group_size: 16}}}\n");
    EXPECT_THAT(c.not_available, IsEmpty());
    EXPECT_THAT(c.quantization.model_wise.weight.dtype, ElementsAre("int4", "int8"));
    EXPECT_THAT(c.quantization.model_wise.weight.group_size, ElementsAre(32, 128));
    EXPECT_THAT(c.quantization.op_wise[0].constraint.weight.group_size, ElementsAre(16));
    EXPECT_THAT(print_config(c), HasSubstr("group_size: [32, 128]"));
    EXPECT_THAT(print_config(config("")), testing::Not(HasSubstr("group_size"))) << "shown only where it is given";
}

TEST(Quantization, WordsOfWeightOnlyAreChecked) {
    const auto refused = [](const std::string& weight) {
        return error_of("quantization: {model_wise: {weight: {" + weight + "}}}");
    };
    for (const std::string size : {"0", "-1", "8", "48", "2048"}) {
        EXPECT_THAT(refused("group_size: " + size),
                    HasSubstr("must be one of: 16 32 64 128 256 512 1024, got '" + size + "'"));
    }
    EXPECT_THAT(refused("dtype: int3"), HasSubstr("'int3' is unknown; allowed: uint8 int8 int4 bf16 fp32"));
    EXPECT_THAT(refused("algorithm: hqq"), HasSubstr("'hqq' is unknown"));
    EXPECT_THAT(error_of("quantization: {model_wise: {activation: {dtype: int4}}}"), HasSubstr("'int4' is unknown"));
    EXPECT_THAT(error_of("quantization: {model_wise: {activation: {group_size: 32}}}"), HasSubstr("group_size"));
    EXPECT_THAT(error_of("quantization: {approach: weight_only}"), HasSubstr("post_training_weight_only"));
}

TEST(Quantization, WhatIsNotAvailableYetIsNotedWithItsPlace) {
    EXPECT_THAT(notes_of("quantization: {advance: {bias_correction: weight_empirical}}"), testing::SizeIs(1));
    EXPECT_THAT(notes_of("quantization: {op_wise: {default_qconfig: {weight: {dtype: [fp32]}}}}"), testing::SizeIs(1));
    EXPECT_THAT(notes_of("quantization: {model_wise: {weight: {scheme: asym_float}}}"), testing::SizeIs(1));
    EXPECT_THAT(notes_of("quantization: {exclude: [a], optype_wise: {Conv: {weight: {dtype: fp32}}}}"), IsEmpty());
}

TEST(Quantization, SmoothingHasAListOfAlphas) {
    EXPECT_THAT(config("quantization: {recipes: {smooth_quant: True}}").quantization.smooth_alphas, ElementsAre(0.5));
    EXPECT_THAT(config("quantization: {recipes: {smooth_quant: True, smooth_quant_args: {alpha: [0.3, 0.7]}}}")
                    .quantization.smooth_alphas,
                ElementsAre(0.3, 0.7));
    EXPECT_THAT(config("quantization: {recipes: {smooth_quant_args: {alpha: 0.3}}}").quantization.smooth_alphas,
                IsEmpty());
    EXPECT_THAT(error_of("quantization: {recipes: {smooth_quant: True, smooth_quant_args: {alpha: 1.5}}}"),
                ::testing::HasSubstr("quantization.recipes.smooth_quant_args.alpha must be numbers >= 0.0 and <= 1.0"));
}

TEST(Quantization, ListsOfRecipesAreWhatTheSearchChoosesBetween) {
    const auto q = config(
                       "quantization: {recipes: {cross_layer_equalization: [false, true], smooth_quant: [False, True], "
                       "smooth_quant_args: {alpha: [0.3, 0.7]}, weight_correction: True}}")
                       .quantization;
    EXPECT_THAT(q.preparations,
                ElementsAre(Preparation{}, Preparation{.smooth_alpha = 0.3}, Preparation{.smooth_alpha = 0.7},
                            Preparation{.equalizes = true}, Preparation{.equalizes = true, .smooth_alpha = 0.3},
                            Preparation{.equalizes = true, .smooth_alpha = 0.7}));
    EXPECT_FALSE(q.cross_layer_equalization) << "it is the search's business now";
    EXPECT_THAT(q.smooth_alphas, IsEmpty());
    EXPECT_TRUE(q.weight_correction) << "no list: it holds for every candidate";
    EXPECT_FALSE(q.finds_preparations);
}

TEST(Quantization, TwoBiasCorrectionsNeverMeet) {
    EXPECT_THAT(config("quantization: {recipes: {bias_correction: [false, true], fast_bias_correction: [false, true]}}")
                    .quantization.preparations,
                ElementsAre(Preparation{}, Preparation{.bias = BiasCorrection::fast},
                            Preparation{.bias = BiasCorrection::sequential}));
    EXPECT_THAT(error_of("quantization: {recipes: {bias_correction: [true], fast_bias_correction: True}}"),
                ::testing::HasSubstr("exclude each other"));
}

TEST(Quantization, RecipesMayBeFoundByTheSearch) {
    const RunConfig read = config("quantization: {recipes: auto}");
    EXPECT_TRUE(read.quantization.finds_preparations);
    EXPECT_THAT(print_config(read), ::testing::HasSubstr("recipes: auto"));
    EXPECT_THAT(error_of("quantization: {recipes: all}"), ::testing::HasSubstr("quantization.recipes 'all'"));
    EXPECT_THAT(error_of("quantization: {recipes: {weight_correction: []}}"), ::testing::HasSubstr("empty list"));
    EXPECT_THAT(error_of("quantization: {recipes: {weight_correction: [1]}}"), ::testing::HasSubstr("'1' is unknown"));
}

TEST(Quantization, ReduceRangeTakesBooleansToo) {
    EXPECT_EQ(config("quantization: {reduce_range: False}").quantization.reduce_range, "off");
    EXPECT_EQ(config("quantization: {reduce_range: true}").quantization.reduce_range, "on");
    EXPECT_EQ(config("quantization: {reduce_range: on}").quantization.reduce_range, "on");
    EXPECT_EQ(config("quantization: {reduce_range: verify}").quantization.reduce_range, "verify");
}

TEST(Dataloader, KeepsTransformsInFileOrder) {
    const auto q = config(
                       "quantization:\n  calibration:\n    dataloader:\n      dataset: {dummy: {shape: '4,1,28,28'}}\n"
                       "      transform:\n        Rescale:\n        Transpose: {perm: [2, 0, 1]}\n        Normalize: "
                       "{mean: 0.5}\n")
                       .quantization;
    ASSERT_TRUE(q.calibration.has_value());
    EXPECT_EQ(q.calibration->dataset.name, "dummy");
    EXPECT_EQ(q.calibration->dataset.node.find("shape")->scalar, "4,1,28,28");
    ASSERT_EQ(q.calibration->transforms.size(), 3U);
    EXPECT_EQ(q.calibration->transforms[0].name, "Rescale");
    EXPECT_TRUE(q.calibration->transforms[0].node.is_empty());
    EXPECT_EQ(q.calibration->transforms[1].name, "Transpose");
    EXPECT_EQ(q.calibration->transforms[1].node.key_mark.to_text(), "c.yaml:7:9");
    EXPECT_EQ(q.calibration->transforms[2].name, "Normalize");
}

std::string dataloader(const std::string& body) { return "quantization: {calibration: {dataloader: {" + body + "}}}"; }

TEST(Dataloader, TakesExactlyOneDataset) {
    EXPECT_THAT(notes_of(dataloader("batch_size: 1")),
                ElementsAre(HasSubstr("quantization.calibration.dataloader.dataset is missing; "
                                      "one of: FashionMNIST Numpy dummy")))
        << "LPOT's users may set it in code: such a file can be printed, and running it says what to add";
    EXPECT_EQ(error_of(dataloader("dataset: {dummy: , FashionMNIST: }")),
              "c.yaml:1:62: quantization.calibration.dataloader.dataset.FashionMNIST is one too many: "
              "quantization.calibration.dataloader.dataset takes exactly one, and has dummy (c.yaml:1:53)");
}

TEST(Dataloader, NamesThatAreLpotsAreNotAvailableAndOthersUnknown) {
    EXPECT_THAT(
        notes_of(dataloader("dataset: {TFRecordDataset: {root: r}}, transform: {Resize: {size: 256}}")),
        ElementsAre("c.yaml:1:53: quantization.calibration.dataloader.dataset 'TFRecordDataset' is not available yet; "
                    "available: FashionMNIST Numpy dummy",
                    "c.yaml:1:94: quantization.calibration.dataloader.transform 'Resize' is not available yet; "
                    "available: Normalize Rescale Transpose"));
    EXPECT_EQ(error_of(dataloader("dataset: {Foo: }")),
              "c.yaml:1:53: quantization.calibration.dataloader.dataset 'Foo' is unknown; allowed: FashionMNIST dummy "
              "Numpy");
    EXPECT_THAT(error_of(dataloader("dataset: {dummy: }, transform: {Rescal: }")),
                HasSubstr("did you mean 'Rescale'?"));
    EXPECT_THAT(notes_of(dataloader("dataset: {dummy: }, filter: {LabelBalance: {size: 1}}")), testing::SizeIs(1));
}

TEST(Dataloader, ChecksItsOwnKeys) {
    EXPECT_EQ(
        error_of(dataloader("dataset: {dummy: }, last_batch: wrap")),
        "c.yaml:1:75: quantization.calibration.dataloader.last_batch 'wrap' is unknown; allowed: rollover discard");
    EXPECT_THAT(error_of(dataloader("dataset: {dummy: }, batchsize: 1")), HasSubstr("did you mean 'batch_size'?"));
}

}  // namespace
}  // namespace halftone
