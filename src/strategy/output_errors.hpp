#pragma once
// OutputErrors: probes of the model's output error, in batches. With them, strategies rank candidates without labels
// and choose the model-wise candidate from which they start.

#include <cstddef>
#include <optional>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

/// A candidate with the error of the model's outputs: noise to signal, the mean over the outputs. Infinite if the
/// candidate cannot be built.
struct ProbedCandidate {
    Candidate candidate;
    double error = 0;
};

class OutputErrors {
public:
    /// Forgets the batch before and begins this one.
    void start(std::vector<Candidate> candidates);
    /// Returns what to ask next: a probe of the batch, or a wait while results are missing; nothing once all are known.
    [[nodiscard]] std::optional<Ask> next_ask(const char* stage);
    /// @pre results are told in the order of asking
    void tell(const ProbeResult& result);

    /// Returns the errors known so far, in the order of the candidates.
    [[nodiscard]] const std::vector<double>& errors() const { return errors_; }
    /// Returns how many results are missing.
    [[nodiscard]] std::size_t left() const { return candidates_.size() - errors_.size(); }
    /// Returns the index of the least error, the first of equals. @pre every result is known, and there is one
    [[nodiscard]] std::size_t least() const;
    /// Returns the candidate with the least error. @pre as least()
    [[nodiscard]] ProbedCandidate best() const { return {candidates_[least()], errors_[least()]}; }

private:
    std::vector<Candidate> candidates_;
    std::vector<double> errors_;
    std::size_t asked_ = 0;
};

}  // namespace halftone
