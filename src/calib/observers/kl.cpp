// kl: clips at the threshold T whose quantized distribution Q is nearest to the values' distribution P, by the
// Kullback-Leibler divergence D(P || Q) = sum P log(P / Q). The result is [max(min, -T), min(max, T)].
//
// The histogram is [-T, T], or one side of it when all values have one sign. T goes through the multiples of
// kLevelsPerSide (kLevelsOneSided) bins, so that all levels of a candidate are equally wide, up to the first that
// contains every value. Q shares each level's count evenly among its bins that are not empty; what lies beyond T counts
// in the last level of its side and leaves its own bins empty. Each bin of P and Q gets kSmoothing of a sample, which
// prices a clipped sample at about log(1 / kSmoothing) instead of infinity. The smallest T with the least D wins.
//
// Zero has a code of its own under every T, but exact zeros (half of all values after a Relu) share their bin with
// small values: that bin counts as no more than its neighbour.
//
// Source: Migacz, "8-bit inference with TensorRT", GTC 2017, with these differences: P keeps its clipped tail, where
// TensorRT folds it into P's last bin (a spike there, as the background of normalised images, then hides any amount of
// clipping); and levels are of one width. 128 levels in all are ONNX Runtime's choice.

#include <algorithm>
#include <cmath>
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

/// Counts from 0 outwards, with running sums: number of samples and of used bins before each bin.
struct Side {
    explicit Side(std::vector<std::int64_t> counts) : samples{0}, used{0} {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            samples.push_back(samples.back() + counts[i]);
            used.push_back(used.back() + (counts[i] > 0 ? 1 : 0));
            if (counts[i] > 0) extent = i + 1;
        }
    }

    std::vector<std::int64_t> samples;
    std::vector<std::int64_t> used;
    std::size_t extent = 0;  ///< bins up to the outermost used one
};

std::vector<Side> sides_of(const ValueStatistics& statistics) {
    const auto bins = statistics.bins();
    const std::size_t centre = bins.size() / 2;
    std::vector<std::int64_t> positive(bins.begin() + static_cast<std::ptrdiff_t>(centre), bins.end());
    std::vector<std::int64_t> negative(bins.rend() - static_cast<std::ptrdiff_t>(centre), bins.rend());
    positive[0] = std::min(positive[0], std::max(positive[1], negative[0]));
    std::vector<Side> sides;
    if (statistics.max() > 0) sides.emplace_back(std::move(positive));
    if (statistics.min() < 0) sides.emplace_back(std::move(negative));
    return sides;
}

/// -sum P log Q over one side, with P and Q in samples: D(P || Q) but for terms that are the same for every threshold.
struct Cut {
    std::size_t threshold;  ///< in bins, a multiple of `levels`
    std::size_t levels;
};

double cross_entropy(const Side& side, const Cut& cut) {
    const std::size_t width = cut.threshold / cut.levels;
    const auto clipped = static_cast<double>(side.samples.back() - side.samples[cut.threshold]);
    double entropy = 0;
    for (std::size_t level = 0; level < cut.levels; ++level) {
        const std::size_t first = level * width;
        const auto samples = static_cast<double>(side.samples[first + width] - side.samples[first]);
        const auto used = static_cast<double>(side.used[first + width] - side.used[first]);
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
        const std::vector<Side> sides = sides_of(statistics);
        const std::size_t levels = sides.size() == 1 ? kLevelsOneSided : kLevelsPerSide;
        std::size_t extent = 0;
        for (const Side& side : sides) extent = std::max(extent, side.extent);

        std::size_t best = 0;
        double least = 0;
        for (std::size_t threshold = levels;; threshold += levels) {
            double divergence = 0;
            for (const Side& side : sides) divergence += cross_entropy(side, {threshold, levels});
            if (best == 0 || divergence < least) {
                best = threshold;
                least = divergence;
            }
            if (threshold >= extent) break;
        }
        const auto limit = static_cast<float>((static_cast<double>(best) + kHalfBin) * statistics.bin_width());
        return {std::max(statistics.min(), -limit), std::min(statistics.max(), limit)};
    }
};

}  // namespace

std::unique_ptr<Observer> make_kl(const RangeRule&) { return std::make_unique<KullbackLeibler>(); }

}  // namespace halftone
