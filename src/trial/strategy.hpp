#pragma once
// Strategy: a pure conversation. It sees the space and past scores; no clock, no I/O, no ranks.

#include <memory>
#include <string>

#include "space/search_space.hpp"
#include "trial/trial.hpp"

namespace halftone {

/// What a strategy answers: a candidate to evaluate, "I need more outcomes first", or "I am done".
struct Ask {
    enum class Kind { candidate, wait, done };
    Kind kind = Kind::done;
    Candidate candidate = {};
    std::string stage = {};     ///< "model_wise", "fallback_one", …: for the journal
    bool verdict_only = false;  ///< pass/fail suffices; the trial may end early

    static Ask wait() { return {Kind::wait, {}, {}, false}; }
    static Ask done() { return {Kind::done, {}, {}, false}; }
};

/// The n-th candidate (from 0) is trial n. Outcomes are told in trial order. The answer depends only on what was asked
/// and told, so the sequence of candidates is the same for any number of workers. Never asks the same effective
/// candidate (hash) twice. `wait` only while at least one asked trial is untold.
class Strategy {
public:
    virtual ~Strategy() = default;
    [[nodiscard]] virtual Ask ask() = 0;
    virtual void tell(TrialId trial, const Outcome& outcome) = 0;
};

struct StrategyContext {
    const SearchSpace& space;  ///< outlives the strategy
    Goal goal;
    double baseline = 0;  ///< fp32 accuracy
    std::uint64_t seed = 0;
    ModelWise model_wise = ModelWise::uniform;
    ConfigNode settings = {};  ///< its section of the config
};

}  // namespace halftone
