// tpe: tree-structured Parzen estimator over every option, high precision included; accuracy and latency in one loss.
// TpeLoss makes one number of an outcome; make_model splits the trials into good and bad ones and estimates the density
// of each; suggest draws from the good density. The frame of startup and batches is BatchedSearch.
// Source: Bergstra et al. 2011 (parzen.hpp) for the method; LPOT 1.5, strategy "tpe", for the loss and the defaults.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/batched_search.hpp"
#include "strategy/parzen.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

struct TpeSettings {
    double gamma = 0.3;            ///< share of the trials that count as good
    std::int64_t startup = 10;     ///< random candidates before the first estimate
    std::int64_t candidates = 24;  ///< drawn from the good ones' density, of which the best ratio is asked for
    double prior_weight = 1;
};

/// LPOT's loss, lower is better:
///   a = exp(accuracy loss), scaled to 0 … 10 between an accuracy loss of 0 and of 0.01
///   l = 10 (1 - log2(speed-up)): 10 at fp32's speed, 0 at twice that
///   loss = accuracy_weight a [the goal is missed] + latency_weight l + 80 [the goal is missed]
/// where the accuracy loss is a share of the baseline and the speed-up comes from the latency table. If both weights
/// are 0, the accuracy's is 1.
class TpeLoss {
public:
    explicit TpeLoss(const StrategyContext& context)
        : space_(context.space),
          goal_(context.goal),
          baseline_(context.baseline),
          accuracy_weight_(context.accuracy_weight),
          latency_weight_(context.latency_weight),
          table_(context.latency ? context.latency() : assumed_latency(context.space)) {
        if (accuracy_weight_ == 0 && latency_weight_ == 0) accuracy_weight_ = 1;
        fp32_ms_ = table_.rest_ms;
        for (std::size_t u = 0; u < space_.decisions().size(); ++u) {
            const int fp32 = space_.decisions()[u].find_high_precision(DType::f32);
            const auto& row = table_.unit_ms[u];
            // A unit that does not offer fp32 counts with its slowest option, the nearest thing to it.
            fp32_ms_ += fp32 < 0 ? *std::max_element(row.begin(), row.end()) : row[static_cast<std::size_t>(fp32)];
        }
    }

    /// Returns infinity for a failed trial or an accuracy that is NaN.
    [[nodiscard]] double loss(const Candidate& candidate, const Outcome& outcome) const {
        const auto* score = std::get_if<Score>(&outcome);
        if (score == nullptr || std::isnan(score->accuracy)) return std::numeric_limits<double>::infinity();
        const double lost = goal_.higher_is_better() ? baseline_ - score->accuracy : score->accuracy - baseline_;
        const double share = baseline_ != 0 ? lost / std::abs(baseline_) : lost;
        const double ms = table_.predict_ms(space_, candidate);
        const double speed_up = ms > 0 && fp32_ms_ > 0 ? fp32_ms_ / ms : 1;
        const double latency = kSpan * (1 - std::log2(speed_up));
        if (goal_.is_met(Outcome(*score))) return latency_weight_ * latency;
        const double accuracy = kSpan * std::expm1(std::min(share, 1.0)) / std::expm1(0.01);
        return accuracy_weight_ * accuracy + latency_weight_ * latency + kPenalty;
    }

private:
    static constexpr double kSpan = 10;     // both parts go from 0 to 10 where they are usual
    static constexpr double kPenalty = 80;  // keeps every miss behind every candidate that meets the goal
    const SearchSpace& space_;
    Goal goal_;
    double baseline_;
    double accuracy_weight_;
    double latency_weight_;
    LatencyTable table_;
    double fp32_ms_ = 0;
};

class TpeStrategy final : public BatchedSearch {
public:
    TpeStrategy(const StrategyContext& context, const TpeSettings& settings)
        : BatchedSearch(context, Subspace::Options::all,
                        {.startup = settings.startup, .batch = context.batch, .stage = "tpe", .stream = 0x747065}),
          settings_(settings),
          loss_(context) {}

private:
    void learn(const Point& point, const Candidate& candidate, const Outcome& outcome) override {
        points_.push_back(point);
        losses_.push_back(loss_.loss(candidate, outcome));
    }

    /// Splits the trials at the quantile gamma of their losses; ties stay in trial order.
    [[nodiscard]] bool make_model() override {
        std::vector<std::size_t> order(losses_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return losses_[a] < losses_[b]; });
        const auto good = static_cast<std::size_t>(std::ceil(settings_.gamma * static_cast<double>(order.size())));
        std::vector<std::size_t> places;
        for (std::size_t d = 0; d < subspace().dimensions(); ++d) places.push_back(subspace().places(d));
        good_.emplace(places, settings_.prior_weight);
        bad_.emplace(places, settings_.prior_weight);
        for (std::size_t i = 0; i < order.size(); ++i) (i < good ? *good_ : *bad_).add(points_[order[i]]);
        return true;
    }

    // The expected improvement of a point grows with the ratio good(x) / bad(x), so the point with the greatest ratio
    // is next (Bergstra et al. 2011, eq. 4). Points are drawn from the good density, because that is where the ratio is
    // large. As logarithms: products of many small probabilities would become 0.
    [[nodiscard]] std::optional<Point> suggest() override {
        std::optional<Point> best;
        double highest = 0;
        for (std::int64_t i = 0; i < settings_.candidates; ++i) {
            Point point = good_->sample(random());
            const double ratio = good_->log_density(point) - bad_->log_density(point);
            if (best && ratio <= highest) continue;
            if (was_asked(point)) continue;
            highest = ratio;
            best = std::move(point);
        }
        return best ? best : draw_new();
    }

    TpeSettings settings_;
    TpeLoss loss_;
    std::vector<Point> points_;   ///< by told trial
    std::vector<double> losses_;  ///< theirs
    std::optional<Parzen> good_, bad_;
};

double read_positive(Reader& reader, const char* key, double fallback, double highest) {
    const double value = reader.number(key, fallback);
    if (value > 0 && value <= highest) return value;
    fail_at(*reader.child(key), "must be > 0 and at most " + float_text(highest));
}

}  // namespace

std::unique_ptr<Strategy> make_tpe(const StrategyContext& context) {
    Reader reader(context.settings);
    TpeSettings settings;
    settings.gamma = read_positive(reader, "gamma", settings.gamma, 1);
    settings.startup = reader.integer("startup", settings.startup, 1, 100'000);
    settings.candidates = reader.integer("candidates", settings.candidates, 1, 100'000);
    settings.prior_weight = read_positive(reader, "prior_weight", settings.prior_weight, 1e6);
    reader.finish();
    return std::make_unique<TpeStrategy>(context, settings);
}

}  // namespace halftone
