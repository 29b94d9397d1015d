#include "tune/journal_history.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone::tune {
namespace {

struct HistorySorter {
    JournalHistory& history;

    void operator()(const journal::Trial& trial) {
        // Trials are journaled in order, so a gap means that lines were lost or that files were mixed.
        if (std::cmp_not_equal(trial.trial, history.trials.size())) {
            throw IoError(fmt::format("the journal has trial {} where trial {} belongs; choose another --workspace",
                                      trial.trial, history.trials.size()));
        }
        history.trials.emplace(trial.trial, trial);
        history.elapsed_s = static_cast<double>(trial.elapsed_ms) / 1000.0;
    }
    void operator()(const journal::Partial& partial) { history.partials[partial.of] = partial; }
    void operator()(const journal::Sensitivity& probe) { history.probes[probe.probe] = probe; }
    void operator()(const journal::Completion& completion) { history.completions[completion.of] = completion; }
    void operator()(const journal::Baseline& baseline) { history.baseline = baseline; }
    void operator()(const journal::Difficulty& difficulty) { history.difficulty = difficulty; }
    void operator()(const journal::Judgements& judgements) { history.judgements = judgements; }
    void operator()(const journal::LatencyTable& table) { history.latency = table; }
    void operator()(const journal::Finalists& finalists) { history.finalists = finalists; }
    void operator()(const journal::End& end) {
        history.end = end;
        // The end may come long after the last trial; a run that ended by timeout must stay ended.
        history.elapsed_s = static_cast<double>(end.elapsed_ms) / 1000.0;
    }
    void operator()(const journal::Header&) {}  // compared by the workspace, before the run
    void operator()(const journal::Resume&) {}
};

}  // namespace

JournalHistory sort_records(const std::vector<journal::Record>& records) {
    JournalHistory history;
    for (const journal::Record& record : records) std::visit(HistorySorter{history}, record);
    return history;
}

void require_same_candidate(const std::string& what, const Candidate& candidate, const std::string& journalled_hash) {
    if (hex16(candidate.hash) == journalled_hash) return;
    throw ConfigError(
        fmt::format("the journal's {} is candidate {}, this run would ask for {}; was it written by "
                    "another version? Choose another --workspace",
                    what, journalled_hash, hex16(candidate.hash)));
}

}  // namespace halftone::tune
