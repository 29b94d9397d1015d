#pragma once
// FrontSearch: finds the fastest candidate that meets the goal. Losses of units come from probes, latencies from the
// table; a knapsack gives the front of predicted plans, and trials along it find its fastest point that passes. The
// strategy `pareto` is this search from the best model-wise candidate; `auto` ends with it.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "strategy/fallback.hpp"
#include "strategy/knapsack.hpp"
#include "strategy/output_errors.hpp"
#include "trial/latency_table.hpp"

namespace halftone {

/// How far a search goes along the front.
struct FrontLimits {
    std::size_t batch = 8;    ///< trials of a round
    std::int64_t rounds = 4;  ///< at most
};

class FrontSearch {
public:
    /// The space outlives the search. @pre the table fits the space
    FrontSearch(const SearchSpace& space, const Goal& goal, const LatencyTable& table, FrontLimits limits);

    /// Begins with this base. @param companions  other candidates that are evaluated in the first round, because they
    /// are as fast as the base
    void start(ProbedCandidate base, std::vector<Candidate> companions = {});
    /// Returns what to ask next, and notes a candidate as asked; nothing once the search is over.
    [[nodiscard]] std::optional<Ask> next_ask(History& history);
    /// @pre results are told in the order of asking
    void tell_probe(const ProbeResult& result) { probes_.tell(result); }

    /// Returns the plan of least predicted latency among those in which each unit runs as in the base or in high
    /// precision. Its loss does not count.
    [[nodiscard]] Candidate fastest(const Candidate& base) const;
    /// Returns the candidate's predicted latency.
    [[nodiscard]] double predict_ms(const Candidate& candidate) const { return table_.predict_ms(space_, candidate); }
    /// Returns how many trials it may still ask for at the most.
    [[nodiscard]] std::int64_t most_trials_left() const;
    /// Returns the steps that may miss a better candidate, in words.
    [[nodiscard]] static std::vector<std::string> heuristics() {
        return {"losses of units are what they add to the error of the model's output, and add up",
                "along the predicted front less loss is never worse"};
    }

private:
    enum class Stage { losses, front, done };

    [[nodiscard]] Ask propose(const Candidate& candidate, const char* stage, History& history) const;
    void advance(const History& history);
    void predict_front();
    [[nodiscard]] KnapsackProblem problem_of(const Candidate& base, const std::vector<FallbackMove>& moves,
                                             const std::vector<double>& gains) const;
    [[nodiscard]] std::vector<FallbackMove> all_fallbacks(const Candidate& base) const;
    [[nodiscard]] KnapsackChoice choice_of(std::size_t unit, std::uint16_t option, double loss) const;
    void begin_round(const History& history);
    [[nodiscard]] std::set<std::size_t> spread() const;
    [[nodiscard]] std::set<std::size_t> around(std::size_t center) const;
    [[nodiscard]] std::size_t expected(const History& history) const;
    void narrow(const History& history);

    const SearchSpace& space_;
    Goal goal_;
    LatencyTable table_;
    FrontLimits limits_;
    std::vector<Candidate> companions_;
    Stage stage_ = Stage::done;
    OutputErrors probes_;
    ProbedCandidate base_;
    std::vector<FallbackMove> moves_;
    std::vector<Candidate> front_;    ///< the predicted front, fastest first
    std::vector<double> losses_;      ///< theirs, predicted
    std::vector<std::size_t> queue_;  ///< points of this round
    std::size_t next_in_queue_ = 0;
    std::size_t next_companion_ = 0;  ///< in the first round
    std::int64_t round_ = 0;
    std::size_t failing_ = 0;  ///< the points before this one fail
    std::size_t passing_ = 0;  ///< this point passes; the front's size if none does
};

}  // namespace halftone
