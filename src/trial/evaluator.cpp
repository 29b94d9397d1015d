#include "trial/evaluator.hpp"

#include "base/check.hpp"

namespace halftone {

// An evaluator without margins, early ends or probes implements none of these: trials run to their end then.
void Evaluator::install_difficulty(const std::string&) {}

std::optional<AccuracyBounds> Evaluator::bounds(const std::vector<std::string>&) const { return std::nullopt; }

std::string Evaluator::merge_difficulty(const std::vector<std::string>&) const { return {}; }

ProbeResult Evaluator::merge_probe(const std::vector<std::string>&) const {
    HALFTONE_CHECK(false, "an evaluator that runs probes merges them");
}

}  // namespace halftone
