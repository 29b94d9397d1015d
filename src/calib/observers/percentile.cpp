// percentile: keeps the share of the values that the rule names and clips the rest, half of it at each end. It is a cut
// by rank: the ends are quantiles of the finest bins that are kept, with a bin's values spread evenly over it. So they
// lie within 1/256 of the quantiles of the values themselves, however large the values are that are clipped.

#include <algorithm>
#include <cmath>

#include "calib/observer.hpp"

namespace halftone {
namespace {

constexpr double kRounding = 1e-6;  // samples

class Percentile final : public Observer {
public:
    explicit Percentile(double percent) : clipped_((100.0 - percent) / 200.0) {}

    Range range(const ValueStatistics& statistics) const override {
        if (statistics.min() == statistics.max()) return {statistics.min(), statistics.max()};
        const double low = quantile(statistics, clipped_);
        const double high = quantile(statistics, 1.0 - clipped_);
        const auto within = [&](double value) {
            return std::clamp(static_cast<float>(value), statistics.min(), statistics.max());
        };
        return {within(low), within(high)};
    }

private:
    /// The value at or below which `share` of the values lie (the inverse of the empirical distribution).
    static double quantile(const ValueStatistics& statistics, double share) {
        // A share like 0.9995 of a count is a whole number but for rounding.
        const double wanted = std::max(1.0, std::ceil(share * static_cast<double>(statistics.count()) - kRounding));
        if (wanted <= 1) return static_cast<double>(statistics.min());
        if (wanted >= static_cast<double>(statistics.count())) return static_cast<double>(statistics.max());
        double below = 0;
        for (const ValueStatistics::Bin& bin : statistics.used_bins()) {
            const auto count = static_cast<double>(bin.count);
            if (below + count >= wanted) return bin.low + (wanted - below) / count * (bin.high - bin.low);
            below += count;
        }
        return static_cast<double>(statistics.max());
    }

    double clipped_;  ///< share of the values at either end
};

}  // namespace

std::unique_ptr<Observer> make_percentile(const RangeRule& rule) {
    const float percent = rule.percentile > 0 ? rule.percentile : kDefaultPercentile;
    return std::make_unique<Percentile>(std::nearbyint(static_cast<double>(percent) * 1e4) / 1e4);  // as it was written
}

}  // namespace halftone
