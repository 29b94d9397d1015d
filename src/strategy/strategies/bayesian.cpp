// bayesian: a Gaussian process over the options predicts what was not tried; the candidate that promises most is next.
// Source: LPOT 1.5, strategy "bayesian", for the idea and its defaults; README.md says what differs.

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/gp/gaussian_process.hpp"
#include "strategy/strategies.hpp"
#include "strategy/subspace.hpp"

namespace halftone {
namespace {

enum class Acquisition { ei, ucb };
constexpr EnumNames<Acquisition, 2> kAcquisitionNames{{{{Acquisition::ei, "ei"}, {Acquisition::ucb, "ucb"}}}};

struct BayesianSettings {
    Acquisition acquisition = Acquisition::ei;
    double kappa = 2.576;      ///< of ucb: mean + kappa * deviation; LPOT's value
    double xi = 0;             ///< of ei: improvement that counts, in deviations of the targets
    std::int64_t startup = 0;  ///< random candidates before the first model; 0: a batch
    bool fallback = false;     ///< high precision is searched too, and latency counts
};

/// Observations that a model is made from: so many of the best, and of the latest. More would cost n^3.
constexpr std::size_t kBestKept = 96;
constexpr std::size_t kLatestKept = 96;
constexpr std::size_t kMostFitted = 128;    // of them, for the parameters
constexpr long double kMostScanned = 4096;  // spaces up to this size are looked at point by point
constexpr int kClimbs = 3;                  // local searches in larger ones: from the two best and a drawn point
constexpr int kMostSteps = 16;              // of a climb
constexpr std::uint64_t kBayesianPurpose = 0x6261796573;  // a stream of its own

/// A candidate's value to be maximised; README.md, "bayesian", has the formula.
class Target {
public:
    Target(const StrategyContext& context, bool weighs_latency) : goal_(context.goal), baseline_(context.baseline) {
        if (!weighs_latency) return;
        table_ = context.latency ? context.latency() : assumed_latency(context.space);
        space_ = &context.space;
        for (const auto& row : table_->unit_ms) slowest_ += *std::max_element(row.begin(), row.end());
        slowest_ += table_->rest_ms;
    }

    /// Nothing for a failed trial or a NaN.
    [[nodiscard]] std::optional<double> of(const Candidate& candidate, const Outcome& outcome) const {
        const auto* score = std::get_if<Score>(&outcome);
        if (score == nullptr || std::isnan(score->accuracy)) return std::nullopt;
        if (!table_) return goal_.higher_is_better() ? score->accuracy : -score->accuracy;
        if (goal_.is_met(score->accuracy)) return std::max(-1.0, -table_->predict_ms(*space_, candidate) / slowest_);
        const double gap = goal_.gap(score->accuracy);
        const double scale = std::max(std::abs(baseline_ - goal_.target()), 1e-3 * std::abs(baseline_));
        return -1 - (scale > 0 ? gap / (gap + scale) : 1);
    }

private:
    Goal goal_;
    double baseline_;
    std::optional<LatencyTable> table_;
    const SearchSpace* space_ = nullptr;
    double slowest_ = 0;
};

/// The surrogate: a process over standardised targets.
class Surrogate {
public:
    Surrogate(std::vector<Point> points, std::vector<double> values, const GpParameters& parameters,
              const BayesianSettings& settings)
        : settings_(settings),
          best_(*std::max_element(values.begin(), values.end())),
          process_(std::move(points), std::move(values), parameters) {}

    /// How much each point promises.
    [[nodiscard]] std::vector<double> promise(const std::vector<Point>& points) const {
        std::vector<double> promises;
        for (const auto& [mean, variance] : process_.predict(points)) promises.push_back(promise(mean, variance));
        return promises;
    }
    [[nodiscard]] double mean(const Point& point) const { return process_.predict({&point, 1}).front().mean; }

private:
    /// Expected improvement: Jones, Schonlau, Welch, Efficient Global Optimization (1998), eq. 15.
    [[nodiscard]] double promise(double mean, double variance) const {
        const double deviation = std::sqrt(variance);
        if (settings_.acquisition == Acquisition::ucb) return mean + settings_.kappa * deviation;
        const double gain = mean - best_ - settings_.xi;
        if (deviation <= 0) return std::max(gain, 0.0);
        const double z = gain / deviation;
        const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
        const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
        return gain * below + deviation * density;
    }

    BayesianSettings settings_;
    double best_;
    GaussianProcess process_;
};

class BayesianStrategy final : public Strategy {
public:
    BayesianStrategy(const StrategyContext& context, const BayesianSettings& settings)
        : settings_(settings),
          subspace_(context.space, settings.fallback ? Subspace::Options::all : Subspace::Options::quantized),
          target_(context, settings.fallback),
          random_(mix(context.seed, kBayesianPurpose)),
          batch_(context.batch) {
        if (settings_.startup == 0) settings_.startup = batch_;
    }

    [[nodiscard]] Ask ask() override {
        if (is_done_) return Ask::done();
        const std::int64_t asked = history_.asked();
        if (asked == 0) return propose(Point(subspace_.dimensions(), 0), "startup");
        if (asked < settings_.startup) return propose_or_end(subspace_.draw_new(random_, history_), "startup");
        // Batches begin at startup, startup + batch, …; each is made from all outcomes before it.
        const bool begins_batch = (asked - settings_.startup) % batch_ == 0;
        if (begins_batch && history_.told() < asked) return Ask::wait();
        if (begins_batch) begin_batch();
        // Nothing that is told within a batch is looked at before the next one.
        if (model_points_.empty()) return propose_or_end(subspace_.draw_new(random_, history_), "startup");
        return propose_or_end(most_promising(), "bayesian");
    }

    void tell(TrialId trial, const Outcome& outcome) override {
        history_.add_told(trial, outcome);
        const auto value = target_.of(history_.candidate(trial), outcome);
        if (value) worst_ = std::min(worst_.value_or(*value), *value);
        told_.emplace_back(points_[trial.index()], value);
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

    /// Told trials that the model is made from: all, or the best and the latest.
    [[nodiscard]] std::vector<std::size_t> chosen(std::size_t count) const {
        std::vector<std::size_t> all(count);
        for (std::size_t i = 0; i < count; ++i) all[i] = i;
        if (count <= kBestKept + kLatestKept) return all;
        std::vector<std::size_t> best(all.begin(), all.end() - kLatestKept);
        std::stable_sort(best.begin(), best.end(), [&](auto a, auto b) { return value_of(a) > value_of(b); });
        best.resize(kBestKept);
        best.insert(best.end(), all.end() - kLatestKept, all.end());
        std::sort(best.begin(), best.end());
        return best;
    }

    /// A failed trial counts as the worst seen.
    [[nodiscard]] double value_of(std::size_t told) const { return told_[told].second.value_or(*worst_); }

    void begin_batch() {
        believed_.clear();
        if (worst_) take_observations();
    }

    [[nodiscard]] std::optional<Point> most_promising() {
        std::vector<Point> points = model_points_;
        std::vector<double> values = model_values_;
        for (const auto& [point, value] : believed_) {
            points.push_back(point);
            values.push_back(value);
        }
        const Surrogate surrogate(std::move(points), std::move(values), parameters_, settings_);
        std::optional<Point> found = subspace_.size() <= kMostScanned ? scan(surrogate) : climb(surrogate);
        if (!found) found = subspace_.draw_new(random_, history_);
        // What is asked in the same batch is taken to turn out as the model says ("kriging believer").
        if (found) believed_.emplace_back(*found, surrogate.mean(*found));
        return found;
    }

    void take_observations() {
        model_points_.clear();
        model_values_.clear();
        const std::vector<std::size_t> kept = chosen(told_.size());
        double mean = 0;
        for (const std::size_t t : kept) mean += value_of(t) / static_cast<double>(kept.size());
        double variance = 0;
        for (const std::size_t t : kept) {
            variance += (value_of(t) - mean) * (value_of(t) - mean) / static_cast<double>(kept.size());
        }
        const double deviation = variance > 0 ? std::sqrt(variance) : 1;
        for (const std::size_t t : kept) {
            model_points_.push_back(told_[t].first);
            model_values_.push_back((value_of(t) - mean) / deviation);
        }
        // The parameters move slowly once there are many observations.
        if (told_.size() < 64 || told_.size() >= fitted_at_ + fitted_at_ / 4) {
            fitted_at_ = told_.size();
            const std::size_t count = std::min(kMostFitted, kept.size());
            const std::size_t first = kept.size() - count;
            parameters_ = GaussianProcess::fit(std::span(model_points_).subspan(first),
                                               std::span(std::as_const(model_values_)).subspan(first));
        }
    }

    [[nodiscard]] std::optional<Point> scan(const Surrogate& surrogate) const {
        std::vector<Point> points;
        for (std::uint64_t i = 0; static_cast<long double>(i) < subspace_.size(); ++i) {
            Point point = subspace_.at(i);
            if (!history_.was_asked(subspace_.candidate(point))) points.push_back(std::move(point));
        }
        if (points.empty()) return std::nullopt;
        const std::vector<double> promises = surrogate.promise(points);
        return points[static_cast<std::size_t>(std::max_element(promises.begin(), promises.end()) - promises.begin())];
    }

    /// Local search: to the best of all points that differ in one coordinate, until none is better. Of all points seen
    /// on the way the most promising new one is taken.
    [[nodiscard]] std::optional<Point> climb(const Surrogate& surrogate) {
        std::map<Point, double> seen;
        for (const Point& start : starts()) {
            Point here = start;
            double height = surrogate.promise({here}).front();
            seen.emplace(here, height);
            for (int step = 0; step < kMostSteps; ++step) {
                const std::vector<Point> around = neighbours(here);
                const std::vector<double> promises = surrogate.promise(around);
                for (std::size_t i = 0; i < around.size(); ++i) seen.emplace(around[i], promises[i]);
                const auto best = std::max_element(promises.begin(), promises.end());
                if (best == promises.end() || *best <= height) break;
                height = *best;
                here = around[static_cast<std::size_t>(best - promises.begin())];
            }
        }
        std::vector<std::pair<double, const Point*>> order;
        for (const auto& [point, promise] : seen) order.emplace_back(promise, &point);
        std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
        for (const auto& [promise, point] : order) {
            if (!history_.was_asked(subspace_.candidate(*point))) return *point;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::vector<Point> starts() {
        std::vector<std::size_t> order(model_points_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return model_values_[a] > model_values_[b]; });
        std::vector<Point> starts;
        for (std::size_t i = 0; i + 1 < kClimbs && i < order.size(); ++i) starts.push_back(model_points_[order[i]]);
        starts.push_back(subspace_.draw(random_));
        return starts;
    }

    [[nodiscard]] std::vector<Point> neighbours(const Point& point) const {
        std::vector<Point> all;
        for (std::size_t d = 0; d < point.size(); ++d) {
            for (std::size_t place = 0; place < subspace_.places(d); ++place) {
                if (place == point[d]) continue;
                all.push_back(point);
                all.back()[d] = static_cast<std::uint16_t>(place);
            }
        }
        return all;
    }

    BayesianSettings settings_;
    Subspace subspace_;
    Target target_;
    Rng random_;
    std::int64_t batch_;
    History history_;
    std::vector<Point> points_;                                  ///< by trial
    std::vector<std::pair<Point, std::optional<double>>> told_;  ///< by trial, with their targets
    std::optional<double> worst_;                                ///< target seen; none: no trial had one
    std::vector<Point> model_points_;
    std::vector<double> model_values_;  ///< standardised
    GpParameters parameters_;
    std::size_t fitted_at_ = 0;
    std::vector<std::pair<Point, double>> believed_;  ///< asked in this batch, with what the model says
    bool is_done_ = false;
};

}  // namespace

std::unique_ptr<Strategy> make_bayesian(const StrategyContext& context) {
    Reader reader(context.settings);
    BayesianSettings settings;
    settings.acquisition = reader.word("acquisition", kAcquisitionNames, settings.acquisition);
    settings.kappa = reader.number("kappa", settings.kappa);
    settings.xi = reader.number("xi", settings.xi);
    settings.startup = reader.integer("startup", settings.startup, 0, 100'000);
    settings.fallback = reader.boolean("fallback", settings.fallback);
    reader.finish();
    return std::make_unique<BayesianStrategy>(context, settings);
}

}  // namespace halftone
