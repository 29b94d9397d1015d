#pragma once
// What a strategy has asked and been told, by effective hash: a duplicate costs nothing and returns its own result.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

class History {
public:
    [[nodiscard]] bool was_asked(const Candidate& candidate) const { return by_hash_.contains(candidate.hash); }
    /// @pre not asked before. @return its trial number
    TrialId add_asked(const Candidate& candidate);
    /// @pre trials are told in order
    void add_told(TrialId trial, const Outcome& outcome);
    /// The outcome of the candidate's effective plan, if told.
    [[nodiscard]] std::optional<Outcome> find(const Candidate& candidate) const;
    /// Its accuracy; a failure, NaN or unknown gives nothing.
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
