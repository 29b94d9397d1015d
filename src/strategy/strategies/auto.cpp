// auto: the best that can be found without knowing which strategy or preparation suits the model.
//
// Stages in order, with the function that begins each:
//   ranking   probes of every preparation and model-wise choice (automatic/preparation_ranking.hpp)
//   few       begin_few: trials of the best; one alone, then the others if it fails
//   repair    begin_repair: if none passes, a SensitivitySearch from the most accurate of them: other options before
//             fallbacks, bisection, and what is not needed is taken back
//   fastest   begin_speed: if the goal holds and latency counts, a trial of the plan that the latency table calls the
//             fastest: units whose 8-bit form gains nothing here, conversions included, are in high precision
//   front     begin_front: if that plan fails, a FrontSearch between accuracy and latency
//
// Whether the result is faster than fp32 is found out by a clock in the end (guards_speed; src/tune/README.md).

#include <algorithm>
#include <optional>
#include <utility>

#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/automatic/preparation_ranking.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/pareto/front_search.hpp"
#include "strategy/sensitivity/sensitivity_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

/// fp32's predicted time over the fastest plan's. Above it no clock will find fp32 the faster one; the table is a few
/// percent wrong at most.
constexpr double kClearGain = 1.5;

/// Predictions that differ by less than this share say nothing.
constexpr double kTableNoise = 0.02;

struct AutoSettings {
    std::int64_t evaluate = 3;  ///< candidates of the ranking that are evaluated
    std::int64_t options = 8;   ///< as in sensitivity
    std::int64_t rounds = 2;    ///< as in pareto
};

class AutoStrategy final : public Strategy {
public:
    AutoStrategy(const StrategyContext& context, const AutoSettings& settings)
        : space_(context.space),
          goal_(context.goal),
          settings_(settings),
          batch_(context.batch),
          fp32_(all_fp32(context.space)),
          ranking_(model_wise_candidates(context.space, context.model_wise)),
          repair_(context.space, context.goal, {.options = settings.options}) {
        if (context.objective.latency <= 0) return;
        // The table is measured before the search, while the workers have nothing to do: what is timed must run alone.
        front_.emplace(context.space, context.goal,
                       context.latency ? context.latency() : assumed_latency(context.space),
                       FrontLimits{.batch = static_cast<std::size_t>(context.batch), .rounds = settings.rounds});
        // Preparations cost no time in the model, so the first one tells how many trials the stage fastest will have.
        const Candidate first = model_wise_candidates(context.space, context.model_wise).front();
        const std::vector<Candidate> wanted = speed_candidates(first);
        speed_trials_ = static_cast<std::int64_t>(wanted.size()) - (wanted.front() == first ? 1 : 0);
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] bool guards_speed() const override { return front_.has_value(); }
    [[nodiscard]] std::vector<std::string> heuristics() const override {
        std::vector<std::string> steps{"preparations and model-wise choices are ranked by the error of the output"};
        for (const std::string& step : repair_.heuristics()) steps.push_back("where the goal failed: " + step);
        if (!front_) return steps;
        steps.emplace_back("latencies of units and conversions add up to that of a model");
        for (const std::string& step : FrontSearch::heuristics())
            steps.push_back("where the fastest plan failed: " + step);
        return steps;
    }

    /// An upper bound, for the progress line: every stage that is still to come counts with all of its trials.
    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const override {
        if (stage_ == Stage::done) return 0;
        const std::int64_t front = front_ ? 2 + front_most() : 0;  // the fastest plan, fp32, and the rounds
        if (stage_ == Stage::front) return front_->most_trials_left();
        const auto now = static_cast<std::int64_t>(wanted_.size() - next_wanted_);
        if (stage_ == Stage::fastest) return now + front_most();
        if (stage_ == Stage::repair) return repair_.most_trials_left() + front;
        return now + settings_.evaluate - (has_tried_all_few_ ? settings_.evaluate : 0) + repair_most() + front;
    }

    [[nodiscard]] std::optional<Outlook> outlook() const override {
        const std::int64_t waiting = history_.asked() - history_.told();
        const std::int64_t wanted = waiting + static_cast<std::int64_t>(wanted_.size() - next_wanted_);
        switch (stage_) {
            case Stage::ranking:
                return Outlook{.probes = static_cast<std::int64_t>(ranking_.probes_left()),
                               .trials = 1 + speed_trials_};
            case Stage::few:
                return Outlook{.trials = wanted + speed_trials_};
            case Stage::fastest:
                return Outlook{.trials = wanted};
            case Stage::done:
                return Outlook{.trials = waiting};
            // Something failed: how much is still to be tried, nobody knows.
            case Stage::repair:
            case Stage::front:
                break;
        }
        return std::nullopt;
    }

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (auto ask = next_ask()) return *std::move(ask);
            advance();
        }
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }
    void tell_probe(std::int64_t, const ProbeResult& result) override {
        if (stage_ == Stage::ranking) ranking_.tell_probe(result);
        if (stage_ == Stage::repair) repair_.tell_probe(result);
        if (stage_ == Stage::front) front_->tell_probe(result);
    }

private:
    enum class Stage { ranking, few, repair, fastest, front, done };

    /// What the stage asks next; nothing when all that it asked for is known.
    [[nodiscard]] std::optional<Ask> next_ask() {
        if (stage_ == Stage::ranking) return ranking_.next_ask();
        if (stage_ == Stage::repair) return repair_.next_ask(history_);
        if (stage_ == Stage::front) return front_->next_ask(history_);
        while (next_wanted_ < wanted_.size()) {
            const Candidate& candidate = wanted_[next_wanted_++];
            if (!history_.was_asked(candidate)) return propose(candidate);
        }
        if (history_.told() < history_.asked()) return Ask::wait();
        return std::nullopt;
    }

    [[nodiscard]] Ask propose(const Candidate& candidate) {
        history_.add_asked(candidate);
        if (stage_ == Stage::few) return Ask::for_trial(candidate, "model_wise");
        // wanted_ holds the fastest plan and perhaps fp32, in this order; next_wanted_ has moved on already.
        return Ask::for_trial(candidate, next_wanted_ == 1 ? "fastest" : "fp32");
    }

    void advance() {
        switch (stage_) {
            case Stage::ranking:
                begin_few();
                break;
            case Stage::few:
                judge_few();
                break;
            case Stage::repair:
                // What passes has fallbacks; the base without them is where the fastest plan starts from.
                if (has_passed()) {
                    begin_speed(repair_.base());
                } else {
                    stage_ = Stage::done;
                }
                break;
            case Stage::fastest:
                if (passes(wanted_.front())) {
                    stage_ = Stage::done;
                } else {
                    begin_front();
                }
                break;
            case Stage::front:
            case Stage::done:
                stage_ = Stage::done;
                break;
        }
    }

    /// Trials of a repair that has not begun: two bases, the bisection of each dtype, and each unit once without.
    [[nodiscard]] std::int64_t repair_most() const {
        return static_cast<std::int64_t>(4 * space_.decisions().size()) + 2;
    }
    /// Trials of the rounds of a front search.
    [[nodiscard]] std::int64_t front_most() const { return settings_.rounds * batch_; }

    void want(Stage stage, std::vector<Candidate> candidates) {
        stage_ = stage;
        wanted_ = std::move(candidates);
        next_wanted_ = 0;
    }

    // One alone first: usually it passes, and further ones would be wasted work.
    void begin_few() {
        few_ = ranking_.best(static_cast<std::size_t>(settings_.evaluate));
        want(Stage::few, {few_.front().candidate});
    }

    // If one of the few passes, nothing needs repair, and the search goes on with speed.
    void judge_few() {
        const auto passing = std::find_if(few_.begin(), few_.end(),
                                          [&](const ProbedCandidate& probed) { return passes(probed.candidate); });
        if (passing != few_.end()) return begin_speed(most_accurate());
        if (!has_tried_all_few_ && few_.size() > 1) {
            std::vector<Candidate> others;
            for (std::size_t i = 1; i < few_.size(); ++i) others.push_back(few_[i].candidate);
            has_tried_all_few_ = true;
            return want(Stage::few, std::move(others));
        }
        begin_repair();
    }

    void begin_repair() {
        stage_ = Stage::repair;
        repair_.start(most_accurate());
    }

    void begin_speed(const ProbedCandidate& base) {
        if (!front_) {
            stage_ = Stage::done;
            return;
        }
        base_ = base;
        want(Stage::fastest, speed_candidates(base.candidate));
    }

    /// What is evaluated for the sake of latency once `base` meets the goal; the plan that should be fastest comes
    /// first.
    [[nodiscard]] std::vector<Candidate> speed_candidates(const Candidate& base) const {
        std::vector<Candidate> candidates{front_->fastest(base)};
        // A gain within the table's noise sends no unit back.
        const double base_ms = front_->predict_ms(base);
        if (front_->predict_ms(candidates.front()) > (1 - kTableNoise) * base_ms) candidates = {base};
        // Where 8 bits promise little, fp32 may be what is delivered in the end, so it gets a trial of its own.
        const double fastest_ms = front_->predict_ms(candidates.front());
        if (fp32_ && front_->predict_ms(*fp32_) < kClearGain * fastest_ms) candidates.push_back(*fp32_);
        return candidates;
    }

    void begin_front() {
        stage_ = Stage::front;
        front_->start(base_);
    }

    /// Of the few that were evaluated; of equal ones, and where all of them failed, the one with the least error.
    [[nodiscard]] const ProbedCandidate& most_accurate() const {
        const ProbedCandidate* best = &few_.front();
        for (const ProbedCandidate& probed : few_) {
            const auto mine = history_.accuracy(probed.candidate);
            const auto other = history_.accuracy(best->candidate);
            if (mine && (!other || goal_.is_better(*mine, *other))) best = &probed;
        }
        return *best;
    }

    [[nodiscard]] bool passes(const Candidate& candidate) const {
        const auto outcome = history_.find(candidate);
        return outcome && goal_.is_met(*outcome);
    }

    [[nodiscard]] bool has_passed() const {
        for (std::int64_t t = 0; t < history_.told(); ++t) {
            if (passes(history_.candidate(make_id<TrialId>(static_cast<std::size_t>(t))))) return true;
        }
        return false;
    }

    const SearchSpace& space_;
    Goal goal_;
    AutoSettings settings_;
    std::int64_t batch_;             ///< trials of a round of the front search
    std::optional<Candidate> fp32_;  ///< empty where some unit cannot be fp32
    History history_;
    Stage stage_ = Stage::ranking;
    PreparationRanking ranking_;
    std::vector<ProbedCandidate> few_;  ///< the best of the ranking
    bool has_tried_all_few_ = false;    ///< and not the first of them alone
    std::vector<Candidate> wanted_;     ///< whose outcomes the stages few and fastest wait for
    std::size_t next_wanted_ = 0;
    SensitivitySearch repair_;
    std::int64_t speed_trials_ = 0;     ///< that the stage fastest is expected to have
    std::optional<FrontSearch> front_;  ///< empty where the objective does not weigh latency
    ProbedCandidate base_;              ///< what front_ starts from
};

}  // namespace

std::unique_ptr<Strategy> make_auto(const StrategyContext& context) {
    Reader reader(context.settings);
    AutoSettings settings;
    settings.evaluate = reader.integer("evaluate", settings.evaluate, 1, 100);
    settings.options = reader.integer("options", settings.options, 0, 100'000);
    settings.rounds = reader.integer("rounds", settings.rounds, 1, 1000);
    reader.finish();
    return std::make_unique<AutoStrategy>(context, settings);
}

}  // namespace halftone
