#include "calib/observer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// Middles of steps of 1/1024; a negative entry of `runs` is a number of empty steps, another the count of one step.
std::vector<float> expanded(int first, const std::vector<int>& runs) {
    std::vector<float> values;
    int step = first;
    for (const int run : runs) {
        const float middle = (static_cast<float>(step) + 0.5F) / 1024;
        if (run > 0) values.insert(values.end(), static_cast<std::size_t>(run), middle);
        step += run > 0 ? 1 : -run;
    }
    return values;
}

struct KlCase {
    std::string title;
    std::vector<float> values;
    double threshold;
    double low, high;  ///< percentiles 0.05 and 99.95
    double least_error;
};

/// `extra` is one more value; infinity: none.
std::vector<float> derived(std::vector<float> values, float shift, float low, float high, float extra) {
    for (float& value : values) value = std::clamp(value + shift, low, high);
    if (std::isfinite(extra)) values.push_back(extra);
    return values;
}

std::vector<KlCase> kl_cases() {
    std::vector<KlCase> cases;
#define BASE(name, first, ...) const std::vector<float> name = expanded(first, __VA_ARGS__);
#define CASE(title, name, shift, low, high, extra, ...) \
    cases.push_back({title, derived(name, shift, low, high, extra), __VA_ARGS__});
#include "golden/calib/kl_golden.inc"
#undef BASE
#undef CASE
    return cases;
}

ValueStatistics statistics_of(const std::vector<float>& values) {
    ValueStatistics statistics;
    EXPECT_EQ(statistics.observe(values), 0);
    return statistics;
}

Range kl(const std::vector<float>& values) { return make_observer({Algorithm::kl})->range(statistics_of(values)); }

TEST(Kl, AgreesWithNumPy) {
    for (const KlCase& c : kl_cases()) {
        const auto [lowest, highest] = std::minmax_element(c.values.begin(), c.values.end());
        const auto threshold = static_cast<float>(c.threshold);
        EXPECT_EQ(kl(c.values), (Range{std::max(*lowest, -threshold), std::min(*highest, threshold)})) << c.title;
    }
}

TEST(Kl, AnIsolatedOutlierOfANormalDistributionIsClippedWhereMinMaxKeepsIt) {
    const std::vector<KlCase> cases = kl_cases();
    const auto& values = cases.front().values;
    ASSERT_EQ(values.back(), 40.0F);
    EXPECT_GE(kl(values).high, 4.5F);
    EXPECT_LE(kl(values).high, 6.5F);
    EXPECT_EQ(make_observer({Algorithm::minmax})->range(statistics_of(values)).high, 40.0F);
}

TEST(Kl, AUniformDistributionKeepsItsRange) {
    std::vector<float> values(50000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = (static_cast<float>(i) + 0.5F) / 50000 * 3;
    EXPECT_EQ(kl(values), (Range{values.front(), values.back()}));
}

TEST(Kl, MirroredValuesGiveTheMirroredRange) {
    for (const KlCase& c : kl_cases()) {
        // Bins are closed below and open above, so values on an edge would change sides: none of these is on one but 0.
        if (std::find(c.values.begin(), c.values.end(), 0.0F) != c.values.end() || std::abs(c.values.back()) == 40.0F) {
            continue;
        }
        std::vector<float> mirrored = c.values;
        for (float& value : mirrored) value = -value;
        const Range range = kl(c.values);
        EXPECT_EQ(kl(mirrored), (Range{-range.high, -range.low})) << c.title;
    }
}

TEST(Kl, FewOrEqualValuesKeepTheirRange) {
    EXPECT_EQ(kl({}), (Range{0, 0}));
    EXPECT_EQ(kl({0, 0, 0}), (Range{0, 0}));
    EXPECT_EQ(kl({2.5F, 2.5F}), (Range{2.5F, 2.5F}));
    EXPECT_EQ(kl({-1.0F, 2.0F}), (Range{-1.0F, 2.0F}));
    EXPECT_EQ(kl({1e-30F, 3e-30F}), (Range{1e-30F, 3e-30F}));
    EXPECT_EQ(kl({-3e38F, 3e38F}), (Range{-3e38F, 3e38F}));
}

TEST(Kl, TheNumberOfExactZerosDoesNotMatter) {
    std::vector<float> values;
    for (int i = 0; i < 20000; ++i) values.push_back(std::abs(std::sin(static_cast<float>(i))) * 2);
    values.resize(values.size() + 1000);
    const Range few = kl(values);
    values.resize(values.size() + 100000);
    EXPECT_EQ(kl(values), few);
}

TEST(MinMax, IsTheExtentOfTheValues) {
    EXPECT_EQ(make_observer({Algorithm::minmax})->range(statistics_of({1.5F, -2.0F, 0.5F})), (Range{-2.0F, 1.5F}));
    EXPECT_EQ(make_observer({Algorithm::minmax})->range({}), (Range{0, 0}));
}

TEST(Percentile, AgreesWithNumPyToABin) {
    for (const KlCase& c : kl_cases()) {
        const ValueStatistics statistics = statistics_of(c.values);
        const Range range = make_observer({Algorithm::percentile, 99.9F})->range(statistics);
        EXPECT_NEAR(static_cast<double>(range.low), c.low, 1.01 * statistics.bin_width()) << c.title;
        EXPECT_NEAR(static_cast<double>(range.high), c.high, 1.01 * statistics.bin_width()) << c.title;
    }
}

TEST(Percentile, AHundredKeepsAllAndFewOrEqualValuesKeepTheirRange) {
    const auto range = [](const std::vector<float>& values, float percent) {
        return make_observer({Algorithm::percentile, percent})->range(statistics_of(values));
    };
    EXPECT_EQ(range({-3.0F, 0.5F, 40.0F}, 100.0F), (Range{-3.0F, 40.0F}));
    EXPECT_EQ(range({}, 99.0F), (Range{0, 0}));
    EXPECT_EQ(range({2.5F, 2.5F}, 60.0F), (Range{2.5F, 2.5F}));
}

/// Of 256 codes over the range.
double squared_error(const std::vector<float>& values, const Range& range) {
    const QuantParams params = activation_params(range, DType::u8, Scheme::asym);
    const Tensor x = Tensor::of<float>(Shape{static_cast<std::int64_t>(values.size())}, values);
    const Tensor back = dequantize(quantize(x, params), params);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double error = static_cast<double>(values[i]) - static_cast<double>(back.as<float>()[i]);
        sum += error * error;
    }
    return sum / static_cast<double>(values.size());
}

TEST(Mse, IsAsGoodAsTheBestOfNumPy) {
    for (const KlCase& c : kl_cases()) {
        const Range range = make_observer({Algorithm::mse})->range(statistics_of(c.values));
        EXPECT_LE(squared_error(c.values, range), 1.02 * c.least_error) << c.title;
    }
}

/// Numbers between -1 and 1 among which one in 4000 is `glitch`.
std::vector<float> with_glitches(float glitch) {
    std::vector<float> values;
    for (int i = 0; i < 40000; ++i) values.push_back(i % 4000 == 77 ? glitch : std::sin(static_cast<float>(i)));
    return values;
}

TEST(Percentile, CutsByRankHoweverLargeAGlitchIs) {
    for (const float glitch : {30.0F, 1e3F, 1e4F, 1e6F, 1e9F, 1e20F, -3e38F}) {
        std::vector<float> sorted = with_glitches(glitch);
        const Range range = make_observer({Algorithm::percentile, 99.8F})->range(statistics_of(sorted));
        std::sort(sorted.begin(), sorted.end());
        // The 40th value from either end: 0.1 % of 40000.
        EXPECT_NEAR(range.low, sorted[39], 0.004) << glitch;
        EXPECT_NEAR(range.high, sorted[sorted.size() - 41], 0.004) << glitch;
    }
}

TEST(Kl, FindsTheMassBesideAGlitchOfAnySize) {
    for (const float glitch : {1e3F, 1e4F, 1e6F, 1e9F, 1e20F, 3e38F}) {
        const Range range = kl(with_glitches(glitch));
        EXPECT_GT(range.high, 0.9F) << glitch;
        EXPECT_LT(range.high, 1.1F) << glitch;
        EXPECT_LE(range.low, -0.9F) << glitch;
        const Range mirrored = kl(with_glitches(-glitch));
        EXPECT_NEAR(mirrored.low, -range.high, 0.02F) << glitch;
    }
}

TEST(Kl, KeepsLargeValuesThatAreNotRare) {
    // One in a hundred is a thousand times larger: that is a distribution with a long tail, not a glitch.
    std::vector<float> values = with_glitches(0);
    for (std::size_t i = 0; i < values.size(); i += 100) values[i] *= 1000;
    EXPECT_GT(kl(values).high, 5.0F);
}

TEST(Mse, TriesThresholdsWhereTheMassIs) {
    // One value in a million, 10^4 times larger: to clip it is best, at a threshold far below a part of the extent.
    std::vector<float> values;
    for (int i = 0; i < 1000000; ++i) values.push_back(0.001F * std::sin(static_cast<float>(i)));
    values.push_back(0.3F);
    double least = std::numeric_limits<double>::infinity();
    for (float high = 0.0005F; high < 0.4F; high *= 1.15F) {
        least = std::min(least, squared_error(values, {std::max(-0.001F, -high), std::min(high, 0.3F)}));
    }
    const Range range = make_observer({Algorithm::mse})->range(statistics_of(values));
    EXPECT_LE(squared_error(values, range), 1.02 * least) << range.low << " to " << range.high;
}

TEST(Mse, FewOrEqualValuesKeepTheirRange) {
    const auto mse = [](const std::vector<float>& values) {
        return make_observer({Algorithm::mse})->range(statistics_of(values));
    };
    EXPECT_EQ(mse({}), (Range{0, 0}));
    EXPECT_EQ(mse({2.5F, 2.5F}), (Range{2.5F, 2.5F}));
    EXPECT_EQ(mse({-3e38F, 3e38F}).high, 3e38F);
}

TEST(Observers, TheAlgorithmsThatCodeNamesHaveOne) {
    EXPECT_EQ(observer_words(), (std::vector<std::string>{"minmax", "kl", "percentile", "mse"}));
    for (const Algorithm algorithm : observer_algorithms()) EXPECT_NE(make_observer({algorithm}), nullptr);
}

TEST(Observers, AWordWithoutAnObserverIsTold) {
    EXPECT_EQ(make_observer({Algorithm("entropy")}), nullptr);
    EXPECT_EQ(kAlgorithmWords.parse("entropy"), std::nullopt);
    EXPECT_EQ(kAlgorithmWords.parse("kl"), Algorithm::kl);
    EXPECT_EQ(kAlgorithmWords.allowed(), "minmax kl percentile mse");
}

}  // namespace
}  // namespace halftone
