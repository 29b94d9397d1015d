#pragma once
// The coordinator's rules around a strategy, without ranks: a number of workers finish in random order, outcomes are
// told in trial order, and the strategy is asked whenever a worker is free.

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "trial/strategy.hpp"

namespace halftone::test {

struct Conversation {
    std::vector<Candidate> candidates;  ///< by trial
    std::vector<std::string> stages;    ///< by trial
    std::vector<Outcome> outcomes;      ///< by trial
    bool is_done = false;               ///< the strategy ended by itself
};

using Evaluate = std::function<Outcome(const Candidate&)>;

struct Workers {
    std::size_t count = 1;
    std::uint64_t seed = 0;  ///< of the order in which they finish
    std::size_t max_trials = 1'000'000;
};

/// @throws std::logic_error when the strategy waits although everything is told
inline Conversation simulate(Strategy& strategy, const Evaluate& evaluate, Workers workers = {}) {
    Conversation talk;
    std::vector<std::size_t> busy_with;       // trials that run now
    std::map<std::size_t, Outcome> finished;  // not told yet: a lower trial is still running
    Rng rng(workers.seed);
    const auto ask_while_free = [&] {
        while (!talk.is_done && busy_with.size() < workers.count && talk.candidates.size() < workers.max_trials) {
            const Ask ask = strategy.ask();
            if (ask.kind == Ask::Kind::wait) {
                if (talk.outcomes.size() == talk.candidates.size()) throw std::logic_error("waits for nothing");
                return;
            }
            if (ask.kind == Ask::Kind::done) {
                talk.is_done = true;
                return;
            }
            busy_with.push_back(talk.candidates.size());
            talk.candidates.push_back(ask.candidate);
            talk.stages.push_back(ask.stage);
        }
    };
    ask_while_free();
    while (!busy_with.empty()) {
        const auto next = busy_with.begin() + static_cast<std::ptrdiff_t>(rng.below(busy_with.size()));
        finished.emplace(*next, evaluate(talk.candidates[*next]));
        busy_with.erase(next);
        while (finished.contains(talk.outcomes.size())) {
            const std::size_t trial = talk.outcomes.size();
            talk.outcomes.push_back(finished.at(trial));
            strategy.tell(make_id<TrialId>(trial), talk.outcomes.back());
        }
        ask_while_free();
    }
    return talk;
}

}  // namespace halftone::test
