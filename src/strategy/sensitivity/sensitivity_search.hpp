#pragma once
// SensitivitySearch: finds a candidate that meets the goal with few fallbacks from a quantized base. Fallbacks are
// ranked by the error of the model's output. The strategy `sensitivity` is this search from the best model-wise
// candidate; `auto` runs it if none of its first candidates meets the goal.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "strategy/fallback.hpp"
#include "strategy/output_errors.hpp"
#include "strategy/sensitivity/chain_search.hpp"

namespace halftone {

struct SensitivitySettings {
    ChainSearch::Method search = ChainSearch::Method::bisection;
    std::int64_t options = 8;  ///< most sensitive units whose other quantized options are tried
};

class SensitivitySearch {
public:
    /// The space outlives the search.
    SensitivitySearch(const SearchSpace& space, const Goal& goal, const SensitivitySettings& settings);

    /// Begins with this base. It is evaluated unless the history knows it.
    void start(ProbedCandidate base);
    /// Returns what to ask next, and notes a candidate as asked; nothing once the search is over.
    [[nodiscard]] std::optional<Ask> next_ask(History& history);
    /// @pre results are told in the order of asking
    void tell_probe(const ProbeResult& result) { probes_.tell(result); }

    /// Returns the quantized candidate that fallbacks are applied to: the one of start(), or a better one with other
    /// options of its sensitive units.
    [[nodiscard]] const ProbedCandidate& base() const { return base_; }
    /// Returns how many trials it may still ask for at the most.
    [[nodiscard]] std::int64_t most_trials_left() const;
    /// Returns the steps that may miss a better candidate, in words.
    [[nodiscard]] std::vector<std::string> heuristics() const;

private:
    enum class Stage { base, fallback_one, options, joint, search, requantize, done };

    [[nodiscard]] Ask propose(History& history) const;
    void advance(const History& history);
    void begin_base(ProbedCandidate base);
    void begin_fallback_one();
    [[nodiscard]] std::vector<double> rank_moves_by_error();
    void begin_options(const std::vector<double>& errors, const History& history);
    void begin_joint(const History& history);
    void begin_search(const History& history);
    void go_on_searching(const History& history);
    void begin_requantizing(std::size_t passing, const History& history);
    void try_without(const History& history);
    [[nodiscard]] bool passes(const Candidate& candidate, const History& history) const;
    [[nodiscard]] const char* stage_name() const;

    const SearchSpace& space_;
    Goal goal_;
    SensitivitySettings settings_;
    std::vector<DType> dtypes_;
    std::size_t dtype_ = 0;
    Stage stage_ = Stage::done;
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

}  // namespace halftone
