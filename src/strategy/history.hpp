#pragma once
// History: the candidates for which a strategy has asked, with their outcomes, by effective hash. A duplicate costs no
// trial and gets its own result.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

class History {
public:
    [[nodiscard]] bool was_asked(const Candidate& candidate) const { return by_hash_.contains(candidate.hash); }
    /// Adds a candidate and returns its trial number. @pre no candidate with this hash was added before
    TrialId add_asked(const Candidate& candidate);
    /// @pre trials are told in order
    void add_told(TrialId trial, const Outcome& outcome);
    /// Returns the outcome of the candidate's effective plan; nothing while it is not told.
    [[nodiscard]] std::optional<Outcome> find(const Candidate& candidate) const;
    /// Returns its accuracy; nothing if it failed, if the accuracy is NaN, or while it is not told.
    [[nodiscard]] std::optional<double> accuracy(const Candidate& candidate) const;
    [[nodiscard]] std::int64_t asked() const { return static_cast<std::int64_t>(asked_.size()); }
    [[nodiscard]] std::int64_t told() const { return told_; }
    [[nodiscard]] const Candidate& candidate(TrialId trial) const { return asked_[trial.index()]; }

private:
    std::vector<Candidate> asked_;
    std::vector<std::optional<Outcome>> outcomes_;
    std::map<std::uint64_t, TrialId> by_hash_;
    std::int64_t told_ = 0;
};

}  // namespace halftone
