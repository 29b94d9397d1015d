#pragma once
// Probes of the model's output error, asked for and told in batches: how strategies rank candidates without labels.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "trial/strategy.hpp"

namespace halftone {

/// Probes of output errors that were asked for together.
class OutputErrors {
public:
    void ask_for(std::vector<Candidate> candidates) {
        candidates_ = std::move(candidates);
        errors_.clear();
        asked_ = 0;
    }
    [[nodiscard]] std::optional<Ask> next(const char* stage) {
        if (asked_ == candidates_.size()) return std::nullopt;
        return Ask::of(ProbeRequest{ProbeKind::output_error, candidates_[asked_++]}, stage);
    }
    /// A candidate that cannot be built is worse than any other.
    void tell(const ProbeResult& result) {
        const bool is_known = result.failure.empty() && !result.values.empty();
        errors_.push_back(is_known ? result.values.front().relative() : std::numeric_limits<double>::infinity());
    }
    [[nodiscard]] bool is_complete() const { return errors_.size() == candidates_.size(); }
    [[nodiscard]] const std::vector<double>& errors() const { return errors_; }
    /// The candidate with the least error, the first of equals. @pre is_complete(), and there is one
    [[nodiscard]] std::size_t least() const {
        return static_cast<std::size_t>(std::min_element(errors_.begin(), errors_.end()) - errors_.begin());
    }

private:
    std::vector<Candidate> candidates_;
    std::vector<double> errors_;
    std::size_t asked_ = 0;
};

}  // namespace halftone
