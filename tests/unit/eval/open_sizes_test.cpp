// Samples of different sizes: texts of two to seven words on a model whose length is open. The word 0, which pads, has
// numbers a thousand times as large as all others, so that padding that reached a range or a metric would show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "eval/costs.hpp"
#include "eval/from_config.hpp"
#include "graph/input_sizes.hpp"
#include "graph/passes/passes.hpp"
#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::vector<std::int64_t> kLengths{3, 5, 2, 7, 4, 4, 6, 2, 3, 5, 7, 2};
constexpr std::int64_t kWords = 6;

/// Ids [N, L] to two numbers for each word: the row of a table, times a matrix. Length and, as a rule, batch are open.
Graph word_net(std::int64_t batch = kSymbolic) {
    GraphMaker g;
    const ValueId ids = g.input("ids", {batch, kSymbolic}, DType::s64);
    std::vector<float> table(kWords * 4, 1000.0F);
    for (std::size_t i = 4; i < table.size(); ++i) table[i] = static_cast<float>(i % 7) - 3.0F;
    const ValueId rows = g.node("Gather", "words", {g.constant("table", floats({kWords, 4}, table)), ids});
    return g.build({g.mat_mul("fc", rows, floats({4, 2}, {1, 0, 0, 1, 1, 0, 0, -1}))});
}

/// The texts in .npy files, one behind the other, with what the model answers to each of them alone as the target.
struct Texts {
    Texts() {
        std::vector<std::int64_t> words;
        std::vector<std::int64_t> offsets{0};
        for (const std::int64_t length : kLengths) {
            for (std::int64_t i = 0; i < length; ++i) words.push_back(1 + (i * 3 + length) % (kWords - 1));
            offsets.push_back(static_cast<std::int64_t>(words.size()));
        }
        const auto count = static_cast<std::int64_t>(words.size());
        Session session(run_passes(bind_sizes(word_net(), {.shapes = {{"ids", {1, count}}}}), reference_ops()),
                        reference_ops(), CompileOptions{});
        std::copy(words.begin(), words.end(), session.input(0).as<std::int64_t>().begin());
        session.run();
        Tensor answers({DType::f32, Shape{count, 2}});
        const auto values = session.output(0).as<float>();
        std::copy(values.begin(), values.end(), answers.mutable_view().as<float>().begin());
        write("words.npy", Tensor::of<std::int64_t>(Shape{count}, words));
        write("offsets.npy", Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(offsets.size())}, offsets));
        write("answers.npy", answers);
    }
    void write(const std::string& name, const Tensor& values) const {
        std::ofstream(folder / name, std::ios::binary) << to_npy(values.view());
    }
    /// @param pad_to  of the section `collate`; empty: there is no such section
    [[nodiscard]] DataloaderConfig loader(const std::string& pad_to) const {
        DataloaderConfig config;
        config.dataset = {"Numpy", parse_yaml("{inputs: {ids: {values: words.npy, offsets: offsets.npy}}, targets: {y: "
                                              "{values: answers.npy, offsets: offsets.npy}}}",
                                              folder / "config.yaml")};
        if (!pad_to.empty()) config.collate = section("pad_to: " + pad_to);
        return config;
    }
    TemporaryFolder folder;
};

/// An evaluator on such texts.
struct TextWorld {
    Pipeline data;
    PreparedModel model;
    SearchSpace space;
    MetricSet metrics{metric_config("MSE", "{}")};

    TextWorld(const Texts& texts, const std::string& pad_to, std::int64_t batch = kSymbolic)
        : data(texts.loader(pad_to)),
          model(prepared(run_passes(bind_sizes(word_net(batch), {.sample = typical_inputs(data)}), reference_ops()))),
          space(World::space_of(model, {static_cast<std::int64_t>(kLengths.size())})) {}
    [[nodiscard]] EvaluationSetup setup(std::int64_t shards = 2) {
        return {.model = &model,
                .space = &space,
                .calibration = &data,
                .evaluation = &data,
                .metrics = &metrics,
                .shards = shards,
                .batch = 5};
    }
};

class OpenSizes : public testing::TestWithParam<const char*> {
protected:
    Texts texts;
};

TEST_P(OpenSizes, NeitherARangeNorAMetricSeesPadding) {
    TextWorld world(texts, GetParam());
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const Range range = evaluator.calibrator().ranges(0).range("words_out", {.algorithm = Algorithm::minmax});
    EXPECT_EQ(range.low, -3.0F);
    EXPECT_EQ(range.high, 3.0F);
    const Score fp32 = scored(evaluator, kBaseline);
    EXPECT_EQ(fp32.accuracy, 0.0) << "the targets are fp32's own answers";
    EXPECT_EQ(fp32.samples, static_cast<std::int64_t>(kLengths.size()));
}

TEST_P(OpenSizes, ACandidateAnswersAlikeHoweverItsSamplesArePadded) {
    TextWorld plain(texts, "");
    TextWorld padded(texts, GetParam());
    std::vector<Score> scores;
    for (TextWorld* world : {&plain, &padded}) {
        ModelEvaluator evaluator(world->setup());
        calibrated(evaluator);
        scores.push_back(scored(evaluator, evaluate(world->space.at(0))));
    }
    EXPECT_GT(scores[0].accuracy, 0.0) << "int8 rounds";
    EXPECT_EQ(scores[0], scores[1]);
}

TEST_P(OpenSizes, AnyNumberOfShardsGivesTheSameScore) {
    TextWorld world(texts, GetParam());
    std::vector<Score> scores;
    for (const std::int64_t shards : {1, 3, 12}) {
        ModelEvaluator evaluator(world.setup(shards));
        calibrated(evaluator);
        Job probe{.kind = JobKind::probe, .trial = {}, .candidate = world.space.at(0)};
        EXPECT_EQ(evaluator.merge_probe(payloads_of(evaluator, probe)).failure, "");
        scores.push_back(scored(evaluator, evaluate(world.space.at(0))));
    }
    EXPECT_NEAR(scores[0].accuracy, scores[1].accuracy, 1e-12) << "sums are added in another order";
    EXPECT_NEAR(scores[0].accuracy, scores[2].accuracy, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Collate, OpenSizes, testing::Values("", "longest", "{multiple: 4}", "{max: 9}"),
                         [](const auto& form) { return "Form" + std::to_string(form.index); });

TEST(OpenSizesFacts, BatchesOfEqualShapesScoreAsSamplesAlone) {
    const Texts texts;
    for (const char* pad_to : {"", "{multiple: 4}", "{max: 9}"}) {
        std::vector<Score> scores;
        std::vector<Range> ranges;
        for (const std::int64_t batch : {1, 2, 5, 25}) {
            TextWorld world(texts, pad_to);
            EvaluationSetup setup = world.setup();
            setup.batch = batch;
            ModelEvaluator evaluator(setup);
            EXPECT_EQ(evaluator.batch(), batch);
            calibrated(evaluator);
            ranges.push_back(evaluator.calibrator().ranges(0).range("words_out", {.algorithm = Algorithm::minmax}));
            scores.push_back(scored(evaluator, evaluate(world.space.at(0))));
        }
        for (std::size_t i = 1; i < scores.size(); ++i) {
            EXPECT_NEAR(scores[i].accuracy, scores[0].accuracy, 1e-12) << pad_to << ": sums are added in another order";
            EXPECT_EQ(scores[i].samples, scores[0].samples);
            EXPECT_EQ(ranges[i], ranges[0]) << pad_to;
        }
    }
}

TEST(OpenSizesFacts, ABatchThatCannotBeFilledIsCutIntoSmallerOnes) {
    EXPECT_THAT(batch_sizes(60, 25), ElementsAre(25, 25, 6, 1, 1, 1, 1));
    EXPECT_THAT(batch_sizes(24, 25), ElementsAre(6, 6, 6, 6));
    EXPECT_THAT(batch_sizes(3, 3), ElementsAre(3));
    EXPECT_THAT(batch_sizes(2, 3), ElementsAre(1, 1));
    EXPECT_TRUE(batch_sizes(0, 25).empty());
}

TEST(OpenSizesFacts, FewerLargeSamplesRunTogetherThanTypicalOnes) {
    const Texts texts;
    const TextWorld world(texts, "");  // the typical text has four words
    const OpenShapes open(world.model.graph, world.data, fields_of(world.model.graph, world.data.schema()));
    const auto most_of = [&](std::int64_t words) { return open.most_rows({Shape{kSymbolic, words}}, 24); };
    EXPECT_EQ(most_of(4), 24);
    EXPECT_EQ(most_of(2), 24);
    EXPECT_EQ(most_of(7), 13);
    EXPECT_EQ(most_of(4000), 1);
}

TEST(OpenSizesFacts, SamplesOfOneShapeGoTogetherInAnOrderThatTheRangeFixes) {
    const Texts texts;
    TextWorld world(texts, "{multiple: 4}");
    const InputFields fields = fields_of(world.model.graph, world.data.schema());
    SampleSource source(
        world.data,
        {.samples = 12, .batch = 4, .fields = fields, .open = OpenShapes(world.model.graph, world.data, fields)});
    ShapedSessions sessions(world.model.graph, {});
    Session* session = nullptr;
    std::vector<std::int64_t> lengths;
    std::vector<std::vector<std::int64_t>> ids;
    const auto inputs_at = [&](const SessionShape& shape) {
        session = &sessions.at(shape);
        return inputs_of(*session);
    };
    source.for_each_batch({0, 12}, inputs_at, Caching::pass, [&](const SampleBatch& batch) {
        EXPECT_EQ(batch.rows, batch.batch) << "no row is without a sample";
        EXPECT_EQ(session->input(0).type.shape[0], batch.batch);
        EXPECT_EQ(batch.first, batch.ids.front());
        ids.emplace_back(batch.ids.begin(), batch.ids.end());
        lengths.push_back(session->input(0).type.shape[1]);
    });
    // Lengths of 2, 3 and 4 become 4, the others 8. Seven texts of 4: a batch of four, and three alone; a quarter of
    // four is one. Of texts that are twice as long as the typical one, two go together.
    EXPECT_EQ(lengths, (std::vector<std::int64_t>{4, 4, 4, 4, 8, 8, 8}));
    EXPECT_THAT(ids, ElementsAre(ElementsAre(0, 2, 4, 5), ElementsAre(7), ElementsAre(8), ElementsAre(11),
                                 ElementsAre(1, 3), ElementsAre(6, 9), ElementsAre(10)));
    const PaddingFigures padding = source.take_padding();
    EXPECT_EQ(padding.used, 50);
    EXPECT_EQ(padding.all, 7 * 4 + 5 * 8);
    EXPECT_THAT(padding.to_text(), HasSubstr("2 shapes in 4 sessions; 26.5 % of"));
    EXPECT_EQ(source.take_padding().all, 0);
}

TEST(OpenSizesFacts, RowsWithoutASampleAreToldOfBesidePaddingAndFixedBatchesAreFilled) {
    const Texts texts;
    TextWorld world(texts, "{max: 8}", 5);
    SampleSource source(world.data, {.samples = 12,
                                     .batch = 5,
                                     .fields = fields_of(world.model.graph, world.data.schema()),
                                     .open = OpenShapes(world.model.graph, world.data, {})});
    ShapedSessions sessions(world.model.graph, {});
    const auto inputs_at = [&](const SessionShape& shape) { return inputs_of(sessions.at(shape)); };
    const auto nothing = [](const SampleBatch&) {};
    source.for_each_batch({0, 12}, inputs_at, Caching::pass, nothing);
    EXPECT_THAT(source.take_padding().to_text(),
                HasSubstr("; 47.9 % of the input elements that run are padding; the model fixes its batch, and 3 of 15 "
                          "rows hold no sample"))
        << "50 of 12 * 8";
    source.for_each_batch({0, 10}, inputs_at, Caching::pass, nothing);
    EXPECT_THAT(source.take_padding().to_text(), EndsWith("are padding"));
    // A shard costs a batch at least, so there are no more shards than batches.
    const ModelEvaluator evaluator(world.setup(12));
    EXPECT_EQ(evaluator.shards(JobKind::baseline), 3);
    EXPECT_EQ(evaluator.shards(JobKind::calibrate), 3);
    TextWorld open(texts, "{max: 8}");
    EXPECT_EQ(ModelEvaluator(open.setup(12)).shards(JobKind::baseline), 12);
}

TEST(OpenSizesFacts, ACalibrationOfOneSizeStandsBesideAnEvaluationOfAnother) {
    const Texts texts;
    const Pipeline nine(texts.loader("{max: 9}"));
    const Pipeline twelve(texts.loader("{max: 12}"));
    const Pipeline open(texts.loader(""));
    for (const auto& [calibration, evaluation] :
         {std::pair(&nine, &twelve), std::pair(&open, &twelve), std::pair(&nine, &open)}) {
        RunConfig config;
        TextWorld world(texts, "{max: 9}");
        world.model =
            prepared(run_passes(bind_sizes(word_net(), input_sizes(config, calibration, evaluation)), reference_ops()));
        EvaluationSetup setup = world.setup();
        setup.calibration = calibration;
        setup.evaluation = evaluation;
        ModelEvaluator evaluator(setup);
        calibrated(evaluator);
        EXPECT_EQ(scored(evaluator, kBaseline).accuracy, 0.0);
        EXPECT_EQ(scored(evaluator, evaluate(world.space.at(0))).samples, std::ssize(kLengths));
        EXPECT_EQ(time_graphs({world.model.graph}, *evaluation).size(), 1U);
    }
}

TEST(OpenSizesFacts, OneDataSetOfAnotherSizeThanTheGraphIsRefused) {
    const Texts texts;
    TextWorld world(texts, "{max: 9}");
    const Pipeline twelve(texts.loader("{max: 12}"));
    EvaluationSetup setup = world.setup();
    setup.space = nullptr;
    setup.calibration = nullptr;
    setup.evaluation = &twelve;
    EXPECT_THAT(message_of<ConfigError>([&] { const ModelEvaluator refused(setup); }),
                HasSubstr("yields samples of ids int64 [12] after its transforms, but the model takes ids int64 [9]"));
}

TEST(OpenSizesFacts, TheModelIsBoundToATypicalSample) {
    const Texts texts;
    // Twelve lengths in order: 2 2 2 3 3 4 4 5 5 6 7 7. The middle one is the seventh.
    EXPECT_EQ(to_text(typical_inputs(Pipeline(texts.loader("")))), "ids int64 [4]");
    EXPECT_EQ(to_text(typical_inputs(Pipeline(texts.loader("{multiple: 3}")))), "ids int64 [6]");
    EXPECT_EQ(to_text(typical_inputs(Pipeline(texts.loader("{max: 9}")))), "ids int64 [9]");
}

TEST(OpenSizesFacts, AMaskIsMadeOfOnesAndPadded) {
    const Texts texts;
    DataloaderConfig loader = texts.loader("{multiple: 4}");
    loader.collate = section("{pad_to: {multiple: 4}, values: {ids: 5}, mask: mask}");
    const Pipeline data(loader);
    EXPECT_EQ(to_text(data.schema().inputs), "ids int64 [N], mask int64 [N]");
    const Sample sample = data.read(1);  // five words
    EXPECT_THAT(std::get<Tensor>(sample.inputs[1]).as<std::int64_t>(), testing::ElementsAre(1, 1, 1, 1, 1, 0, 0, 0));
    EXPECT_EQ(std::get<Tensor>(sample.inputs[0]).as<std::int64_t>()[7], 5);
    EXPECT_THAT(sample.unpadded, testing::ElementsAre(Shape{5}, Shape{5}));
    EXPECT_TRUE(data.read(4).unpadded.empty()) << "four words are no padding";
    loader.collate = section("{pad_to: longest, mask: ids}");
    EXPECT_THAT(message_of<ConfigError>([&] { (void)Pipeline(loader); }), HasSubstr("have an input 'ids' already"));
}

}  // namespace
}  // namespace halftone
