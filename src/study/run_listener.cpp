#include "study/run_listener.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "eval/guessing.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "kernel/ops/machine.hpp"
#include "metric/metric.hpp"
#include "plan/codes_file.hpp"
#include "plan/describe_plan.hpp"
#include "study/calibration_file.hpp"
#include "study/goal_doubt.hpp"
#include "study/run_report.hpp"

namespace halftone::study {
namespace {

/// progress.json is synced to the disk each time, which may take some milliseconds.
constexpr double kProgressEvery = 5;
constexpr const char* kProgressFile = "progress.json";
constexpr const char* kCodesFile = "best.codes.npz";

}  // namespace

void RunListener::on_calibration() {
    write_calibration(parts_.evaluator.calibrator(), parts_.space, workspace_.path("calibration.h5"));
    // They need the ranges, so they can be made no sooner than now.
    if (!config_.tuning.tensorboard) return;
    const DistributionInputs inputs{parts_.evaluator.factory(), parts_.model, parts_.calibration,
                                    parts_.evaluator.batch()};
    distributions_.emplace(inputs, print_config(config_), workspace_.path(""));
}

void RunListener::on_baseline(const Score& score) {
    baseline_ = score;
    // A relative goal is a number only now that fp32's accuracy is known.
    goal_.emplace(config_.tuning.criterion, score.accuracy);
    log::info("tune", "fp32 accuracy={} samples={} goal={}", float_text(score.accuracy), score.samples,
              float_text(goal_->target()));
    warn_if_too_fine(score);
    if (const std::string text = goal_doubt(config_.tuning.criterion, score); !text.empty())
        log::warning("tune", "{}", text);
    // A goal that is derived from NaN means nothing, and any quantized model would meet it.
    if (score.samples > 0 && score.nonfinite.samples == score.samples) {
        throw ModelError(
            fmt::format("fp32: the outputs of all {} samples are NaN or infinite: there is nothing to "
                        "compare a quantized model with. 'halftone eval' shows what the data and "
                        "transforms give",
                        score.samples));
    }
    if (const std::string text = nonfinite_text(score); !text.empty()) {
        log::warning("tune", "fp32: {}; every accuracy of this run includes them", text);
    }
    // At the start and not only in the report: an hour of search with wrong samples is an hour lost.
    if (const std::string text = parts_.metrics ? guessing_text(*parts_.metrics, score) : ""; !text.empty()) {
        log::warning("tune", "fp32's {}", text);
    }
}

void RunListener::on_trial(const tune::FinishedTrial& trial, const std::string& stage, const tune::Progress& progress) {
    findings_.note_trial(trial.candidate, trial.outcome, stage, *goal_);
    // A resumed run replays its trials: findings and event files need all of them, the user saw them before.
    progress_.trials = progress.trials;
    progress_.most_left = progress.most_left;
    progress_.elapsed_s = progress.elapsed_s;
    progress_.expected_left_s = progress.expected_left_s;
    if (progress.trial_s > 0) progress_.most_left_s = most_seconds_left(progress, config_.tuning.timeout_s);
    if (!progress.is_replayed) {
        write_progress_now();
        line_.show(trial, stage, progress);
        warn_of_nonfinite(trial);
    }
    if (distributions_) distributions_->on_trial(trial, progress, goal_->target());
}

void RunListener::on_work(const tune::WorkInHand& work) {
    line_.show(work);
    progress_.elapsed_s = work.elapsed_s;
    progress_.expected_left_s = work.expected_left_s;
    if (work.elapsed_s - progress_written_ >= kProgressEvery) write_progress_now();
}

void RunListener::write_progress_now() {
    progress_written_ = progress_.elapsed_s;
    progress_.written_s = seconds(SystemClock().unix_time());
    workspace_.write(kProgressFile, write_progress(progress_));
}

void RunListener::end_progress() {
    if (progress_written_ > 0) workspace_.remove(kProgressFile);
}

void RunListener::on_probe(const ProbeRequest& request, const ProbeResult& result, const std::string& stage) {
    findings_.note_probe(request, result);
    log::debug("tune", "probe stage={} samples={}", stage, result.samples);
}

void RunListener::on_best(const tune::FinishedTrial& best, const Score& /*baseline*/) { deliver(best.candidate, best); }

void RunListener::deliver(const Candidate& candidate, const std::optional<tune::FinishedTrial>& trial) {
    // best.yaml names best.onnx's numbers, so the model is written first.
    const PlanNumbers numbers = parts_.evaluator.factory().numbers(candidate);
    const QuantizedModel model = parts_.evaluator.factory().quantized(candidate, numbers);
    best_bytes_ = write_onnx(workspace_.files(), workspace_.path("best.onnx"), model.graph);
    // What holds for every candidate was done to the model before the search; a preparation of this one adds to it.
    RecipeNumbers recipes = parts_.evaluator.factory().recipes(candidate);
    if (recipes.equalization.empty()) recipes.equalization = parts_.recipes.equalization;
    recipes.smoothing.insert(recipes.smoothing.end(), numbers.smoothing.begin(), numbers.smoothing.end());
    PlanDocument plan = describe_plan({.model = parts_.model,
                                       .space = parts_.space,
                                       .capability = parts_.capability,
                                       .candidate = candidate,
                                       .quantized = model,
                                       .numbers = numbers,
                                       .recipes = recipes,
                                       .findings = findings_});
    plan.isa = isa_name();
    if (trial) {
        plan.score = describe_score(trial->trial, std::get<Score>(trial->outcome), baseline_.accuracy,
                                    config_.tuning.criterion, trial->is_pass);
    }
    // Codes that data chose stand in a file of their own, which the plan names.
    if (auto codes = write_codes(numbers, kCodesFile)) {
        workspace_.write(kCodesFile, codes->bytes);
        plan.codes = std::move(codes->reference);
    } else if (workspace_.files().exists(workspace_.path(kCodesFile))) {
        workspace_.remove(kCodesFile);  // of an earlier best trial
    }
    workspace_.write("best.yaml", write_plan(plan));
}

void RunListener::warn_of_nonfinite(const tune::FinishedTrial& trial) const {
    const auto* score = std::get_if<Score>(&trial.outcome);
    // Where the fp32 model has the same samples, the baseline's warning has said it, and every trial would repeat it.
    if (score == nullptr || score->nonfinite == baseline_.nonfinite) return;
    if (const std::string text = nonfinite_text(*score); !text.empty()) {
        log::warning("tune", "trial {}: {}", trial.trial.value, text);
    }
}

void RunListener::warn_if_too_fine(const Score& score) const {
    // A goal finer than the data can resolve is a coin flip near its limit: the user should know it at the start.
    if (!score.correct || score.samples == 0) return;
    const Interval ci = wilson95(*score.correct, score.samples);
    const double half = (ci.high - ci.low) / 2;
    const double allowed = std::abs(score.accuracy - goal_->target());
    if (allowed >= half) return;
    log::info(
        "tune",
        "{} samples measure an accuracy to within ±{:.4f} (95 %), but the goal allows a loss of {:.4f} only: a model "
        "that meets it on these samples may miss it on others",
        score.samples, half, allowed);
}

}  // namespace halftone::study
