// pareto: latency against accuracy. Losses of units come from label-free probes, latencies from the table; a knapsack
// gives the front of predicted plans; trials along it find where the goal begins to hold.
//
// Stages in order, with the function that begins each:
//   base     a probe for each model-wise candidate; the one with the least error becomes the base
//   losses   begin_losses: a probe for each unit alone in high precision
//   front    predict_front: the knapsack's front of loss and latency; then rounds of trials along it (begin_round),
//            each judged by narrow: the first spread over the front, later ones around where the goal is expected
//
// README.md says which steps are heuristic.

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/fallback.hpp"
#include "strategy/knapsack.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/output_errors.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

class ParetoStrategy final : public Strategy {
public:
    ParetoStrategy(const StrategyContext& context, std::int64_t rounds)
        : space_(context.space),
          goal_(context.goal),
          batch_(static_cast<std::size_t>(context.batch)),
          rounds_(rounds),
          table_(context.latency ? context.latency() : assumed_latency(context.space)),
          model_wise_(model_wise_candidates(context.space, context.model_wise)) {
        probes_.start(model_wise_);
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override {
        return {"losses of units are what they add to the error of the model's output, and add up",
                "along the predicted front less loss is never worse"};
    }

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (auto ask = probes_.next_ask(stage_ == Stage::base ? "model_wise" : "losses")) return *std::move(ask);
            // The other model-wise candidates are as fast as the base, and one of them may be all that is needed.
            while (stage_ == Stage::front && next_model_wise_ < model_wise_.size()) {
                const Candidate& candidate = model_wise_[next_model_wise_++];
                if (!history_.was_asked(candidate)) return propose(candidate, "model_wise");
            }
            while (next_in_queue_ < queue_.size()) {
                const Candidate& candidate = front_[queue_[next_in_queue_++]];
                if (!history_.was_asked(candidate)) return propose(candidate, "front");
            }
            if (history_.told() < history_.asked()) return Ask::wait();
            advance();
        }
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }
    void tell_probe(std::int64_t, const ProbeResult& result) override { probes_.tell(result); }

private:
    enum class Stage { base, losses, front, done };

    [[nodiscard]] Ask propose(const Candidate& candidate, const char* stage) {
        history_.add_asked(candidate);
        Ask ask = Ask::for_trial(candidate, stage);
        ask.group = round_;
        return ask;
    }

    void advance() {
        switch (stage_) {
            case Stage::base:
                begin_losses();
                break;
            case Stage::losses:
                predict_front();
                break;
            case Stage::front:
                narrow();
                begin_round();
                break;
            case Stage::done:
                break;
        }
    }

    /// The base is the model-wise candidate with the least output error; what each unit adds to it shows when that unit
    /// alone is in high precision.
    void begin_losses() {
        base_ = probes_.best();
        for (const DType dtype : fallback_dtypes(space_)) {
            const std::vector<FallbackMove> moves = fallback_moves(space_, base_.candidate, dtype);
            moves_.insert(moves_.end(), moves.begin(), moves.end());
        }
        probes_.start(apply_each(space_, base_.candidate, moves_));
        stage_ = Stage::losses;
    }

    // Quantization errors of different units are nearly uncorrelated, so their noise powers add, to first order: the
    // error of a plan is the base's less what its fallbacks remove. A fallback cannot add error; where the probe says
    // so it is noise, and counts as nothing. The knapsack wants losses >= 0, so a unit's loss is what its best fallback
    // would remove, less what this option removes.
    void predict_front() {
        KnapsackProblem problem{.units = {}, .conversions = table_.conversions, .rest_ms = table_.rest_ms};
        std::vector<double> gains(moves_.size(), 0.0);
        std::vector<double> most(space_.decisions().size(), 0.0);
        for (std::size_t m = 0; m < moves_.size(); ++m) {
            const double gain = base_.error - probes_.errors()[m];
            gains[m] = std::isfinite(gain) ? std::max(0.0, gain) : 0.0;
            most[moves_[m].decision] = std::max(most[moves_[m].decision], gains[m]);
        }
        for (std::size_t u = 0; u < space_.decisions().size(); ++u) {
            problem.units.push_back({choice_of(u, base_.candidate.choice[u], most[u])});
        }
        for (std::size_t m = 0; m < moves_.size(); ++m) {
            const std::size_t u = moves_[m].decision;
            problem.units[u].push_back(choice_of(u, moves_[m].option, most[u] - gains[m]));
        }
        for (KnapsackPoint& point : knapsack_front(problem)) {
            front_.push_back(space_.make(base_.candidate.calibration, std::move(point.options)));
            losses_.push_back(point.loss);
        }
        passing_ = front_.size();
        stage_ = Stage::front;
        begin_round();
    }

    [[nodiscard]] KnapsackChoice choice_of(std::size_t unit, std::uint16_t option, double loss) const {
        return {.option = option,
                // Of a dynamic unit the neighbours see real values, as of one in fp32.
                .is_quantized = space_.decisions()[unit].options[option].is_static(),
                .loss = loss,
                .ms = table_.unit_ms[unit][option]};
    }

    /// Points of the front, fastest first: those up to `failing_` (exclusive) fail, `passing_` passes; between them
    /// nobody knows.
    void begin_round() {
        queue_.clear();
        next_in_queue_ = 0;
        if (failing_ >= passing_ || round_ == rounds_) {
            stage_ = Stage::done;
            return;
        }
        ++round_;
        const std::set<std::size_t> points = passing_ < front_.size() && failing_ > 0 ? around(expected()) : spread();
        queue_.assign(points.begin(), points.end());
    }

    /// `batch` points evenly between the known ones, the ends included.
    [[nodiscard]] std::set<std::size_t> spread() const {
        std::set<std::size_t> points;
        const std::size_t count = passing_ - failing_;
        const std::size_t wanted = std::min(batch_, count);
        for (std::size_t i = 0; i < wanted; ++i) {
            points.insert(failing_ + (wanted == 1 ? 0 : i * (count - 1) / (wanted - 1)));
        }
        return points;
    }

    /// `batch` points around `center`, closest ones first. The steps double, because the expectation may be far off.
    [[nodiscard]] std::set<std::size_t> around(std::size_t center) const {
        std::set<std::size_t> points;
        const auto add = [&](std::int64_t point) {
            if (std::cmp_greater_equal(point, failing_) && std::cmp_less(point, passing_) && points.size() < batch_)
                points.insert(static_cast<std::size_t>(point));
        };
        add(static_cast<std::int64_t>(center));
        for (std::int64_t step = 1; std::cmp_less(step, 2 * front_.size()); step *= 2) {
            add(static_cast<std::int64_t>(center) - step);
            add(static_cast<std::int64_t>(center) + step);
        }
        return points;
    }

    /// The point where the goal should begin to hold, if accuracy is linear in the predicted loss between the closest
    /// failing and passing points. Where that says nothing, the middle.
    [[nodiscard]] std::size_t expected() const {
        const auto below = history_.accuracy(front_[failing_ - 1]);
        const auto above = history_.accuracy(front_[passing_]);
        std::size_t middle = (failing_ + passing_) / 2;
        if (!below || !above || *below == *above) return middle;
        const double share = (goal_.target() - *below) / (*above - *below);
        const double loss = losses_[failing_ - 1] + share * (losses_[passing_] - losses_[failing_ - 1]);
        for (std::size_t p = failing_; p < passing_; ++p) {
            if (losses_[p] <= loss) return p;
        }
        return passing_ - 1;
    }

    /// Judges a round. Takes it that along the front less loss is never worse: `passing_` becomes the first point that
    /// passes, and all before a failing point count as failing.
    void narrow() {
        for (const std::size_t point : queue_) {
            const auto outcome = history_.find(front_[point]);
            if (outcome && goal_.is_met(*outcome)) passing_ = std::min(passing_, point);
        }
        for (const std::size_t point : queue_) {
            if (point < passing_) failing_ = std::max(failing_, point + 1);
        }
    }

    const SearchSpace& space_;
    Goal goal_;
    std::size_t batch_;
    std::int64_t rounds_;
    LatencyTable table_;
    std::vector<Candidate> model_wise_;
    History history_;
    Stage stage_ = Stage::base;
    OutputErrors probes_;
    ProbedCandidate base_;
    std::vector<FallbackMove> moves_;
    std::vector<Candidate> front_;    ///< the predicted front, fastest first
    std::vector<double> losses_;      ///< theirs, predicted
    std::vector<std::size_t> queue_;  ///< points of this round
    std::size_t next_in_queue_ = 0;
    std::size_t next_model_wise_ = 0;  ///< in the first round
    std::int64_t round_ = 0;
    std::size_t failing_ = 0;  ///< the points before this one fail
    std::size_t passing_ = 0;  ///< this point passes; the front's size if none does
};

}  // namespace

std::unique_ptr<Strategy> make_pareto(const StrategyContext& context) {
    Reader reader(context.settings);
    const std::int64_t rounds = reader.integer("rounds", 4, 1, 1000);
    reader.finish();
    return std::make_unique<ParetoStrategy>(context, rounds);
}

}  // namespace halftone
