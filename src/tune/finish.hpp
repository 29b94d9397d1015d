#pragma once
// The last phase of a run: trials that ended early and may be the best are completed, finalists are timed, the best
// model is written and the end is journaled.

#include <optional>
#include <vector>

#include "tune/run_context.hpp"
#include "tune/search.hpp"
#include "tune/stop_conditions.hpp"

namespace halftone::tune {

class Finish {
public:
    Finish(const RunContext& run, StopConditions& stop, Search& search, RunResult& result)
        : run_(run), stop_(stop), search_(search), result_(result) {}

    /// @pre search.run() has returned
    void run();

private:
    void complete_best();
    [[nodiscard]] std::optional<journal::TrialResult> evaluate_fully(const FinishedTrial& trial);
    [[nodiscard]] bool can_time() const;
    [[nodiscard]] std::optional<FinishedTrial> fp32_model() const;
    void choose_finalist();
    [[nodiscard]] std::size_t choose(const std::vector<FinishedTrial>& finalists,
                                     const std::vector<MedianInterval>& times, std::optional<std::size_t> fp32);
    [[nodiscard]] std::size_t choose_unmet(const std::vector<FinishedTrial>& finalists,
                                           const std::vector<MedianInterval>& times, std::size_t fp32);
    void judge_speed(const std::vector<MedianInterval>& times, std::size_t chosen, std::size_t fp32);
    [[nodiscard]] std::vector<MedianInterval> time_finalists(const std::vector<FinishedTrial>& finalists,
                                                             const journal::Finalists& record);
    void fill_result();
    void write_end();

    RunContext run_;
    StopConditions& stop_;
    Search& search_;
    RunResult& result_;
};

}  // namespace halftone::tune
