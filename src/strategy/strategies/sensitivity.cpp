// sensitivity: ranks units without labels, by how much the model's output improves when one unit alone falls back;
// finds how many of the ranked fallbacks the goal needs; then takes back those that it does not. The idea is mse_v2's
// of Intel Neural Compressor 2; bisection and the parallel, label-free base are ours. README.md says which steps are
// heuristic.

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/output_errors.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

enum class Search { bisection, greedy };
constexpr EnumNames<Search, 2> kSearchNames{{{{Search::bisection, "bisection"}, {Search::greedy, "greedy"}}}};

struct SensitivitySettings {
    Search search = Search::bisection;
    std::int64_t options = 8;  ///< most sensitive units whose other quantized options are tried
};

/// A unit is worth trying other options for where its fallback would remove this share of the output's error.
constexpr double kWorthwhile = 0.02;

class SensitivityStrategy final : public Strategy {
public:
    SensitivityStrategy(const StrategyContext& context, SensitivitySettings settings)
        : space_(context.space),
          goal_(context.goal),
          settings_(settings),
          dtypes_(fallback_dtypes(context.space)),
          bases_(model_wise_candidates(context.space, context.model_wise)) {
        probes_.ask_for(bases_);
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override {
        std::vector<std::string> steps{"configurations and units are ranked by the error of the model's output"};
        if (settings_.search == Search::bisection)
            steps.emplace_back("bisection takes it that more fallbacks never fail");
        return steps;
    }

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (auto probe = probes_.next(stage_name())) return *std::move(probe);
            if (!probes_.is_complete()) return Ask::wait();
            if (wanted_ && !history_.was_asked(*wanted_)) return propose(*wanted_);
            if (history_.told() < history_.asked()) return Ask::wait();
            advance();
        }
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }
    void tell_probe(std::int64_t, const ProbeResult& result) override { probes_.tell(result); }

private:
    enum class Stage { model_wise, base, fallback_one, options, joint, search, requantize, done };

    [[nodiscard]] Ask propose(const Candidate& candidate) {
        history_.add_asked(candidate);
        Ask ask = Ask::of(candidate, stage_name());
        ask.verdict_only = stage_ != Stage::base;  // one trial at least is evaluated to its end
        return ask;
    }

    /// @pre whatever the stage asked for is known
    void advance() {
        switch (stage_) {
            case Stage::model_wise:
                begin_base();
                break;
            case Stage::base:
                if (passes(base_) || dtypes_.empty()) {
                    stage_ = Stage::done;
                } else {
                    begin_fallback_one();
                }
                break;
            case Stage::fallback_one:
                rank_moves_by_error();
                if (has_tried_options_ || !begin_options()) begin_search();
                break;
            case Stage::options:
                combine_options();
                break;
            case Stage::joint:
                begin_base_with_options();
                break;
            case Stage::search:
                go_on_searching();
                break;
            case Stage::requantize:
                go_on_requantizing();
                break;
            case Stage::done:
                break;
        }
    }

    void begin_base() {
        base_error_ = probes_.errors()[probes_.least()];
        base_ = bases_[probes_.least()];
        evaluate_base();
    }

    void evaluate_base() {
        wanted_ = base_;
        stage_ = Stage::base;
    }

    /// Other quantized options of the most sensitive units, each alone: what they save costs no latency.
    /// @pre moves_ are ranked. @return whether there are any
    [[nodiscard]] bool begin_options() {
        has_tried_options_ = true;
        alternatives_.clear();
        std::vector<Candidate> alone;
        for (std::size_t m = 0; m < moves_.size() && std::cmp_less(m, settings_.options); ++m) {
            if (probes_.errors()[ranks_[m]] > (1 - kWorthwhile) * base_error_) break;
            const std::size_t unit = moves_[m].decision;
            const std::vector<UnitConfig>& options = space_.decisions()[unit].options;
            for (std::size_t o = 0; o < options.size(); ++o) {
                if (!options[o].is_quantized() || o == base_.choice[unit]) continue;
                alternatives_.push_back({.decision = unit, .option = static_cast<std::uint16_t>(o)});
                alone.push_back(apply(space_, base_, alternatives_.back()));
            }
        }
        if (alone.empty()) return false;
        stage_ = Stage::options;
        probes_.ask_for(std::move(alone));
        return true;
    }

    /// The best option of each unit, all together: one more probe says whether they are as good as they are alone.
    void combine_options() {
        std::map<std::size_t, std::size_t> best;  // by unit: which alternative
        const std::size_t single = probes_.least();
        for (std::size_t a = 0; a < alternatives_.size(); ++a) {
            const double error = probes_.errors()[a];
            if (!(error < base_error_)) continue;
            const auto [known, is_new] = best.try_emplace(alternatives_[a].decision, a);
            if (!is_new && error < probes_.errors()[known->second]) known->second = a;
        }
        if (best.empty()) {  // the ranking stands
            begin_search();
            return;
        }
        Candidate joint = base_;
        for (const auto& [unit, a] : best) joint = apply(space_, joint, alternatives_[a]);
        single_ = apply(space_, base_, alternatives_[single]);
        single_error_ = probes_.errors()[single];
        stage_ = Stage::joint;
        joint_ = joint;
        probes_.ask_for({std::move(joint)});
    }

    void begin_base_with_options() {
        const double joint = probes_.errors().front();
        const bool is_joint = joint <= single_error_;
        base_ = is_joint ? joint_ : single_;
        base_error_ = is_joint ? joint : single_error_;
        evaluate_base();
    }

    void begin_fallback_one() {
        stage_ = Stage::fallback_one;
        wanted_.reset();
        moves_ = fallback_moves(space_, base_, dtypes_[dtype_]);
        probes_.ask_for(apply_each(space_, base_, moves_));
    }

    /// The fallback that leaves the least error comes first.
    void rank_moves_by_error() {
        ranks_.resize(moves_.size());
        std::iota(ranks_.begin(), ranks_.end(), std::size_t{0});
        const std::vector<double>& errors = probes_.errors();
        std::stable_sort(ranks_.begin(), ranks_.end(),
                         [&](std::size_t a, std::size_t b) { return errors[a] < errors[b]; });
        const std::vector<FallbackMove> unranked = moves_;
        for (std::size_t i = 0; i < moves_.size(); ++i) moves_[i] = unranked[ranks_[i]];
    }

    /// Of the chain base + first k moves the base (k = 0) fails. Bisection takes it that all beyond a passing one pass.
    void begin_search() {
        stage_ = Stage::search;
        chain_ = accumulate_moves(space_, base_, moves_);
        failing_ = 0;
        passing_.reset();
        probe_chain();
    }

    void go_on_searching() {
        if (passes(*wanted_)) {
            passing_ = step_;
        } else {
            failing_ = step_;
        }
        const std::size_t end = passing_.value_or(chain_.size() + 1);
        if (end - failing_ > 1) {
            probe_chain();
        } else if (passing_) {
            begin_requantizing();
        } else if (++dtype_ < dtypes_.size()) {  // even all of them do not suffice: the next dtype is more precise
            begin_fallback_one();
        } else {
            stage_ = Stage::done;
        }
    }

    /// Chooses the next k between a failing and a passing one. At first it doubles, because few fallbacks usually
    /// suffice and a candidate with few is evaluated sooner.
    void probe_chain() {
        if (settings_.search == Search::greedy) {
            step_ = failing_ + 1;
        } else if (passing_) {
            step_ = failing_ + (*passing_ - failing_) / 2;
        } else {
            step_ = std::min(chain_.size(), failing_ == 0 ? std::size_t{2} : 2 * failing_);
        }
        if (chain_.empty()) {
            stage_ = Stage::done;
            return;
        }
        wanted_ = chain_[step_ - 1];
    }

    void begin_requantizing() {
        stage_ = Stage::requantize;
        kept_.assign(moves_.begin(), moves_.begin() + static_cast<std::ptrdiff_t>(*passing_));
        untried_ = kept_.size();
        try_without();
    }

    /// The last passing set, without the next of its members, from the least to the most helpful.
    void try_without() {
        while (untried_ > 0) {
            --untried_;
            std::vector<FallbackMove> fewer = kept_;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(untried_));
            Candidate candidate = base_;
            for (const FallbackMove move : fewer) candidate = apply(space_, candidate, move);
            if (history_.was_asked(candidate)) continue;  // it failed, else it would be the passing one
            wanted_ = std::move(candidate);
            return;
        }
        stage_ = Stage::done;
    }

    void go_on_requantizing() {
        if (passes(*wanted_)) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(untried_));
        try_without();
    }

    [[nodiscard]] bool passes(const Candidate& candidate) const {
        const auto outcome = history_.find(candidate);
        return outcome && goal_.is_met(*outcome);
    }

    [[nodiscard]] const char* stage_name() const {
        switch (stage_) {
            case Stage::model_wise:
            case Stage::base:
                return "model_wise";
            case Stage::fallback_one:
                return "fallback_one";
            case Stage::options:
            case Stage::joint:
                return "options";
            case Stage::search:
                return settings_.search == Search::greedy ? "fallback_greedy" : "fallback_bisection";
            case Stage::requantize:
                return "requantize";
            case Stage::done:
                break;
        }
        return "done";
    }

    const SearchSpace& space_;
    Goal goal_;
    SensitivitySettings settings_;
    History history_;
    std::vector<DType> dtypes_;
    std::size_t dtype_ = 0;
    std::vector<Candidate> bases_;
    Stage stage_ = Stage::model_wise;
    OutputErrors probes_;
    std::optional<Candidate> wanted_;  ///< whose outcome the stage waits for
    Candidate base_;
    double base_error_ = 0;
    bool has_tried_options_ = false;
    std::vector<FallbackMove> alternatives_;  ///< in stage options: moves to other quantized options
    Candidate single_, joint_;                ///< the best of them alone; the best of each unit together
    double single_error_ = 0;
    std::vector<FallbackMove> moves_;  ///< of the dtype; ranked after stage fallback_one
    std::vector<std::size_t> ranks_;   ///< of the moves: their places before that
    std::vector<Candidate> chain_;
    std::size_t step_ = 0;                ///< moves in wanted_, in stage search
    std::size_t failing_ = 0;             ///< most moves that fail
    std::optional<std::size_t> passing_;  ///< fewest moves that pass
    std::vector<FallbackMove> kept_;      ///< of a passing candidate, in stage requantize
    std::size_t untried_ = 0;             ///< of kept_, from the front
};

}  // namespace

std::unique_ptr<Strategy> make_sensitivity(const StrategyContext& context) {
    Reader reader(context.settings);
    SensitivitySettings settings;
    settings.search = reader.word("search", kSearchNames, settings.search);
    settings.options = reader.integer("options", settings.options, 0, 100'000);
    reader.finish();
    return std::make_unique<SensitivityStrategy>(context, settings);
}

}  // namespace halftone
