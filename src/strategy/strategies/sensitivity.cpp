// sensitivity: ranks units without labels, by how much the model's output improves when one unit alone falls back;
// finds how many of the ranked fallbacks the goal needs; then takes back those that it does not.
//
// Stages in order, with the function that begins each:
//   model_wise     a probe for each model-wise candidate; the one with the least error becomes the base
//   base           begin_base: a trial of the base; if it passes, the search ends
//   fallback_one   begin_fallback_one: a probe for each unit alone in high precision
//   options        begin_options: probes of other quantized options of the most sensitive units
//   joint          begin_joint: one probe of the best options together; then base and fallback_one again
//   search         begin_search: trials along the ranked chain of fallbacks (sensitivity/chain_search.hpp)
//   requantize     begin_requantizing: each kept fallback is taken back if the goal holds without it
//
// The idea is mse_v2's of Intel Neural Compressor 2; bisection and the parallel, label-free base are ours. README.md
// says which steps are heuristic.

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/output_errors.hpp"
#include "strategy/sensitivity/chain_search.hpp"
#include "strategy/sensitivity/other_options.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

using SearchMethod = ChainSearch::Method;
constexpr EnumNames<SearchMethod, 2> kSearchNames{
    {{{SearchMethod::bisection, "bisection"}, {SearchMethod::greedy, "greedy"}}}};

struct SensitivitySettings {
    SearchMethod search = SearchMethod::bisection;
    std::int64_t options = 8;  ///< most sensitive units whose other quantized options are tried
};

class SensitivityStrategy final : public Strategy {
public:
    SensitivityStrategy(const StrategyContext& context, SensitivitySettings settings)
        : space_(context.space), goal_(context.goal), settings_(settings), dtypes_(fallback_dtypes(context.space)) {
        probes_.start(model_wise_candidates(context.space, context.model_wise));
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override {
        std::vector<std::string> steps{"configurations and units are ranked by the error of the model's output"};
        if (settings_.search == SearchMethod::bisection)
            steps.emplace_back("bisection takes it that more fallbacks never fail");
        return steps;
    }

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (auto ask = probes_.next_ask(stage_name())) return *std::move(ask);
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
        Ask ask = Ask::for_trial(candidate, stage_name());
        ask.verdict_only = stage_ != Stage::base;  // one trial at least is evaluated to its end
        return ask;
    }

    /// @pre whatever the stage asked for is known
    void advance() {
        switch (stage_) {
            case Stage::model_wise:
                begin_base(probes_.best());
                break;
            case Stage::base:
                if (passes(base_.candidate) || dtypes_.empty()) {
                    stage_ = Stage::done;
                } else {
                    begin_fallback_one();
                }
                break;
            case Stage::fallback_one:
                begin_options(rank_moves_by_error());
                break;
            case Stage::options:
                begin_joint();
                break;
            case Stage::joint: {
                // What is best alone need not be best together; the probe has the last word.
                const ProbedCandidate joint = probes_.best();
                begin_base(joint.error <= single_.error ? joint : single_);
                break;
            }
            case Stage::search:
                search_->note(step_, passes(*wanted_));
                go_on_searching();
                break;
            case Stage::requantize:
                if (passes(*wanted_)) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(untried_));
                try_without();
                break;
            case Stage::done:
                break;
        }
    }

    void begin_base(ProbedCandidate base) {
        stage_ = Stage::base;
        base_ = std::move(base);
        wanted_ = base_.candidate;
    }

    void begin_fallback_one() {
        stage_ = Stage::fallback_one;
        wanted_.reset();
        moves_ = fallback_moves(space_, base_.candidate, dtypes_[dtype_]);
        probes_.start(apply_each(space_, base_.candidate, moves_));
    }

    /// Puts the fallback that leaves the least error first. Returns the errors in the same order.
    std::vector<double> rank_moves_by_error() {
        const std::vector<double>& errors = probes_.errors();
        std::vector<std::size_t> order(moves_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return errors[a] < errors[b]; });
        const std::vector<FallbackMove> unranked = moves_;
        std::vector<double> ranked;
        for (std::size_t i = 0; i < order.size(); ++i) {
            moves_[i] = unranked[order[i]];
            ranked.push_back(errors[order[i]]);
        }
        return ranked;
    }

    // Once only: with better options the ranking changes, and with it the base; a third round gains next to nothing.
    void begin_options(const std::vector<double>& errors) {
        if (has_tried_options_) return begin_search();
        has_tried_options_ = true;
        option_moves_ = other_options(space_, base_, moves_, errors, settings_.options);
        if (option_moves_.empty()) return begin_search();
        stage_ = Stage::options;
        probes_.start(apply_each(space_, base_.candidate, option_moves_));
    }

    void begin_joint() {
        auto joint = combine_best_options(space_, base_, option_moves_, probes_.errors());
        if (!joint) return begin_search();  // no other option is better: the ranking stands
        single_ = probes_.best();
        stage_ = Stage::joint;
        probes_.start({*std::move(joint)});
    }

    void begin_search() {
        stage_ = Stage::search;
        chain_ = accumulate_moves(space_, base_.candidate, moves_);
        search_.emplace(chain_.size(), settings_.search);
        if (chain_.empty()) {
            stage_ = Stage::done;
        } else {
            go_on_searching();
        }
    }

    void go_on_searching() {
        if (const auto step = search_->next()) {
            step_ = *step;
            wanted_ = chain_[step_ - 1];
        } else if (search_->passing()) {
            begin_requantizing(*search_->passing());
        } else if (++dtype_ < dtypes_.size()) {  // even all of them do not suffice: the next dtype is more precise
            begin_fallback_one();
        } else {
            stage_ = Stage::done;
        }
    }

    void begin_requantizing(std::size_t passing) {
        stage_ = Stage::requantize;
        kept_.assign(moves_.begin(), moves_.begin() + static_cast<std::ptrdiff_t>(passing));
        untried_ = kept_.size();
        try_without();
    }

    /// Wants the last passing set without the next of its members, from the least to the most helpful.
    void try_without() {
        while (untried_ > 0) {
            --untried_;
            std::vector<FallbackMove> fewer = kept_;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(untried_));
            Candidate candidate = base_.candidate;
            for (const FallbackMove move : fewer) candidate = apply(space_, candidate, move);
            if (history_.was_asked(candidate)) continue;  // it failed, else it would be the passing one
            wanted_ = std::move(candidate);
            return;
        }
        stage_ = Stage::done;
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
                return settings_.search == SearchMethod::greedy ? "fallback_greedy" : "fallback_bisection";
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
    Stage stage_ = Stage::model_wise;
    OutputErrors probes_;
    std::optional<Candidate> wanted_;  ///< whose outcome the stage waits for; empty if it waits for probes only
    ProbedCandidate base_;
    bool has_tried_options_ = false;
    std::vector<FallbackMove> option_moves_;  ///< in the stages options and joint: to other quantized options
    ProbedCandidate single_;                  ///< the best of them alone
    std::vector<FallbackMove> moves_;         ///< of the dtype; ranked after the stage fallback_one
    std::vector<Candidate> chain_;            ///< the base with 1, 2, … of the ranked moves
    std::optional<ChainSearch> search_;
    std::size_t step_ = 0;            ///< moves in wanted_, in the stage search
    std::vector<FallbackMove> kept_;  ///< of a passing candidate, in the stage requantize
    std::size_t untried_ = 0;         ///< of kept_, from the front
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
