// Every mistake of a config at once, with its place, and what is left of the config.
#include "config/config_faults.hpp"

#include "helpers.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const KnownNames& names() {
    static const KnownNames known{.strategies = {"basic"},
                                  .datasets = {"dummy", "MNIST"},
                                  .transforms = {"Resize"},
                                  .metrics = {"topk"},
                                  .algorithms = {"minmax", "kl"}};
    return known;
}

TolerantReading reading_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    return read_run_config_tolerantly(yaml, "c.yaml", overrides, names());
}

std::vector<std::string> places(const TolerantReading& reading) {
    std::vector<std::string> all;
    for (const PlacedMessage& fault : reading.faults) all.push_back(fault.where);
    return all;
}

TEST(ConfigFaults, AMessageIsDividedIntoItsPlaceAndTheRest) {
    const auto split = [](const std::string& message) { return split_place(message, "d/c.yaml", {"tuning.shards=0"}); };
    EXPECT_EQ(split("d/c.yaml:12:7: tuning.shards must be an integer"),
              (PlacedMessage{"d/c.yaml:12:7 tuning.shards", "must be an integer", true}));
    EXPECT_EQ(split("d/c.yaml:3:9: model.path: no such model file: 'm.onnx'"),
              (PlacedMessage{"d/c.yaml:3:9 model.path", "no such model file: 'm.onnx'"}));
    EXPECT_EQ(split("d/c.yaml:1:1: the config must be a map"),
              (PlacedMessage{"d/c.yaml:1:1", "the config must be a map"}));
    EXPECT_EQ(split("d/c.yaml: model.path is missing"), (PlacedMessage{"d/c.yaml model.path", "is missing", true}));
    EXPECT_EQ(split("--set tuning.shards=0: tuning.shards must be > 0"),
              (PlacedMessage{"--set tuning.shards=0 tuning.shards", "must be > 0", true}));
    EXPECT_EQ(split("x.npy: no such file"), (PlacedMessage{"", "x.npy: no such file"}));
}

TEST(ConfigFaults, ADividedMessageKeepsItsForm) {
    const auto again = [](const std::string& message) { return split_place(message, "c.yaml", {}).to_text(); };
    EXPECT_EQ(again("c.yaml:12:7: tuning.shards is missing"), "c.yaml:12:7 tuning.shards is missing");
    EXPECT_EQ(again("c.yaml:3:9: model.path: no such model file: 'm.onnx'"),
              "c.yaml:3:9 model.path: no such model file: 'm.onnx'");
    EXPECT_EQ(again("c.yaml:1:1: the config must be a map"), "c.yaml:1:1: the config must be a map");
    EXPECT_EQ(again("x.npy: no such file"), "x.npy: no such file");
}

TEST(ConfigFaults, AConfigWithoutMistakesIsTheConfig) {
    const TolerantReading reading = reading_of("model: {path: m.onnx}\ntuning: {shards: 7}");
    EXPECT_THAT(reading.faults, IsEmpty());
    EXPECT_THAT(reading.replaced, IsEmpty());
    ASSERT_TRUE(reading.config);
    EXPECT_EQ(reading.config->tuning.shards, 7);
}

TEST(ConfigFaults, MistakesInAllSectionsAreFoundAtOnce) {
    const TolerantReading reading = reading_of(
        "model: {path: m.onnx, framework: caffe}\n"
        "quantization:\n"
        "  calibration:\n"
        "    sampling_size: -1\n"
        "    dataloader:\n"
        "      dataset: {dummy: {}}\n"
        "      transform:\n"
        "        Resizze: {size: 3}\n"
        "        Rezise: {size: 4}\n"
        "tuning:\n"
        "  shards: 0\n"
        "  exit_policy: {max_trials: many}\n"
        "tunning: {}\n");
    EXPECT_THAT(
        places(reading),
        ElementsAre("c.yaml:1:34 model.framework", "c.yaml:4:20 quantization.calibration.sampling_size",
                    "c.yaml:8:9 quantization.calibration.dataloader.transform",
                    "c.yaml:9:9 quantization.calibration.dataloader.transform",
                    "c.yaml:12:29 tuning.exit_policy.max_trials", "c.yaml:11:11 tuning.shards", "c.yaml:13:1 tunning"));
    ASSERT_TRUE(reading.config);
    EXPECT_EQ(reading.config->model_path, "m.onnx");
    EXPECT_EQ(reading.config->quantization.calibration->dataset.name, "dummy");
}

TEST(ConfigFaults, AWrongMetricDoesNotHideItsData) {
    const TolerantReading reading = reading_of(
        "evaluation:\n"
        "  accuracy:\n"
        "    metric: {topkk: 1}\n"
        "    iteration: 0\n"
        "    dataloader: {dataset: {MNIST: {root: data}}}\n");
    EXPECT_THAT(places(reading),
                ElementsAre("c.yaml:3:14 evaluation.accuracy.metric", "c.yaml:4:16 evaluation.accuracy.iteration"));
    ASSERT_TRUE(reading.config);
    EXPECT_TRUE(reading.is_replaced("evaluation.accuracy.metric"));
    EXPECT_EQ(reading.config->evaluation->dataloader.dataset.name, "MNIST");
}

TEST(ConfigFaults, WhatIsMissingIsReportedOnceAndTheRestIsRead) {
    const TolerantReading reading = reading_of(
        "evaluation:\n"
        "  accuracy:\n"
        "    dataloader: {dataset: {FashionMNIST: {root: data}, NoSuch: {}}}\n"
        "tuning: {shards: x}\n");
    ASSERT_TRUE(reading.config);
    EXPECT_THAT(places(reading), ElementsAre("c.yaml:4:18 tuning.shards", "c.yaml:2:3 evaluation.accuracy.metric",
                                             "c.yaml:3:56 evaluation.accuracy.dataloader.dataset"));
    EXPECT_TRUE(reading.is_replaced("evaluation.accuracy.dataloader.dataset"));
}

TEST(ConfigFaults, OverridesHaveTheirOwnPlace) {
    const TolerantReading reading =
        reading_of("tuning: {shards: 3}", {"tuning.shards=0", "nonsense", "quantization.reduce_range=maybe"});
    EXPECT_THAT(places(reading),
                ElementsAre("--set nonsense", "--set quantization.reduce_range=maybe quantization.reduce_range",
                            "--set tuning.shards=0 tuning.shards"));
    EXPECT_TRUE(reading.config);
}

TEST(ConfigFaults, TextThatIsNoYamlIsOneFault) {
    const TolerantReading reading = reading_of("a: [1, 2\nb: 3");
    EXPECT_THAT(reading.faults, SizeIs(1));
    EXPECT_FALSE(reading.config);
    EXPECT_THAT(reading.faults[0].where, HasSubstr("c.yaml:"));
}

}  // namespace
}  // namespace halftone
