#pragma once
// ProbedBase: what `sensitivity` and `pareto` share. A probe for each model-wise candidate comes first (stage
// model_wise); the candidate with the least error of the output becomes the base of a search, which does the rest.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strategy/history.hpp"
#include "strategy/output_errors.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// @tparam Search  what begins at the base: next_ask, tell_probe, most_trials_left, heuristics
template <class Search>
class ProbedBase : public Strategy {
public:
    /// @param search  what the constructor of the search takes
    template <class... Arguments>
    explicit ProbedBase(std::vector<Candidate> model_wise, Arguments&&... search)
        : search_(std::forward<Arguments>(search)...) {
        probes_.start(std::move(model_wise));
    }

    [[nodiscard]] bool refines() const override { return true; }
    [[nodiscard]] std::vector<std::string> heuristics() const override { return search_.heuristics(); }

    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const override {
        return has_base_ ? std::optional(search_.most_trials_left()) : std::nullopt;
    }

    [[nodiscard]] Ask ask() override {
        if (!has_base_) {
            if (auto ask = probes_.next_ask("model_wise")) return *std::move(ask);
            start(search_, probes_.best());
            has_base_ = true;
        }
        auto ask = search_.next_ask(history_);
        return ask ? *std::move(ask) : Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }
    void tell_probe(std::int64_t, const ProbeResult& result) override {
        if (has_base_) {
            search_.tell_probe(result);
        } else {
            probes_.tell(result);
        }
    }

private:
    /// Starts the search at the base; some searches also want the candidates that were not chosen.
    virtual void start(Search& search, ProbedCandidate base) = 0;

    History history_;
    OutputErrors probes_;    ///< of the model-wise candidates
    bool has_base_ = false;  ///< every probe of them is told, and the search has started
    Search search_;
};

}  // namespace halftone
