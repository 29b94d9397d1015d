// The bootstrap: the same draws for both models, quantiles of differences, coverage by simulation; mAP and SquadF1 by
// it.
#include "metric/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.hpp"
#include "metric/texts.hpp"
#include "support/answer_set.hpp"

namespace halftone {
namespace {

double mean_of(const std::vector<double>& values, const DrawnTimes& times) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += static_cast<double>(times[i]) * values[i];
    return sum / static_cast<double>(values.size());
}

std::vector<double> means_of_draws(const std::vector<double>& values) {
    return resampled_values(values.size(), [&](const DrawnTimes& times) { return mean_of(values, times); });
}

TEST(Bootstrap, DrawsAsManySamplesAsThereAreTheSameEachTime) {
    std::vector<DrawnTimes> draws;
    const auto values = resampled_values(7, [&](const DrawnTimes& times) {
        EXPECT_EQ(std::accumulate(times.begin(), times.end(), std::int64_t{0}), 7);
        draws.push_back(times);
        return static_cast<double>(times[0]);
    });
    EXPECT_EQ(values.size(), kResamples);
    EXPECT_NE(draws[0], draws[1]);
    EXPECT_NEAR(mean_of(values, DrawnTimes(values.size(), 1)), 1, 0.25) << "each sample is drawn once, on average";
    EXPECT_EQ(values, resampled_values(7, [](const DrawnTimes& times) { return static_cast<double>(times[0]); }));
}

TEST(Bootstrap, ItsIntervalIsThatOfSortedDifferences) {
    std::vector<double> baseline;
    for (int i = 0; i < 201; ++i) baseline.push_back((i * 37) % 201);
    const Interval interval = bootstrap95(baseline, std::vector<double>(201));
    EXPECT_DOUBLE_EQ(interval.low, 5);
    EXPECT_DOUBLE_EQ(interval.high, 195);
    EXPECT_TRUE(std::isnan(bootstrap95({}, {}).low));
    EXPECT_TRUE(std::isnan(bootstrap95(baseline, std::vector<double>(200)).low));
    baseline[3] = NAN;
    EXPECT_TRUE(std::isnan(bootstrap95(baseline, std::vector<double>(201)).high));
}

// 200 data sets of 100 samples: the interval of the mean difference must hold the true one about 95 times in 100.
TEST(Bootstrap, HoldsTheTrueDifference) {
    Rng rng(29);
    int held = 0;
    constexpr int kDataSets = 200;
    for (int d = 0; d < kDataSets; ++d) {
        std::vector<double> baseline;
        std::vector<double> candidate;
        for (int i = 0; i < 100; ++i) {
            const double hard = rng.normal();
            baseline.push_back(hard + 0.3 * rng.normal() + 0.1);
            candidate.push_back(hard + 0.3 * rng.normal());
        }
        const Interval interval = bootstrap95(means_of_draws(baseline), means_of_draws(candidate));
        held += interval.low <= 0.1 && 0.1 <= interval.high ? 1 : 0;
        EXPECT_LT(interval.high - interval.low, 0.3) << "what is hard for both cancels";
    }
    EXPECT_GE(held, kDataSets * 90 / 100);
    EXPECT_LE(held, kDataSets * 99 / 100);
}

// A picture that is drawn twice counts as if it stood there twice.
TEST(Bootstrap, DetectorsAreJudgedOnDrawsOfPictures) {
    test::AnswerSet set{.fields = test::detection_fields()};
    for (std::int64_t i = 0; i < 12; ++i) {
        const bool is_found = i % 3 != 0;
        const float left = is_found ? 10 : 60;
        set.answers.push_back(test::detection_answer({.boxes = {5, left, 25, left + 30},
                                                      .scores = {0.5F + static_cast<float>(i) / 32},
                                                      .classes = {3},
                                                      .true_boxes = {5, 10, 25, 40},
                                                      .labels = {3},
                                                      .image_id = i}));
    }
    const auto metric = test::metric_of("VOCmAP", "{normalized: false}");
    metric->bind(set.fields);
    const std::vector<double> values = set.state(*metric, 0, 12)->resampled();
    std::size_t next = 0;
    (void)resampled_values(12, [&](const DrawnTimes& times) {
        test::AnswerSet drawn{.fields = set.fields};
        for (std::size_t i = 0; i < times.size(); ++i) {
            for (std::int64_t t = 0; t < times[i]; ++t) drawn.answers.push_back(set.answers[i]);
        }
        EXPECT_NEAR(values[next], drawn.value(*test::metric_of("VOCmAP", "{normalized: false}")), 1e-12) << next;
        ++next;
        return 0.0;
    });
    EXPECT_EQ(next, kResamples);
}

TEST(Bootstrap, OtherMetricsHaveJudgementsInstead) {
    const auto samples = test::metric_samples(Shape{2}, Shape{}, true, {1, 0, 0, 1}, {0, 1});
    const auto metric = test::metric_of("topk");
    metric->bind(samples.fields(*metric));
    EXPECT_TRUE(samples.state(*metric)->resampled().empty());
}

}  // namespace
}  // namespace halftone
