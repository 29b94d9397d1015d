#pragma once
// PreparationRanking: ranks the model-wise candidates of all preparations by the error of the model's output. It needs
// no labels. `auto` evaluates the first few candidates.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "strategy/output_errors.hpp"

namespace halftone {

class PreparationRanking {
public:
    /// Begins with the plain candidates, those whose preparation does nothing. If there are none, or if all are plain,
    /// all candidates are ranked at once.
    /// @param candidates  model-wise ones of the space, for every calibration index; not empty
    PreparationRanking(const SearchSpace& space, std::vector<Candidate> candidates);

    /// Returns the next probe, or a wait while results are missing; nothing once the ranking is known.
    [[nodiscard]] std::optional<Ask> next_ask();
    /// @pre results are told in the order of asking
    void tell_probe(const ProbeResult& result);

    /// Returns whether the plain candidates alone are ranked, and there are others.
    [[nodiscard]] bool has_only_plain() const { return step_ == Step::plain; }
    /// Goes on with the candidates of all preparations. No candidate is probed twice.
    /// @pre has_only_plain(), and next_ask() has returned nothing
    void include_all();

    /// Returns how many results are missing until next_ask() returns nothing.
    [[nodiscard]] std::size_t probes_left() const;
    /// Returns how many of them are of candidates with a preparation.
    [[nodiscard]] std::size_t prepared_probes_left() const;
    /// Returns how many probes follow include_all(), all of them of candidates with a preparation.
    /// @pre has_only_plain()
    [[nodiscard]] std::size_t probes_behind_plain() const;
    /// Returns the least error of the probes that were told; nothing if none was.
    [[nodiscard]] std::optional<double> least_error() const;
    /// Returns the best candidates. The first one has the least error; the next ones are the best of other calibration
    /// indices, if there are any, because a second candidate of the same preparation seldom differs much.
    /// @pre next_ask() has returned nothing
    [[nodiscard]] std::vector<ProbedCandidate> best(std::size_t count) const;
    /// Returns whether all candidates were probed; if not, only those of the most promising preparations were.
    [[nodiscard]] bool has_probed_all() const { return ranked_.size() == candidates_.size(); }

private:
    /// The candidates that are ranked: the plain ones; one of each calibration index; all, or all of the best indices.
    enum class Step { plain, one_of_each, last };

    void begin(Step step, std::vector<Candidate> ranked);
    void begin_all();
    [[nodiscard]] std::vector<Candidate> of_best_indices() const;
    [[nodiscard]] std::vector<double> errors_of_ranked() const;

    std::vector<Candidate> candidates_;
    std::set<std::int64_t> plain_indices_;  ///< calibration indices without a preparation
    Step step_ = Step::last;
    std::vector<Candidate> ranked_;  ///< the candidates of this step
    std::vector<Candidate> asked_;   ///< those of ranked_ that no earlier step has probed, in the order of asking
    OutputErrors probes_;            ///< the probes of asked_
    std::map<std::uint64_t, double> errors_;  ///< of all steps, by the candidate's hash
};

}  // namespace halftone
