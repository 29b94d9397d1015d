// kl: clips at the threshold T whose quantized distribution Q is nearest to the values' distribution P, by the
// Kullback-Leibler divergence D(P || Q) = sum P log(P / Q). The result is [max(min, -T), min(max, T)].
//
// The histogram is [-T, T], or one side of it when all values have one sign. T goes through the multiples of
// kLevelsPerSide (kLevelsOneSided) bins, so that all levels of a candidate are equally wide, up to the first that
// contains every value. Q shares each level's count evenly among its bins that are not empty; what lies beyond T counts
// in the last level of its side and leaves its own bins empty. Each bin of P and Q gets kSmoothing of a sample, which
// prices a clipped sample at about log(1 / kSmoothing) instead of infinity. The smallest T with the least D wins.
//
// The histogram ends where the mass does: what lies far outside (choose_histogram) counts as clipped by every
// candidate. Else a single huge value would make all bins, and with them the thresholds, as wide as the whole
// distribution.
//
// Zero has a code of its own under every T, but exact zeros (half of all values after a Relu) share their bin with
// small values: that bin counts as no more than its neighbour.
//
// Source: Migacz, "8-bit inference with TensorRT", GTC 2017, with these differences: P keeps its clipped tail, where
// TensorRT folds it into P's last bin (a spike there, as the background of normalised images, then hides any amount of
// clipping); and levels are of one width. 128 levels in all are ONNX Runtime's choice.

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "calib/observer.hpp"

namespace halftone {
namespace {

constexpr std::size_t kLevelsPerSide = 64;
constexpr std::size_t kLevelsOneSided = 128;
constexpr double kSmoothing = 1e-4;  // samples a bin
// T is reported in the middle of the bin after the last, as TensorRT does. Ranges on bin edges would be multiples of
// powers of two, whose ratios make a residual Add hit exact rounding ties all the time: runtimes that add the zero
// point before rounding then disagree with the file's meaning (measured: 0.3 % of Fashion-MNIST's predictions).
constexpr double kHalfBin = 0.5;
static_assert(ValueStatistics::kBins / 2 % kLevelsOneSided == 0, "the widest candidate covers the histogram");
// At most one value in kRareOne may lie outside the histogram. Clipping so few costs less (9.2 nats for each sample)
// than representing the others with a few of the levels does.
constexpr std::int64_t kRareOne = 2000;
// Only limits so much smaller count: above, the levels are narrow enough for the mass, and every value may stay.
constexpr double kFarBelow = 1.0 / 32;

/// Magnitudes that are no zeros: below is the smallest edge of the statistics' bins.
constexpr double kNoZero = 0x1p-78;
constexpr double kLeastLimit = 0x1p-64;

/// Returns the histogram in which thresholds are looked for: of all values, or of those below a limit beyond which
/// rare ones lie far away. Exact zeros say nothing about where the mass is.
UniformHistogram choose_histogram(const ValueStatistics& statistics) {
    // Values by the power of two above their magnitude.
    std::map<double, std::int64_t> counts;
    std::int64_t total = 0;
    for (const ValueStatistics::Bin& bin : statistics.used_bins()) {
        const double magnitude = std::max(std::abs(bin.low), std::abs(bin.high));
        if (magnitude <= kNoZero) continue;
        int exponent = 0;
        // A magnitude is the bin's outer edge: a power of two when the bin is the last of its octave.
        if (std::frexp(magnitude, &exponent) == 0.5) --exponent;
        counts[std::ldexp(1.0, exponent)] += bin.count;
        total += bin.count;
    }
    double limit = statistics.limit();
    std::int64_t outside = 0;
    for (auto octave = counts.rbegin(); octave != counts.rend(); ++octave) {
        limit = octave->first;
        outside += octave->second;
        if (outside * kRareOne > total) break;
    }
    limit = std::max(limit, kLeastLimit);
    return statistics.histogram_within(limit <= statistics.limit() * kFarBelow ? limit : statistics.limit());
}

/// Counts from 0 outwards, with running sums: number of samples and of used bins before each bin.
struct Side {
    Side(std::vector<std::int64_t> counts, std::int64_t outside) : samples{0}, used{0} {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            samples.push_back(samples.back() + counts[i]);
            used.push_back(used.back() + (counts[i] > 0 ? 1 : 0));
            if (counts[i] > 0) extent = i + 1;
        }
        total = samples.back() + outside;
        if (outside > 0) extent = counts.size();
    }

    std::vector<std::int64_t> samples;
    std::vector<std::int64_t> used;
    std::int64_t total = 0;  ///< also those outside the histogram
    std::size_t extent = 0;  ///< bins up to the outermost used one
};

std::vector<Side> sides_of(const ValueStatistics& statistics, const UniformHistogram& histogram) {
    const auto& bins = histogram.bins;
    const std::size_t centre = bins.size() / 2;
    std::vector<std::int64_t> positive(bins.begin() + static_cast<std::ptrdiff_t>(centre), bins.end());
    std::vector<std::int64_t> negative(bins.rend() - static_cast<std::ptrdiff_t>(centre), bins.rend());
    positive[0] = std::min(positive[0], std::max(positive[1], negative[0]));
    std::vector<Side> sides;
    if (statistics.max() > 0) sides.emplace_back(std::move(positive), histogram.above);
    if (statistics.min() < 0) sides.emplace_back(std::move(negative), histogram.below);
    return sides;
}

struct Cut {
    std::size_t threshold;  ///< in bins
    std::size_t levels;
};

/// A running sum at the lower edge of a level. Levels of a coarse histogram may begin within a bin, whose samples are
/// then shared out evenly.
double sum_at_level(const std::vector<std::int64_t>& sums, const Cut& cut, std::size_t level) {
    const std::size_t bin = cut.threshold * level / cut.levels;
    const std::size_t rest = cut.threshold * level % cut.levels;
    const auto sum = static_cast<double>(sums[bin]);
    if (rest == 0) return sum;
    return sum +
           static_cast<double>(sums[bin + 1] - sums[bin]) * static_cast<double>(rest) / static_cast<double>(cut.levels);
}

/// -sum P log Q over one side, with P and Q in samples: D(P || Q) but for terms that are the same for every threshold.
double cross_entropy(const Side& side, const Cut& cut) {
    const auto clipped = static_cast<double>(side.total - side.samples[cut.threshold]);
    double entropy = 0;
    for (std::size_t level = 0; level < cut.levels; ++level) {
        const double samples = sum_at_level(side.samples, cut, level + 1) - sum_at_level(side.samples, cut, level);
        const double used = sum_at_level(side.used, cut, level + 1) - sum_at_level(side.used, cut, level);
        const bool is_last = level + 1 == cut.levels;
        // A last level without samples of its own shows what is clipped in one of its bins.
        const double filled = is_last && clipped > 0 ? std::max(used, 1.0) : used;
        if (filled == 0) continue;
        const double shown = (samples + (is_last ? clipped : 0)) / filled + kSmoothing;
        entropy -= (samples + filled * kSmoothing) * std::log(shown / kSmoothing);
    }
    // Bins where Q is empty hold kSmoothing: log(Q / kSmoothing) is 0 there, and sum P log(kSmoothing) is constant.
    return entropy;
}

class KullbackLeibler final : public Observer {
public:
    Range range(const ValueStatistics& statistics) const override {
        if (statistics.min() == statistics.max()) return {statistics.min(), statistics.max()};
        const UniformHistogram histogram = choose_histogram(statistics);
        const std::vector<Side> sides = sides_of(statistics, histogram);
        const std::size_t levels = sides.size() == 1 ? kLevelsOneSided : kLevelsPerSide;
        // A coarser histogram has as many thresholds as a fine one.
        const std::size_t stride = std::max<std::size_t>(1, levels * histogram.bins.size() / ValueStatistics::kBins);
        std::size_t extent = 0;
        for (const Side& side : sides) extent = std::max(extent, side.extent);

        std::size_t best = 0;
        double least = 0;
        for (std::size_t threshold = levels;; threshold += stride) {
            double divergence = 0;
            for (const Side& side : sides) divergence += cross_entropy(side, {threshold, levels});
            if (best == 0 || divergence < least) {
                best = threshold;
                least = divergence;
            }
            if (threshold >= extent) break;
        }
        const auto limit = static_cast<float>((static_cast<double>(best) + kHalfBin) * histogram.bin_width);
        return {std::max(statistics.min(), -limit), std::min(statistics.max(), limit)};
    }
};

}  // namespace

std::unique_ptr<Observer> make_kl(const RangeRule&) { return std::make_unique<KullbackLeibler>(); }

}  // namespace halftone
