#pragma once
// Toy problems whose strategy follows a script: which candidates, in which groups, with or without a verdict only.

#include <cstdint>
#include <optional>
#include <vector>

#include "support/toy_scores.hpp"
#include "support/toy_tuning.hpp"

namespace halftone::test {

/// Asks for the candidates of the space in order, as told to.
class ScriptedStrategy final : public Strategy {
public:
    struct Script {
        std::uint64_t count = 0;
        std::int64_t group = 0;
        std::uint64_t verdicts_from = UINT64_MAX;  ///< candidates from this one on need a verdict only
        bool refines = false;
        bool probes_first = false;
    };
    ScriptedStrategy(const SearchSpace& space, Script script) : space_(space), script_(script) {}

    [[nodiscard]] Ask ask() override {
        if (script_.probes_first && !is_probed_) {
            is_probed_ = true;
            return Ask::for_probe(ProbeRequest{ProbeKind::output_error, space_.at(0)}, "look");
        }
        if (script_.probes_first && !result_) return Ask::wait();
        if (next_ == script_.count) return Ask::done();
        Ask ask = Ask::for_trial(space_.at(next_), "scripted");
        ask.group = script_.group;
        ask.verdict_only = next_ >= script_.verdicts_from;
        ++next_;
        return ask;
    }
    void tell(TrialId, const Outcome&) override {}
    void tell_probe(std::int64_t probe, const ProbeResult& result) override {
        EXPECT_EQ(probe, 0);
        result_ = result;
    }
    [[nodiscard]] bool refines() const override { return script_.refines; }

private:
    const SearchSpace& space_;
    Script script_;
    std::uint64_t next_ = 0;
    bool is_probed_ = false;
    std::optional<ProbeResult> result_;
};

inline ToyProblem scripted(const std::vector<double>& accuracies, ScriptedStrategy::Script script) {
    ToyProblem problem = listed_problem(accuracies);
    script.count = accuracies.size();
    problem.shards = 10;
    problem.make_strategy = [script](const StrategyContext& c) {
        return std::make_unique<ScriptedStrategy>(c.space, script);
    };
    return problem;
}

/// Two units; the table makes fp32 of unit 0 fast.
inline ToyProblem objective_problem() {
    ToyProblem problem{.space = uniform_space(2, {kMinmax, kFp32}), .outcome = {}, .make_strategy = {}};
    problem.outcome = [](const Candidate&) { return score(0.9); };
    problem.make_strategy = [](const StrategyContext& c) {
        return std::make_unique<ScriptedStrategy>(c.space, ScriptedStrategy::Script{.count = 4});
    };
    problem.settings.timeout_s = 1000;
    problem.latency = LatencyTable{.unit_ms = {{1.0, 0.2}, {0.3, 1.0}}, .conversions = {}, .rest_ms = 0};
    return problem;
}

inline std::vector<journal::Trial> trials_of(const ToyRun& toy) { return toy.records_of<journal::Trial>(); }

}  // namespace halftone::test
