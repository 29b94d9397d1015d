#pragma once
// The coordinator's rules around a strategy, without ranks: a number of workers finish in random order, outcomes are
// told in trial order, and the strategy is asked whenever a worker is free.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "base/rng.hpp"
#include "trial/strategy.hpp"

namespace halftone::test {

struct Conversation {
    std::vector<Candidate> candidates;  ///< by trial
    std::vector<std::string> stages;    ///< by trial
    std::vector<Outcome> outcomes;      ///< by trial
    std::vector<ProbeRequest> probes;   ///< by probe
    bool is_done = false;               ///< the strategy ended by itself
};

/// Returns the effects of the candidates, each once.
[[nodiscard]] inline std::set<std::uint64_t> hashes_of(const Conversation& conversation) {
    std::set<std::uint64_t> all;
    for (const Candidate& candidate : conversation.candidates) all.insert(candidate.hash);
    return all;
}

using Evaluate = std::function<Outcome(const Candidate&)>;
using Probe = std::function<ProbeResult(const ProbeRequest&)>;

/// Errors by chance, from the candidate's effect: one for each unit, or one.
inline ProbeResult random_errors(const ProbeRequest& request) {
    ProbeResult result;
    Rng rng(mix(request.candidate.hash, 29));
    const bool is_output = request.kind == ProbeKind::output_error;
    result.values.resize(is_output ? 1 : request.candidate.choice.size());
    for (ErrorSums& sums : result.values) {
        sums.count = 100;
        sums.reference = 100;
        sums.error = rng.uniform();
    }
    result.samples = 100;
    return result;
}

struct Workers {
    std::size_t count = 1;
    std::uint64_t seed = 0;  ///< of the order in which they finish
    std::size_t max_trials = 1'000'000;
};

/// @throws std::logic_error when the strategy waits although everything is told
inline Conversation simulate(Strategy& strategy, const Evaluate& evaluate, Workers workers = {},
                             const Probe& probe = random_errors) {
    Conversation talk;
    std::vector<Ask> asked;                                              // trials and probes, in the order asked
    std::vector<std::size_t> busy_with;                                  // of asked, what runs now
    std::map<std::size_t, std::variant<Outcome, ProbeResult>> finished;  // not told: an earlier one is still running
    std::size_t told = 0;
    std::int64_t probes_told = 0;
    Rng rng(workers.seed);
    const auto ask_while_free = [&] {
        while (!talk.is_done && busy_with.size() < workers.count && talk.candidates.size() < workers.max_trials) {
            const Ask ask = strategy.ask();
            if (ask.kind == Ask::Kind::wait) {
                if (told == asked.size()) throw std::logic_error("waits for nothing");
                return;
            }
            if (ask.kind == Ask::Kind::done) {
                talk.is_done = true;
                return;
            }
            busy_with.push_back(asked.size());
            asked.push_back(ask);
            if (ask.kind == Ask::Kind::probe) {
                talk.probes.push_back(ask.probe);
            } else {
                talk.candidates.push_back(ask.candidate);
                talk.stages.push_back(ask.stage);
            }
        }
    };
    const auto tell_in_order = [&] {
        for (; finished.contains(told); ++told) {
            if (asked[told].kind == Ask::Kind::probe) {
                strategy.tell_probe(probes_told++, std::get<ProbeResult>(finished.at(told)));
                continue;
            }
            const auto trial = make_id<TrialId>(talk.outcomes.size());
            talk.outcomes.push_back(std::get<Outcome>(finished.at(told)));
            strategy.tell(trial, talk.outcomes.back());
        }
    };
    ask_while_free();
    while (!busy_with.empty()) {
        const auto next = busy_with.begin() + static_cast<std::ptrdiff_t>(rng.below(busy_with.size()));
        const Ask& ask = asked[*next];
        if (ask.kind == Ask::Kind::probe) {
            finished.emplace(*next, probe(ask.probe));
        } else {
            finished.emplace(*next, evaluate(ask.candidate));
        }
        busy_with.erase(next);
        tell_in_order();
        ask_while_free();
    }
    return talk;
}

}  // namespace halftone::test
