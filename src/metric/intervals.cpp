// Intervals of one share (Wilson) and of paired differences: of shares (Bonett and Price), of means (Student).
//
// Why paired: the loss is a difference of two means over the same samples. What is hard for one model is mostly hard
// for the other, so the deviation of the differences is far smaller than that of either model's answers.
#include "metric/intervals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.hpp"

namespace halftone {
namespace {

constexpr double kZ95 = 1.959964;  // 97.5 % quantile of N(0, 1)

/// Returns the 97.5 % quantile of Student's distribution. Source: the first values are tables'; the rest is the
/// expansion of Cornish and Fisher in 1 / freedom (Abramowitz and Stegun 26.7.5), right to 0.001 from 5 on.
double student95(std::int64_t freedom) {
    constexpr std::array<double, 4> kFirst{12.7062, 4.30265, 3.18245, 2.77645};
    if (freedom <= 4) return kFirst[static_cast<std::size_t>(freedom - 1)];
    const double z = kZ95;
    const double z3 = z * z * z;
    const double z5 = z3 * z * z;
    const double z7 = z5 * z * z;
    const double z9 = z7 * z * z;
    const auto n = static_cast<double>(freedom);
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n) +
           (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * n * n * n * n);
}

}  // namespace

Interval wilson95(std::int64_t correct, std::int64_t samples) {
    // The counts may come from a journal that somebody edited, so they are input and not our own.
    if (samples <= 0 || correct < 0 || correct > samples) {
        throw DataError("no share of samples: " + std::to_string(correct) + " correct of " + std::to_string(samples));
    }
    // The names follow the paper: a share that is drawn towards 1/2, the less the more samples there are.
    const auto n = static_cast<double>(samples);
    const double share = static_cast<double>(correct) / n;
    const double shrink = 1 / (1 + kZ95 * kZ95 / n);
    const double centre = shrink * (share + kZ95 * kZ95 / (2 * n));
    const double half_width = shrink * kZ95 * std::sqrt(share * (1 - share) / n + kZ95 * kZ95 / (4 * n * n));
    // At its ends the interval reaches 0 and 1 exactly; the formula only does so up to rounding.
    return {correct == 0 ? 0.0 : centre - half_width, correct == samples ? 1.0 : centre + half_width};
}

void PairedDifferences::add(double baseline, double candidate) {
    const auto is_share = [](double value) { return value == 0 || value == 1; };
    // One number that is neither 0 nor 1 makes all of it a mean: the counts alone would say too little.
    are_shares_ = are_shares_ && is_share(baseline) && is_share(candidate);
    const double difference = baseline - candidate;
    if (difference > 0) ++lost_;
    if (difference < 0) ++gained_;
    sum_.add(difference);
    sum_of_squares_.add(difference * difference);
    ++samples_;
}

Interval PairedDifferences::interval95() const {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    if (samples_ < 2) return {kNaN, kNaN};
    return are_shares_ ? of_shares() : of_means();
}

// One half is added to each of the four cells of the table, as for Wald intervals of one share. Without it two models
// that agree on all samples would have an interval of width 0, as if the next sample could not differ.
Interval PairedDifferences::of_shares() const {
    const double n = static_cast<double>(samples_) + 2;
    const double lost = (static_cast<double>(lost_) + 1) / n;
    const double gained = (static_cast<double>(gained_) + 1) / n;
    const double difference = lost - gained;
    const double half_width = kZ95 * std::sqrt((lost + gained - difference * difference) / n);
    return {std::max(difference - half_width, -1.0), std::min(difference + half_width, 1.0)};
}

Interval PairedDifferences::of_means() const {
    const auto n = static_cast<double>(samples_);
    const double mean = sum_.value() / n;
    // The sums are exact, so the subtraction loses digits only where the mean is far larger than the deviation.
    const double variance = std::max(sum_of_squares_.value() - n * mean * mean, 0.0) / (n - 1);
    const double half_width = student95(samples_ - 1) * std::sqrt(variance / n);
    // An infinite difference makes the mean infinite and the variance NaN: then nothing can be said.
    return {mean - half_width, mean + half_width};
}

}  // namespace halftone
