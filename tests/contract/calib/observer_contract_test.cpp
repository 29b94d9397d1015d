// What every registered observer promises: a range that can be quantized, whatever the values were, and that depends on
// the values alone.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.hpp"
#include "calib/observer.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using Values = std::vector<float>;

ValueStatistics statistics_of(const Values& values) {
    ValueStatistics statistics;
    statistics.observe(values);
    return statistics;
}

/// Values of several kinds; each vector is one tensor's.
std::vector<Values> many_values() {
    Rng rng(5);
    Values uniform, bell, relu, outlier, narrow;
    for (int i = 0; i < 2000; ++i) {
        const double u = rng.uniform(-1, 1);
        double sum = 0;
        for (int j = 0; j < 12; ++j) sum += rng.uniform(-0.5, 0.5);
        uniform.push_back(static_cast<float>(u));
        bell.push_back(static_cast<float>(sum));
        relu.push_back(std::max(static_cast<float>(sum), 0.0F));
        outlier.push_back(static_cast<float>(i == 7 ? -1000 : u));
        narrow.push_back(static_cast<float>(10 + 0.01 * u));
    }
    Values negative = narrow;
    for (float& value : negative) value = -value;
    const float largest = std::numeric_limits<float>::max();
    const float smallest = std::numeric_limits<float>::denorm_min();
    return {uniform,       bell,        relu,     outlier, narrow, negative, {-largest, 0, largest},
            {0, smallest}, {-3, -3, 2}, {0, 0, 1}};
}

class EveryObserver : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] Range range_of(const ValueStatistics& statistics) const { return observer_->range(statistics); }
    [[nodiscard]] Range range_of(const Values& values) const { return range_of(statistics_of(values)); }

    std::unique_ptr<Observer> observer_ = make_observer({Algorithm(GetParam())});
};

TEST_P(EveryObserver, ChoosesARangeWithinWhatWasSeen) {
    for (const Values& values : many_values()) {
        const ValueStatistics seen = statistics_of(values);
        const Range range = range_of(seen);
        EXPECT_LE(range.low, range.high) << "of values in [" << seen.min() << ", " << seen.max() << "]";
        EXPECT_GE(range.low, std::min(seen.min(), 0.0F));
        EXPECT_LE(range.high, std::max(seen.max(), 0.0F));
        for (const DType dtype : {DType::u8, DType::s8}) {
            EXPECT_NO_THROW((void)activation_params(range, dtype, Scheme::asym));
        }
    }
}

TEST_P(EveryObserver, MergedStatisticsGiveTheRangeOfTheWhole) {
    for (const Values& values : many_values()) {
        ValueStatistics merged;
        for (std::size_t first = 0; first < values.size(); first += 317) {
            const std::size_t last = std::min(first + 317, values.size());
            const auto at = [&](std::size_t i) { return values.begin() + static_cast<std::ptrdiff_t>(i); };
            merged.merge(statistics_of(Values(at(first), at(last))));
        }
        EXPECT_EQ(range_of(merged), range_of(values));
    }
}

TEST_P(EveryObserver, NothingSeenIsTheRangeOfZero) { EXPECT_EQ(range_of(Values{}), (Range{0, 0})); }

TEST_P(EveryObserver, AConstantIsItsOwnRange) {
    for (const float constant : {0.0F, 2.5F, -7.0F, 1e-30F, -1e30F}) {
        EXPECT_EQ(range_of(Values(100, constant)), (Range{constant, constant}));
    }
}

TEST_P(EveryObserver, ValuesThatAreNotFiniteChangeNothing) {
    const float infinity = std::numeric_limits<float>::infinity();
    const Values finite{-1, 0.5F, 2, 2};
    Values all = finite;
    all.insert(all.end(), {std::nanf(""), infinity, -infinity});
    EXPECT_EQ(range_of(all), range_of(finite));
    EXPECT_EQ(range_of(Values{std::nanf(""), infinity}), (Range{0, 0}));
}

INSTANTIATE_TEST_SUITE_P(Observers, EveryObserver, ::testing::ValuesIn(observer_words()),
                         [](const auto& word) { return word.param; });

}  // namespace
}  // namespace halftone
