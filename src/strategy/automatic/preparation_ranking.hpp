#pragma once
// PreparationRanking: which model-wise candidates of which preparation distort the model's output least. It needs no
// labels. `auto` evaluates the first few of them.

#include <cstddef>
#include <optional>
#include <vector>

#include "strategy/output_errors.hpp"

namespace halftone {

class PreparationRanking {
public:
    /// @param candidates  model-wise ones, for every calibration index; not empty
    explicit PreparationRanking(std::vector<Candidate> candidates);

    /// Returns the next probe, or a wait while results are missing; nothing once the ranking is known.
    [[nodiscard]] std::optional<Ask> next_ask();
    /// @pre results are told in the order of asking
    void tell_probe(const ProbeResult& result) { probes_.tell(result); }

    /// Returns how many results are missing until the ranking is known.
    [[nodiscard]] std::size_t probes_left() const;
    /// Returns the best candidates, the one with the least error first. The others are, as far as there are any, the
    /// best of other calibration indices: the second best option of the same preparation would seldom say anything new.
    /// @pre next_ask() has returned nothing
    [[nodiscard]] std::vector<ProbedCandidate> best(std::size_t count) const;
    /// Returns whether all candidates were probed; if not, only those of the most promising preparations were.
    [[nodiscard]] bool has_probed_all() const { return probed_.size() == all_; }

private:
    [[nodiscard]] std::vector<Candidate> of_best_indices() const;

    std::vector<Candidate> candidates_;
    std::size_t all_;
    std::vector<Candidate> probed_;  ///< what probes_ measures
    OutputErrors probes_;
    bool is_last_step_ = true;  ///< probed_ is what is ranked at the end
};

}  // namespace halftone
