#include "strategy/output_errors.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace halftone {

void OutputErrors::start(std::vector<Candidate> candidates) {
    candidates_ = std::move(candidates);
    errors_.clear();
    asked_ = 0;
}

std::optional<Ask> OutputErrors::next_ask(const char* stage) {
    if (asked_ < candidates_.size()) {
        return Ask::for_probe(ProbeRequest{ProbeKind::output_error, candidates_[asked_++]}, stage);
    }
    if (errors_.size() < candidates_.size()) return Ask::wait();
    return std::nullopt;
}

void OutputErrors::tell(const ProbeResult& result) {
    const bool is_known = result.failure.empty() && !result.values.empty();
    // Noise to signal has no unit, so outputs of any size count alike: the mean over them.
    double error = 0;
    for (const ErrorSums& output : result.values)
        error += output.relative() / static_cast<double>(result.values.size());
    errors_.push_back(is_known ? error : std::numeric_limits<double>::infinity());
}

std::size_t OutputErrors::least() const {
    return static_cast<std::size_t>(std::min_element(errors_.begin(), errors_.end()) - errors_.begin());
}

}  // namespace halftone
