#include "trial/evaluator.hpp"

#include "base/check.hpp"

namespace halftone {

// An evaluator without margins, early ends or probes implements none of these: trials run to their end then.
void Evaluator::install_difficulty(const std::string&) {}

// Scores have no loss then.
void Evaluator::install_baseline(const Score&, const Judgements&) {}

Judgements Evaluator::merge_judgements(const std::vector<std::string>&) const { return {}; }

Score Evaluator::merge_scores(const std::vector<std::string>& payloads) const {
    const auto merge = start_score();
    for (const std::string& payload : payloads) merge->add(payload);
    return merge->score();
}

std::string Evaluator::merge_difficulty(const std::vector<std::string>&) const { return {}; }

ProbeResult Evaluator::merge_probe(const std::vector<std::string>&) const {
    HALFTONE_CHECK(false, "an evaluator that runs probes merges them");
}

}  // namespace halftone
