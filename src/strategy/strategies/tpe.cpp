// tpe: tree-structured Parzen estimator over every option, high precision included; accuracy and latency in one loss.
// Source: Bergstra et al. 2011 (parzen.hpp) for the method; LPOT 1.5, strategy "tpe", for the loss and the defaults.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/parzen.hpp"
#include "strategy/strategies.hpp"
#include "strategy/subspace.hpp"

namespace halftone {
namespace {

struct TpeSettings {
    double gamma = 0.3;            ///< share of the trials that count as good
    std::int64_t startup = 10;     ///< random candidates before the first estimate
    std::int64_t candidates = 24;  ///< drawn from the good ones' density, of which the best ratio is asked for
    double prior_weight = 1;
};

constexpr std::uint64_t kTpePurpose = 0x747065;  // a stream of its own

/// LPOT's loss, lower is better:
///   a = exp(accuracy loss), scaled to 0 … 10 between an accuracy loss of 0 and of 0.01
///   l = 10 (1 - log2(speed-up)): 10 at fp32's speed, 0 at twice that
///   loss = accuracy_weight a [the goal is missed] + latency_weight l + 80 [the goal is missed]
/// where the accuracy loss is a share of the baseline and the speed-up comes from the latency table. If both weights
/// are 0, the accuracy's is 1.
class Loss {
public:
    explicit Loss(const StrategyContext& context)
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
            fp32_ms_ += fp32 < 0 ? *std::max_element(row.begin(), row.end()) : row[static_cast<std::size_t>(fp32)];
        }
    }

    /// Infinite for a failed trial or a NaN.
    [[nodiscard]] double of(const Candidate& candidate, const Outcome& outcome) const {
        const auto* score = std::get_if<Score>(&outcome);
        if (score == nullptr || std::isnan(score->accuracy)) return std::numeric_limits<double>::infinity();
        const double lost = goal_.higher_is_better() ? baseline_ - score->accuracy : score->accuracy - baseline_;
        const double share = baseline_ != 0 ? lost / std::abs(baseline_) : lost;
        const double ms = table_.predict_ms(space_, candidate);
        const double speed_up = ms > 0 && fp32_ms_ > 0 ? fp32_ms_ / ms : 1;
        const double latency = kSpan * (1 - std::log2(speed_up));
        if (goal_.is_met(score->accuracy)) return latency_weight_ * latency;
        const double accuracy = kSpan * std::expm1(std::min(share, 1.0)) / std::expm1(0.01);
        return accuracy_weight_ * accuracy + latency_weight_ * latency + kPenalty;
    }

private:
    static constexpr double kSpan = 10;
    static constexpr double kPenalty = 80;
    const SearchSpace& space_;
    Goal goal_;
    double baseline_;
    double accuracy_weight_;
    double latency_weight_;
    LatencyTable table_;
    double fp32_ms_ = 0;
};

class TpeStrategy final : public Strategy {
public:
    TpeStrategy(const StrategyContext& context, const TpeSettings& settings)
        : settings_(settings),
          subspace_(context.space, Subspace::Options::all),
          loss_(context),
          random_(mix(context.seed, kTpePurpose)),
          batch_(context.batch) {}

    [[nodiscard]] Ask ask() override {
        if (is_done_) return Ask::done();
        const std::int64_t asked = history_.asked();
        if (asked == 0) return propose(Point(subspace_.dimensions(), 0), "startup");
        if (asked < settings_.startup) return propose_or_end(subspace_.draw_new(random_, history_), "startup");
        if ((asked - settings_.startup) % batch_ == 0) {  // a batch is drawn from all outcomes before it
            if (history_.told() < asked) return Ask::wait();
            estimate();
        }
        return propose_or_end(suggest(), "tpe");
    }

    void tell(TrialId trial, const Outcome& outcome) override {
        history_.add_told(trial, outcome);
        losses_.push_back(loss_.of(history_.candidate(trial), outcome));
    }

private:
    [[nodiscard]] Ask propose_or_end(std::optional<Point> point, const char* stage) {
        if (point) return propose(*std::move(point), stage);
        is_done_ = true;
        return Ask::done();
    }

    [[nodiscard]] Ask propose(Point point, const char* stage) {
        Candidate candidate = subspace_.candidate(point);
        history_.add_asked(candidate);
        points_.push_back(std::move(point));
        return Ask::of(std::move(candidate), stage);
    }

    /// Splits the trials at the quantile gamma of their losses; ties stay in trial order.
    void estimate() {
        std::vector<std::size_t> order(losses_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return losses_[a] < losses_[b]; });
        const auto good = static_cast<std::size_t>(std::ceil(settings_.gamma * static_cast<double>(order.size())));
        std::vector<std::size_t> places;
        for (std::size_t d = 0; d < subspace_.dimensions(); ++d) places.push_back(subspace_.places(d));
        good_.emplace(places, settings_.prior_weight);
        bad_.emplace(places, settings_.prior_weight);
        for (std::size_t i = 0; i < order.size(); ++i) (i < good ? *good_ : *bad_).add(points_[order[i]]);
    }

    /// Of some points drawn from the good density, the new one with the greatest ratio of good to bad.
    [[nodiscard]] std::optional<Point> suggest() {
        std::optional<Point> best;
        double highest = 0;
        for (std::int64_t i = 0; i < settings_.candidates; ++i) {
            Point point = good_->sample(random_);
            const double ratio = good_->log_density(point) - bad_->log_density(point);
            if (best && ratio <= highest) continue;
            if (history_.was_asked(subspace_.candidate(point))) continue;
            highest = ratio;
            best = std::move(point);
        }
        return best ? best : subspace_.draw_new(random_, history_);
    }

    TpeSettings settings_;
    Subspace subspace_;
    Loss loss_;
    Rng random_;
    std::int64_t batch_;
    History history_;
    std::vector<Point> points_;   ///< by trial
    std::vector<double> losses_;  ///< by told trial
    std::optional<Parzen> good_, bad_;
    bool is_done_ = false;
};

double positive(Reader& reader, const char* key, double fallback, double highest) {
    const double value = reader.number(key, fallback);
    if (value > 0 && value <= highest) return value;
    fail_at(*reader.child(key), "must be > 0 and at most " + float_text(highest));
}

}  // namespace

std::unique_ptr<Strategy> make_tpe(const StrategyContext& context) {
    Reader reader(context.settings);
    TpeSettings settings;
    settings.gamma = positive(reader, "gamma", settings.gamma, 1);
    settings.startup = reader.integer("startup", settings.startup, 1, 100'000);
    settings.candidates = reader.integer("candidates", settings.candidates, 1, 100'000);
    settings.prior_weight = positive(reader, "prior_weight", settings.prior_weight, 1e6);
    reader.finish();
    return std::make_unique<TpeStrategy>(context, settings);
}

}  // namespace halftone
