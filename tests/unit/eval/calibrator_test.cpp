// Ranges by hand, and what a process knows after merging and after installing.
#include "eval/calibrator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

#include "support/evaluation_world.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using namespace test;

/// A calibrator over its own source, in batches of 8.
struct CalibratorWorld {
    World world;
    SampleSource samples;
    Calibrator calibrator;

    explicit CalibratorWorld(std::vector<std::int64_t> sizes, std::int64_t shards = 7)
        : world(doubling_graph(), sizes, "[60, 2]"),
          samples(world.data, {.samples = *std::max_element(sizes.begin(), sizes.end()), .shards = shards, .batch = 8}),
          calibrator(world.model, world.space, &samples) {}

    std::string merge() {
        std::vector<std::string> payloads;
        for (std::int64_t s = 0; s < samples.shards(); ++s) payloads.push_back(calibrator.run(s).payload);
        return calibrator.merge(payloads);
    }
};

/// Extremes of the first samples, widened to zero as an asymmetric range is.
Range extremes(const Pipeline& data, std::int64_t count) {
    Range range;
    for (const auto& row : rows_of(data, count)) {
        for (const float value : row) {
            range.low = std::min(range.low, value);
            range.high = std::max(range.high, value);
        }
    }
    return range;
}

TEST(Calibrator, ASizesRangesAreTheExtremesOfItsSamples) {
    CalibratorWorld c({40, 10});
    c.calibrator.install(c.merge());
    const Range forty = c.calibrator.ranges(0).range("x", RangeRule{});
    const Range ten = c.calibrator.ranges(1).range("x", RangeRule{});
    EXPECT_EQ(forty.low, extremes(c.world.data, 40).low);
    EXPECT_EQ(forty.high, extremes(c.world.data, 40).high);
    EXPECT_EQ(ten.low, extremes(c.world.data, 10).low);
    EXPECT_EQ(ten.high, extremes(c.world.data, 10).high);
    EXPECT_NE(ten.low, forty.low);
}

TEST(Calibrator, KnowsItsSizes) {
    const CalibratorWorld c({40, 10, 25});
    EXPECT_EQ(c.calibrator.most_samples(), 40);
    EXPECT_EQ(c.calibrator.samples_of(1), 10);
    EXPECT_EQ(c.calibrator.samples_of(2), 25);
}

TEST(Calibrator, OnlyTheProcessThatMergedHasStatistics) {
    CalibratorWorld merging({40, 10});
    CalibratorWorld installing({40, 10});
    installing.calibrator.install(merging.merge());
    EXPECT_TRUE(installing.calibrator.statistics().empty());
    ASSERT_EQ(merging.calibrator.statistics().size(), 2U);
    EXPECT_EQ(merging.calibrator.statistics().at(10).values().at("x").min(), extremes(merging.world.data, 10).low);
    EXPECT_EQ(merging.calibrator.statistics().at(40).values().at("x").max(), extremes(merging.world.data, 40).high);
}

TEST(Calibrator, MergedRangesDependOnNoNumberOfShards) {
    const std::string expected = CalibratorWorld({40, 10}, 1).merge();
    for (const std::int64_t shards : {3, 20, 40}) EXPECT_EQ(CalibratorWorld({40, 10}, shards).merge(), expected);
}

TEST(Calibrator, AVariantWithoutSmoothingIsTheModelItself) {
    CalibratorWorld c({40, 10});
    c.calibrator.install(c.merge());
    const auto kept = c.calibrator.variant(1);
    const CalibrationVariant& variant = *kept;
    EXPECT_EQ(hash_of(variant.model.graph), hash_of(c.world.model.graph));
    EXPECT_EQ(variant.ranges, c.calibrator.ranges(1));
    EXPECT_TRUE(variant.recipes.smoothing.empty());
    EXPECT_EQ(variant.samples, 10);
    EXPECT_EQ(c.calibrator.variant(1), kept) << "made once";
}

TEST(Calibrator, OnlyTheLastVariantsAreKeptAndWhatIsMadeAgainIsTheSame) {
    CalibratorWorld c({40, 30, 20, 10});
    ASSERT_EQ(Calibrator::kKeptVariants, 3U);
    c.calibrator.install(c.merge());
    const RangeTable ranges = c.calibrator.variant(0)->ranges;
    const std::weak_ptr<const CalibrationVariant> first = c.calibrator.variant(0);
    const std::weak_ptr<const CalibrationVariant> second = c.calibrator.variant(1);
    static_cast<void>(c.calibrator.variant(2));
    static_cast<void>(c.calibrator.variant(0));  // now the second one is the oldest
    static_cast<void>(c.calibrator.variant(3));
    EXPECT_FALSE(first.expired());
    EXPECT_TRUE(second.expired());
    const auto held = c.calibrator.variant(0);
    for (const std::int64_t index : {1, 2, 3}) static_cast<void>(c.calibrator.variant(index));
    EXPECT_FALSE(first.expired()) << "whoever holds it keeps it";
    EXPECT_NE(c.calibrator.variant(0), held);
    EXPECT_EQ(c.calibrator.variant(0)->ranges, ranges);
}

TEST(Calibrator, InstallingOtherRangesMakesOtherVariants) {
    CalibratorWorld c({10});
    c.calibrator.install(c.merge());
    EXPECT_EQ(c.calibrator.variant(0)->ranges.range("x", RangeRule{}).high, extremes(c.world.data, 10).high);
    WireWriter other;
    other.put_text(ranges_of({{"x", {-3, 5}}}).encode());
    c.calibrator.install(other.take());
    EXPECT_EQ(c.calibrator.variant(0)->ranges.range("x", RangeRule{}).high, 5);
}

/// Seven samples of two values in a file, of which sample 2 holds NaN and sample 5 an infinity.
struct DirtyWorld {
    TemporaryFolder folder;
    PreparedModel model = prepared(doubling_graph());
    SearchSpace space = World::space_of(model, {7});
    std::optional<Pipeline> data;
    std::optional<SampleSource> samples;
    std::optional<Calibrator> calibrator;

    explicit DirtyWorld(const std::vector<float>& values) {
        const Shape shape{static_cast<std::int64_t>(values.size() / 2), 2};
        std::ofstream(folder / "x.npy", std::ios::binary) << to_npy(Tensor::of<float>(shape, values).view());
        DataloaderConfig config;
        config.dataset = {"Numpy", parse_yaml("inputs: {x: x.npy}", folder / "config.yaml")};
        data.emplace(config);
        samples.emplace(*data, SampleCut{.samples = shape[0], .shards = 3, .batch = 2});
        calibrator.emplace(model, space, &*samples);
    }
    std::string merge() {
        std::vector<std::string> payloads;
        for (std::int64_t s = 0; s < samples->shards(); ++s) payloads.push_back(calibrator->run(s).payload);
        return calibrator->merge(payloads);
    }
};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(Calibrator, WhatIsNotFiniteIsLeftOutAndReportedWithValueSamplesAndCount) {
    DirtyWorld world({1, 2, 3, 4, kNan, kNan, 5, 6, 7, 8, kInf, -9, 0, 0});
    testing::internal::CaptureStderr();
    const std::string merged = world.merge();
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log,
                testing::HasSubstr("value 'x' is NaN or infinite in 3 of its elements, in 2 of 7 samples (the first "
                                   "is sample 2); they are left out"));
    world.calibrator->install(merged);
    const Range range = world.calibrator->ranges(0).range("x", RangeRule{});
    EXPECT_EQ(range.low, -9);
    EXPECT_EQ(range.high, 8);
}

TEST(Calibrator, AValueThatIsNeverFiniteIsRefused) {
    DirtyWorld world({1, kNan, 3, kNan, kNan, kNan, 5, kInf, 7, kNan, kInf, -9, 0, kNan});
    EXPECT_THAT(message_of<ModelError>([&] { (void)world.merge(); }),
                testing::HasSubstr("value 'x' is NaN or infinite in each of the 7 samples"));
}

/// One MatMul behind the place for its factors; the first channel of its weights is the larger one.
struct SmoothWorld {
    PreparedModel model;
    Pipeline data{noise("[20, 2]")};
    SearchSpace space;
    SampleSource samples{data, {.samples = 20, .shards = 3, .batch = 8}};
    Calibrator calibrator{model, space, &samples};

    SmoothWorld() : model(prepared(smoothable())), space(space_of(model)) {}

    static Graph smoothable() {
        GraphMaker g;
        const ValueId x = g.input("x", {kSymbolic, 2});
        const Graph graph = infer_types(g.build({g.mat_mul("m", x, floats({2, 2}, {4, 0, 0, 1}))}), reference_ops());
        return infer_types(prepare_smoothing(graph, find_units(graph)), reference_ops());
    }
    static SearchSpace space_of(const PreparedModel& model) {
        QuantizationConfig config;
        config.sampling_sizes = {20};
        config.smooth_alphas = {0.5, 1.0};
        return build_space(
            model.graph, model.units,
            capabilities(model.graph, model.units, {.activation_rules = {{Algorithm::minmax}, {Algorithm::kl}}}),
            config);
    }
};

TEST(Calibrator, AnAlphasVariantIsSmoothedAndItsRangesWithIt) {
    SmoothWorld w;
    std::vector<std::string> payloads;
    for (std::int64_t s = 0; s < w.samples.shards(); ++s) payloads.push_back(w.calibrator.run(s).payload);
    w.calibrator.install(w.calibrator.merge(payloads));
    const auto rows = rows_of(w.data, 20);
    for (const std::int64_t index : {0, 1}) {
        const double alpha = w.space.preparation(index).smooth_alpha.value();
        const auto kept = w.calibrator.variant(index);
        const CalibrationVariant& variant = *kept;
        ASSERT_EQ(variant.recipes.smoothing.size(), 1U);
        const SmoothedValue& smoothed = variant.recipes.smoothing.front();
        Range expected;
        for (std::size_t c = 0; c < 2; ++c) {
            float largest = 0;
            for (const auto& row : rows) largest = std::max(largest, std::abs(row[c]));
            const double weight = c == 0 ? 4 : 1;
            const double factor = std::pow(static_cast<double>(largest), alpha) / std::pow(weight, 1 - alpha);
            EXPECT_NEAR(smoothed.factor[c], factor, 1e-6 * factor) << "alpha " << alpha << ", channel " << c;
            for (const auto& row : rows) {
                expected.low = std::min(expected.low, row[c] / smoothed.factor[c]);
                expected.high = std::max(expected.high, row[c] / smoothed.factor[c]);
            }
        }
        for (const Algorithm algorithm : {Algorithm::minmax, Algorithm::kl}) {
            const Range range = variant.ranges.range(smoothed.value, RangeRule{algorithm});
            EXPECT_EQ(range.low, expected.low);
            EXPECT_EQ(range.high, expected.high);
        }
        EXPECT_NE(hash_of(variant.model.graph), hash_of(w.model.graph));
    }
}

TEST(Calibrator, DamagedRangesAreNoBugOfOurs) {
    CalibratorWorld c({40, 10});
    const std::string merged = c.merge();
    EXPECT_THROW(c.calibrator.install(merged + "x"), MpiError);
    EXPECT_THROW(c.calibrator.install(""), Error);
    std::string payload = c.calibrator.run(0).payload;
    EXPECT_THROW((void)c.calibrator.merge({payload + "x"}), MpiError);
    c.calibrator.install(merged);
}

}  // namespace
}  // namespace halftone
