// A rehearsal of a small model: what it finds where all is well, and every fault at once where much is wrong.
#include "rehearsal/rehearsal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "calib/observer.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "metric/metric.hpp"
#include "metric/postprocess.hpp"
#include "strategy/strategies.hpp"
#include "support/random_net.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kGood =
    "model: {path: net.onnx}\n"
    "quantization:\n"
    "  calibration:\n"
    "    sampling_size: 20\n"
    "    dataloader: &data\n"
    "      dataset: {dummy: {shape: [60, 3, 9, 9], low: -1.0, high: 1.0}}\n"
    "evaluation:\n"
    "  accuracy:\n"
    "    metric: {topk: 1}\n"
    "    dataloader: *data\n"
    "tuning: {strategy: {name: basic}, exit_policy: {max_trials: 30}, accuracy_criterion: {absolute: 0.1}}\n";

class RehearseTest : public testing::Test {
protected:
    RehearseTest() { std::ofstream(folder_ / "net.onnx") << export_onnx(test::RandomNet(1).build()); }

    Rehearsal rehearse_config(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
        const std::string path = folder_ / "c.yaml";
        std::ofstream(path) << yaml;
        const auto files = make_posix_file_system();
        KnownNames known{strategy_names(), dataset_names(), transform_names(), metric_names(), observer_words()};
        known.postprocesses = postprocess_names();
        const RehearsalServices services{.known = known,
                                         .read_config = [&] { return files->read(path); },
                                         .read_model =
                                             [&](const RunConfig& config) {
                                                 if (!files->exists(config.model_path))
                                                     throw ModelError("no such model file");
                                                 return files->read(config.model_path);
                                             },
                                         .check_machine = [](const RunConfig&) {},
                                         .workspace = [&](const RunConfig&) { return folder_ / workspace_; },
                                         .make_strategy =
                                             [](const RunConfig& config, const SearchSpace& space, const Goal& goal,
                                                double baseline, const LatencySource& latency) {
                                                 return make_strategy(config.tuning.strategy.name,
                                                                      {.space = space,
                                                                       .goal = goal,
                                                                       .baseline = baseline,
                                                                       .settings = config.tuning.strategy.node,
                                                                       .latency = latency});
                                             }};
        return rehearse({.config_path = path, .overrides = overrides}, services, *files, SystemClock());
    }

    TemporaryFolder folder_;
    std::string workspace_ = "out";
};

/// Places without the folder of the test.
std::vector<std::string> places(const Rehearsal& rehearsal) {
    std::vector<std::string> all;
    for (const Fault& fault : rehearsal.faults) all.push_back(fault.where.substr(fault.where.rfind('/') + 1));
    return all;
}

TEST_F(RehearseTest, AGoodConfigHasNoFaultsAndAPrediction) {
    const Rehearsal rehearsal = rehearse_config(kGood);
    ASSERT_THAT(rehearsal.faults, IsEmpty()) << rehearsal_json(rehearsal);
    EXPECT_EQ(exit_code_of(rehearsal), 0);
    ASSERT_TRUE(rehearsal.model);
    EXPECT_GT(rehearsal.model->quantizable, 0U);
    EXPECT_NE(rehearsal.model->space_size, "");
    EXPECT_EQ(rehearsal.calibration->samples, 20);
    EXPECT_EQ(rehearsal.evaluation->samples, 60);
    EXPECT_THAT(rehearsal.evaluation->first.front(), HasSubstr("input fp32 [3,9,9], -"));
    ASSERT_TRUE(rehearsal.work);
    EXPECT_EQ(rehearsal.work->trials_bound, 29);  // basic has no more to ask of seven units
    EXPECT_GT(rehearsal.work->total.low, 0);
    EXPECT_GT(rehearsal.work->total.high, rehearsal.work->total.low);
    EXPECT_GE(rehearsal.work->expected, rehearsal.work->total.low);
}

TEST_F(RehearseTest, ItCreatesNothing) {
    static_cast<void>(rehearse_config(kGood));
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
        names.push_back(entry.path().filename());
    EXPECT_THAT(names, testing::UnorderedElementsAre("net.onnx", "c.yaml"));
}

TEST_F(RehearseTest, AWrongMetricHidesNoWrongDataPathAndNoMissingModel) {
    const Rehearsal rehearsal = rehearse_config(
        "model: {path: nowhere.onnx}\n"
        "quantization:\n"
        "  calibration:\n"
        "    dataloader:\n"
        "      dataset: {ImageFolder: {root: no/such/folder}}\n"
        "      transform: {Resize: {sise: 3}, Rescale: {by: 2}}\n"
        "evaluation:\n"
        "  accuracy:\n"
        "    metric: {topkk: 1}\n"
        "    dataloader:\n"
        "      dataset: {Numpy: {inputs: {x: none.npy}}}\n"
        "tuning: {strategy: {name: basic}, shards: 0}\n");
    EXPECT_THAT(places(rehearsal), ElementsAre("c.yaml:12:43 tuning.shards", "c.yaml:9:14 evaluation.accuracy.metric",
                                               "c.yaml:6:19 quantization.calibration.dataloader.transform.Resize.size",
                                               "c.yaml:6:48 quantization.calibration.dataloader.transform.Rescale.by",
                                               "c.yaml:1:15 model.path",
                                               "c.yaml:5:17 quantization.calibration.dataloader.dataset.ImageFolder",
                                               "c.yaml:11:17 evaluation.accuracy.dataloader.dataset.Numpy"));
    EXPECT_EQ(exit_code_of(rehearsal), 2);
    EXPECT_FALSE(rehearsal.work);
}

TEST_F(RehearseTest, AWrongPostprocessHidesNoWrongMetric) {
    std::string yaml = kGood;
    const std::string metric = "    metric: {topk: 1}\n";
    yaml.replace(yaml.find(metric), metric.size(),
                 "    metric: {topk: 0}\n    postprocess: {transform: {LabelShift: x}}\n");
    EXPECT_THAT(places(rehearse_config(yaml)),
                testing::UnorderedElementsAre(HasSubstr("metric.topk"), HasSubstr("postprocess.transform.LabelShift")));
}

TEST_F(RehearseTest, TheExitCodeIsThatOfTheModelWhereTheConfigIsRight) {
    const Rehearsal rehearsal = rehearse_config(kGood, {"model.path=" + folder_ / "gone.onnx"});
    ASSERT_THAT(rehearsal.faults, SizeIs(1));
    EXPECT_EQ(exit_code_of(rehearsal), 3);
    EXPECT_EQ(rehearsal.evaluation->samples, 60) << "the data are looked at without the model";
}

TEST_F(RehearseTest, SamplesThatDoNotFeedTheModelAreAFaultOfTheConfig) {
    const Rehearsal rehearsal =
        rehearse_config(kGood, {"evaluation.accuracy.dataloader.dataset={dummy: {shape: [60, 9, 9, 3]}}",
                                "quantization.op_wise={no_such_unit: {activation: {dtype: [fp32]}}}",
                                "tuning.strategy={name: basic, x: 1}"});
    EXPECT_EQ(exit_code_of(rehearsal), 2);
    std::vector<std::string> whats;
    for (const Fault& fault : rehearsal.faults) whats.push_back(fault.what);
    EXPECT_THAT(whats, Contains(HasSubstr("does not fit the input")));
    EXPECT_THAT(whats, Contains(HasSubstr("no_such_unit")));
}

TEST_F(RehearseTest, AWorkspaceThatHoldsARunIsAFault) {
    std::filesystem::create_directory(folder_ / "out");
    std::ofstream(folder_ / "out/trials.jsonl") << "{}\n";
    const Rehearsal used = rehearse_config(kGood);
    EXPECT_THAT(used.faults, ElementsAre(AllOf(Field(&Fault::what, HasSubstr("holds a run already")),
                                               Field(&Fault::code, ExitCode::usage))));
    workspace_ = "net.onnx/out";
    EXPECT_EQ(exit_code_of(rehearse_config(kGood)), 4) << "a file stands where the folder should be made";
}

TEST_F(RehearseTest, WithoutEvaluationThereIsNoTrial) {
    const std::string yaml(kGood);
    const std::size_t from = yaml.find("evaluation:");
    const Rehearsal rehearsal = rehearse_config(yaml.substr(0, from) + yaml.substr(yaml.find("tuning:")));
    ASSERT_THAT(rehearsal.faults, IsEmpty()) << rehearsal_json(rehearsal);
    ASSERT_TRUE(rehearsal.work);
    EXPECT_EQ(rehearsal.work->trials_bound, 0);
}

TEST_F(RehearseTest, TextAndJsonSayTheSame) {
    const Rehearsal rehearsal = rehearse_config(kGood);
    const std::string text = rehearsal_text(rehearsal);
    EXPECT_THAT(text, HasSubstr("20 of 60 samples"));
    EXPECT_THAT(text, HasSubstr("at most 29"));
    EXPECT_THAT(text, HasSubstr("goal: a loss of 0.1 at most"));
    const std::string json = rehearsal_json(rehearsal);
    EXPECT_THAT(json, HasSubstr(R"({"ok":true,"faults":[],"model":{)"));
    EXPECT_THAT(json, HasSubstr(R"("calibration":{"samples":20,)"));
    EXPECT_THAT(json, HasSubstr(R"("work":{"trials_bound":29,)"));
}

TEST_F(RehearseTest, TheFirstSamplesSayWhatFp32ReachesAndWhetherTheGoalIsLikely) {
    const Rehearsal rehearsal = rehearse_config(kGood);
    ASSERT_TRUE(rehearsal.work->chances);
    const Chances& chances = *rehearsal.work->chances;
    // How many samples are affordable depends on the machine; a batch is there in any case.
    EXPECT_GE(chances.fp32.samples, 25);
    EXPECT_LE(chances.fp32.samples, 60);
    const std::string samples = std::to_string(chances.fp32.samples);
    ASSERT_TRUE(chances.candidate && chances.candidate->loss);
    EXPECT_THAT(rehearsal_text(rehearsal), HasSubstr("on the first " + samples + " samples"));
    EXPECT_THAT(rehearsal_json(rehearsal), HasSubstr(R"("first_samples":{"samples":)" + samples + R"(,"fp32":)"));
    // A goal that asks for more than fp32 has is out of reach.
    const Rehearsal beyond = rehearse_config(kGood, {"tuning.accuracy_criterion={absolute: -0.9}"});
    EXPECT_FALSE(beyond.work->chances->is_goal_likely);
    EXPECT_EQ(beyond.work->total.high, beyond.work->longest);
}

TEST_F(RehearseTest, AnAccuracyOfGuessesIsAWarningAndNoFault) {
    Rehearsal rehearsal;
    rehearsal.work.emplace().chances = Chances{.doubt = "topk is 0.1 and guessing gives 0.1"};
    rehearsal.metric = MetricFacts{.names = {"topk"}};
    rehearsal.evaluation.emplace();
    EXPECT_EQ(exit_code_of(rehearsal), 0);
    EXPECT_THAT(rehearsal_text(rehearsal), HasSubstr("warning      fp32's topk is 0.1 and guessing gives 0.1\n"));
    EXPECT_THAT(rehearsal_json(rehearsal), HasSubstr(R"("warnings":["fp32's topk is 0.1 and guessing gives 0.1"])"));
}

TEST_F(RehearseTest, TextThatIsNoYamlIsOneFault) {
    const Rehearsal rehearsal = rehearse_config("a: [1\n");
    EXPECT_THAT(rehearsal.faults, SizeIs(1));
    EXPECT_EQ(exit_code_of(rehearsal), 2);
    EXPECT_THAT(rehearsal_json(rehearsal), HasSubstr(R"("ok":false)"));
}

TEST(RehearsalText, OfDataWithoutLabelsSpeaksOfAnswers) {
    Rehearsal rehearsal;
    rehearsal.metric = MetricFacts{.names = {"agreement"}, .is_relative = true, .loss = 0.01};
    WorkFacts work;
    work.trials_bound = 100;
    work.likely_trials = 2;
    work.probes = 92;
    work.likely_probes = 92;
    work.chances = Chances{.fp32 = {.accuracy = 1, .samples = 168}, .candidate = Score{.accuracy = 0.995}};
    rehearsal.work = work;
    rehearsal.evaluation.emplace();
    const std::string text = rehearsal_text(rehearsal);
    EXPECT_THAT(text, HasSubstr("another answer than fp32's for 1 % of the samples at most"));
    EXPECT_THAT(text, HasSubstr("a quantized model gives fp32's answer for 99.5 % of the first 168 samples"));
    EXPECT_THAT(text, HasSubstr("about 2, at most 100: evaluations of a candidate"));
    EXPECT_THAT(text, HasSubstr("probes       at most 92: comparisons")) << "where no other number is likely";
    rehearsal.metric->names = {"topk"};
    EXPECT_THAT(rehearsal_text(rehearsal), HasSubstr("topk; goal: a loss of 1 % of fp32's value at most"));
}

}  // namespace
}  // namespace halftone
