// auto: the best that can be found without knowing which strategy or preparation suits the model.
//
// Stages in order, with the function that begins each:
//   ranking   probes of the model-wise choices without a preparation (automatic/preparation_ranking.hpp)
//   plain     judge_ranking: a trial of the best of them, unless its error is beyond hope. If it loses no more than
//   half
//             of what it may, preparations are not looked at
//   ranking   include_preparations: else probes of every preparation and model-wise choice
//   few       begin_few: trials of the best; one alone, then the others if it fails
//   repair    begin_repair: if none passes, a SensitivitySearch from the most accurate of them: other options before
//             fallbacks, bisection, and what is not needed is taken back
//   fastest   begin_speed: if the goal holds and latency counts, a trial of the plan that the latency table calls the
//             fastest: units whose 8-bit form gains nothing here, conversions included, are in high precision. If it
//             fails and preparations were not looked at, the search goes on with them
//   front     begin_front: if that plan fails, a FrontSearch between accuracy and latency
//
// Whether the result is faster than fp32 is found out by a clock in the end (guards_speed; src/tune/README.md).

#include <algorithm>
#include <optional>
#include <utility>

#include "config/reader.hpp"
#include "strategy/assumed_latency.hpp"
#include "strategy/automatic/plain_candidate.hpp"
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
          easy_accuracy_(context.baseline + kEasyShareOfLoss * (context.goal.target() - context.baseline)),
          settings_(settings),
          batch_(context.batch),
          fp32_(all_fp32(context.space)),
          ranking_(context.space, model_wise_candidates(context.space, context.model_wise)),
          repair_(context.space, context.goal, {.options = settings.options}) {
        if (context.objective.latency <= 0) return;
        // The table is measured before the search, while the workers have nothing to do: what is timed must run alone.
        front_.emplace(context.space, context.goal,
                       context.latency ? context.latency() : assumed_latency(context.space),
                       FrontLimits{.batch = static_cast<std::size_t>(context.batch), .rounds = settings.rounds});
        // Preparations cost no time in the model, so the first one tells how many trials the stage fastest will have.
        const Candidate first = model_wise_candidates(context.space, context.model_wise).front();
        for (const Candidate& each : speed_candidates(first)) {
            if (each == first) continue;
            ++speed_.trials;
            speed_.quantized += quantized_share(each);
        }
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] bool guards_speed() const override { return front_.has_value(); }
    /// Those of the stages that this search has come to.
    [[nodiscard]] std::vector<std::string> heuristics() const override {
        std::vector<std::string> steps;
        if (stage_ == Stage::ranking && ranking_.has_only_plain()) return steps;
        if (is_plain_enough_) {
            steps.emplace_back("model-wise choices are ranked by the error of the output");
            steps.emplace_back(
                "preparations were not tried, because without one the model loses no more than half of what it may");
        } else {
            steps.emplace_back("preparations and model-wise choices are ranked by the error of the output");
        }
        if (has_begun_repair_) {
            for (const std::string& step : repair_.heuristics())
                steps.push_back("the first candidates missed the goal: " + step);
        }
        if (has_begun_speed_) steps.emplace_back("latencies of units and conversions add up to that of a model");
        if (has_begun_front_) {
            for (const std::string& step : FrontSearch::heuristics())
                steps.push_back("the fastest plan missed the goal: " + step);
        }
        return steps;
    }

    /// An upper bound, for the progress line: every stage that is still to come counts with all of its trials.
    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const override {
        const auto now = static_cast<std::int64_t>(wanted_.size() - next_wanted_);
        // Whatever comes of the plain candidate, the search may still go through all preparations.
        const std::int64_t prepared = ranking_.has_only_plain() ? settings_.evaluate + repair_most() : 0;
        switch (stage_) {
            case Stage::ranking:
                return (ranking_.has_only_plain() ? 1 + speed_most() : 0) + settings_.evaluate + repair_most() +
                       speed_most() + front_most();
            case Stage::plain:
                return now + speed_most() + prepared + speed_most() + front_most();
            case Stage::few:
                return now + (has_tried_all_few_ ? 0 : settings_.evaluate) + repair_most() + speed_most() +
                       front_most();
            case Stage::repair:
                return repair_.most_trials_left() + speed_most() + front_most();
            case Stage::fastest:
                return now + prepared + (ranking_.has_only_plain() ? speed_most() : 0) + front_most();
            case Stage::front:
                return front_->most_trials_left();
            case Stage::done:
                break;
        }
        return 0;
    }

    [[nodiscard]] std::optional<Outlook> outlook() const override {
        Outlook outlook;
        switch (stage_) {
            case Stage::ranking:
                outlook = outlook_of_ranking();
                break;
            case Stage::plain:
            case Stage::few:
            case Stage::fastest:
            case Stage::done:
                add_unfinished(outlook);
                break;
            // Something failed: how much is still to be tried, nobody knows.
            case Stage::repair:
            case Stage::front:
                return std::nullopt;
        }
        if (stage_ == Stage::ranking || stage_ == Stage::plain || stage_ == Stage::few) {
            outlook.trials += speed_.trials;
            outlook.quantized += speed_.quantized;
        }
        return outlook;
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
    enum class Stage { ranking, plain, few, repair, fastest, front, done };

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
        Ask ask = Ask::for_trial(candidate, "model_wise");
        // A passing trial is evaluated to its end, and a plain candidate that fails is left behind.
        ask.verdict_only = stage_ == Stage::plain;
        if (stage_ == Stage::plain || stage_ == Stage::few) return ask;
        // wanted_ holds the fastest plan and perhaps fp32, in this order; next_wanted_ has moved on already.
        return Ask::for_trial(candidate, next_wanted_ == 1 ? "fastest" : "fp32");
    }

    void advance() {
        switch (stage_) {
            case Stage::ranking:
                judge_ranking();
                break;
            case Stage::plain:
                judge_plain();
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
                } else if (ranking_.has_only_plain()) {
                    include_preparations();
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
    /// Trials of the stage fastest: the fastest plan and fp32.
    [[nodiscard]] std::int64_t speed_most() const { return front_ ? 2 : 0; }
    /// Trials of the rounds of a front search.
    [[nodiscard]] std::int64_t front_most() const { return front_ ? settings_.rounds * batch_ : 0; }

    /// The probes, and a trial of the candidate that wins: all of its units are in 8 bits, or nearly all.
    [[nodiscard]] Outlook outlook_of_ranking() const {
        Outlook outlook{.probes = static_cast<std::int64_t>(ranking_.probes_left()),
                        .prepared_probes = static_cast<std::int64_t>(ranking_.prepared_probes_left()),
                        .trials = 1,
                        .quantized = 1};
        // Where the first plain candidates are beyond hope, the others hardly are any better.
        if (!ranking_.has_only_plain() || ranking_.least_error().value_or(0) <= kHopelessError) return outlook;
        const auto behind = static_cast<std::int64_t>(ranking_.probes_behind_plain());
        outlook.probes += behind;
        outlook.prepared_probes += behind;
        return outlook;
    }

    /// Adds the trials that are wanted and not told yet.
    void add_unfinished(Outlook& outlook) const {
        const auto add = [&](const Candidate& candidate) {
            ++outlook.trials;
            outlook.quantized += quantized_share(candidate);
        };
        for (std::int64_t t = history_.told(); t < history_.asked(); ++t)
            add(history_.candidate(make_id<TrialId>(static_cast<std::size_t>(t))));
        for (std::size_t i = next_wanted_; i < wanted_.size(); ++i) {
            if (!history_.was_asked(wanted_[i])) add(wanted_[i]);
        }
    }

    /// Of the candidate's units, those that run in 8 bits.
    [[nodiscard]] double quantized_share(const Candidate& candidate) const {
        const std::vector<Decision>& units = space_.decisions();
        if (units.empty()) return 0;
        std::size_t quantized = 0;
        for (std::size_t u = 0; u < units.size(); ++u)
            quantized += units[u].options[candidate.choice[u]].is_quantized() ? 1 : 0;
        return static_cast<double>(quantized) / static_cast<double>(units.size());
    }

    void want(Stage stage, std::vector<Candidate> candidates) {
        stage_ = stage;
        wanted_ = std::move(candidates);
        next_wanted_ = 0;
    }

    // Where the plain candidates are ranked, the best of them gets a trial, unless its error is beyond hope: then the
    // trial would be wasted. An error that is not finite is beyond hope, too.
    void judge_ranking() {
        if (!ranking_.has_only_plain()) return begin_few();
        plain_ = ranking_.best(1).front();
        if (plain_->error <= kHopelessError) return want(Stage::plain, {plain_->candidate});
        include_preparations();
    }

    // Preparations win accuracy and no time. A model that is far from its limit without one needs none, and to rank
    // them all would cost several times what the rest of the search costs.
    void judge_plain() {
        const auto accuracy = history_.accuracy(plain_->candidate);
        is_plain_enough_ = passes(plain_->candidate) && accuracy && !goal_.is_better(easy_accuracy_, *accuracy);
        if (is_plain_enough_) return begin_speed(*plain_);
        include_preparations();
    }

    void include_preparations() {
        is_plain_enough_ = false;
        ranking_.include_all();
        stage_ = Stage::ranking;
    }

    // One alone first: usually it passes, and further ones would be wasted work.
    void begin_few() {
        few_ = ranking_.best(static_cast<std::size_t>(settings_.evaluate));
        want(Stage::few, {few_.front().candidate});
    }

    // If one of the few passes, or the plain one has passed before, nothing needs repair, and the search goes on with
    // speed.
    void judge_few() {
        const auto passing = std::find_if(few_.begin(), few_.end(),
                                          [&](const ProbedCandidate& probed) { return passes(probed.candidate); });
        if (passing != few_.end()) return begin_speed(most_accurate());
        if (plain_ && passes(plain_->candidate)) return begin_speed(*plain_);
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
        has_begun_repair_ = true;
        repair_.start(most_accurate());
    }

    void begin_speed(const ProbedCandidate& base) {
        if (!front_) {
            stage_ = Stage::done;
            return;
        }
        base_ = base;
        has_begun_speed_ = true;
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
        has_begun_front_ = true;
        front_->start(base_);
    }

    /// Of the few that were evaluated; of equal ones, and where all of them failed, the one with the least error. The
    /// plain candidate has no accuracy if its trial ended early; where it has the least error, it stays the first.
    [[nodiscard]] const ProbedCandidate& most_accurate() const {
        const ProbedCandidate* best = &few_.front();
        if (ended_early(best->candidate) && !has_passed()) return *best;
        for (const ProbedCandidate& probed : few_) {
            const auto mine = history_.accuracy(probed.candidate);
            const auto other = history_.accuracy(best->candidate);
            if (mine && (!other || goal_.is_better(*mine, *other))) best = &probed;
        }
        return *best;
    }

    [[nodiscard]] bool ended_early(const Candidate& candidate) const {
        const auto outcome = history_.find(candidate);
        const auto* score = outcome ? std::get_if<Score>(&*outcome) : nullptr;
        return score != nullptr && score->bounds.has_value();
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
    double easy_accuracy_;  ///< a plain candidate that is no worse leaves no room for preparations
    AutoSettings settings_;
    std::int64_t batch_;             ///< trials of a round of the front search
    std::optional<Candidate> fp32_;  ///< empty where some unit cannot be fp32
    History history_;
    Stage stage_ = Stage::ranking;
    PreparationRanking ranking_;
    std::optional<ProbedCandidate> plain_;  ///< the best without a preparation; empty if all are ranked at once
    bool is_plain_enough_ = false;
    std::vector<ProbedCandidate> few_;  ///< the best of the ranking
    bool has_tried_all_few_ = false;    ///< and not the first of them alone
    std::vector<Candidate> wanted_;     ///< whose outcomes the stages plain, few and fastest wait for
    std::size_t next_wanted_ = 0;
    SensitivitySearch repair_;
    Outlook speed_;                     ///< the trials that the stage fastest is expected to have
    std::optional<FrontSearch> front_;  ///< empty where the objective does not weigh latency
    ProbedCandidate base_;              ///< what front_ starts from
    bool has_begun_repair_ = false, has_begun_speed_ = false, has_begun_front_ = false;
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
