#pragma once
// RunListener: the files and messages of a tune while it runs. It writes best.onnx, best.yaml, calibration.h5 and the
// distributions into the workspace, logs the goal, and shows the progress line.

#include <cstddef>
#include <optional>
#include <string>

#include "config/run_config.hpp"
#include "data/dataset.hpp"
#include "eval/model_evaluator.hpp"
#include "exec/prepared_model.hpp"
#include "exec/recipes.hpp"
#include "journal/workspace.hpp"
#include "plan/findings.hpp"
#include "space/search_space.hpp"
#include "study/distributions.hpp"
#include "study/progress_file.hpp"
#include "study/progress_line.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// The objects of a run; all of them outlive the listener.
struct RunParts {
    const PreparedModel& model;         ///< prepared by the recipes
    const RecipeNumbers& recipes;       ///< what they did
    const CapabilityTable& capability;  ///< of the model's units
    const SearchSpace& space;
    const Pipeline& calibration;
    const Pipeline& timing;  ///< the samples with which latencies are measured
    ModelEvaluator& evaluator;
    const MetricSet* metrics = nullptr;  ///< bound to the model; null if nothing is scored
};

class RunListener final : public tune::Listener {
public:
    RunListener(const RunConfig& config, const RunParts& parts, journal::Workspace& workspace, ProgressLine& line)
        : config_(config), parts_(parts), workspace_(workspace), line_(line), findings_(parts.space) {}

    void on_calibration() override;
    void on_work(const tune::WorkInHand& work) override;
    void on_baseline(const Score& score) override;
    void on_trial(const tune::FinishedTrial& trial, const std::string& stage, const tune::Progress& progress) override;
    void on_probe(const ProbeRequest& request, const ProbeResult& result, const std::string& stage) override;
    void on_best(const tune::FinishedTrial& best, const Score& baseline) override;

    /// Writes best.onnx and best.yaml. @param trial  none if nothing was evaluated. @throws IoError
    void deliver(const Candidate& candidate, const std::optional<tune::FinishedTrial>& trial);
    /// Removes progress.json: the run is over, or stopped.
    void end_progress();
    /// Returns the size of best.onnx; 0 before the first delivery.
    [[nodiscard]] std::size_t best_bytes() const { return best_bytes_; }

private:
    void warn_of_nonfinite(const tune::FinishedTrial& trial) const;
    void warn_if_too_fine(const Score& score) const;
    void write_progress_now();

    const RunConfig& config_;
    RunParts parts_;
    journal::Workspace& workspace_;
    ProgressLine& line_;
    Score baseline_;
    std::optional<Goal> goal_;  ///< known once the baseline is
    Findings findings_;
    std::optional<Distributions> distributions_;  ///< only with tuning.tensorboard
    std::size_t best_bytes_ = 0;
    RunProgress progress_;         ///< as progress.json has it, or will have it
    double progress_written_ = 0;  ///< elapsed seconds when progress.json was written last; 0: never
};

}  // namespace halftone::study
