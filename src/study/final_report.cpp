// What tune prints at its end: the verdict in one sentence, the table of fp32 and the delivered model side by side,
// whether the goal is met, the Pareto front where latencies were looked at, and warnings. The numbers are those of
// run.yaml, so that both say the same.
#include "study/final_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "study/progress_line.hpp"
#include "study/run_report.hpp"
#include "study/verdict_line.hpp"

namespace halftone::study {
namespace {

std::string latency_cell(const std::optional<double>& latency_ms) {
    return latency_ms ? fmt::format("{:.3f} ms", *latency_ms) : std::string("-");
}

std::string bytes_cell(std::size_t bytes) { return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1000); }

/// Names the metrics of the best model that lose more than their own limit allows.
std::string missed_limits(const RunConfig& config, const tune::RunResult& result) {
    const auto value_of = [](const Score& score, const std::string& metric) {
        const auto found = std::find_if(score.metrics.begin(), score.metrics.end(),
                                        [&](const MetricValue& value) { return value.name == metric; });
        return found == score.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : found->value;
    };
    std::vector<std::string> missed;
    for (const MetricConfig& metric : config.evaluation->metrics) {
        if (!metric.limit) continue;
        const Goal limit(*metric.limit, value_of(result.baseline, metric.plugin.name));
        const double value = value_of(std::get<Score>(result.best->outcome), metric.plugin.name);
        if (limit.is_met(value)) continue;
        missed.push_back(
            fmt::format("{} is {:.6g}, and its limit is {:.6g}", metric.plugin.name, value, limit.target()));
    }
    return join(missed, "; ");
}

/// Says which loss is allowed and whether a trial keeps to it.
std::string goal_line(const RunConfig& config, const tune::RunResult& result) {
    const AccuracyCriterion& c = config.tuning.criterion;
    const std::string kind = c.is_relative ? fmt::format("{:.4g} % relative loss", c.loss * 100)
                                           : fmt::format("{:.4g} absolute loss", c.loss);
    if (!result.best) return fmt::format("goal ({} at most): no trial gave a usable model\n", kind);
    if (result.is_goal_met) return fmt::format("goal ({} at most): met by trial {}\n", kind, result.best->trial.value);
    // Its accuracy is good enough, so a metric with a limit of its own is not.
    if (result.gap <= 0) {
        return fmt::format("goal ({} at most): NOT met; the best model (trial {}) keeps to it, but {}\n", kind,
                           result.best->trial.value, missed_limits(config, result));
    }
    return fmt::format("goal ({} at most): NOT met; the best model (trial {}) misses it by {}\n", kind,
                       result.best->trial.value, metric_number(result.gap, std::get<Score>(result.best->outcome)));
}

/// The loss against fp32, and every metric of both models where there are several.
/// @param name  "quantized", or "delivered" if no unit is
std::string metrics_lines(const Score& fp32, const Score& best, std::string_view name) {
    std::string out;
    if (const std::string loss = loss_text(best); !loss.empty()) {
        out += fmt::format("{} of the {} model against fp32{}\n", loss, name,
                           best.loss->ci95 ? ", with the 95 % interval of the difference on the same samples" : "");
    }
    if (const std::string metrics = other_metrics_text(fp32); !metrics.empty()) {
        out += fmt::format("fp32: {}\n{}: {}\n", metrics, name, other_metrics_text(best));
    }
    return out;
}

/// Says what the latencies hold for: the machine that will run the model may be another one.
std::string machine_line(const RunConfig& config, const RunDocument& run) {
    if (!run.best_ms) return {};
    const std::string here = fmt::format("latencies: this machine, batch 1, {} thread{}, instruction set {}",
                                         run.threads, run.threads == 1 ? "" : "s", run.isa);
    if (!config.cluster_isa.empty()) return here + ", which cluster.isa asks for\n";
    return here +
           "\n           another machine may gain more or less: tune there; with cluster.isa, a run refuses all other "
           "instruction sets\n";
}

/// The front, with what meets the goal.
std::string front_table(const RunConfig& config, const tune::RunResult& result, const RunDocument& run) {
    // A front of one trial is the delivered model, which the table above shows already.
    if (run.front.size() < 2) return {};
    const Goal goal(config.tuning.criterion, result.baseline.accuracy);
    std::string out = fmt::format("{:<10} {:>10} {:>14} {:>12} {:>6}  not beaten in all three by any trial\n", "trial",
                                  "accuracy", "latency table", "size", "goal");
    for (const FrontPoint& point : run.front) {
        out += fmt::format("{:<10} {:>10} {:>11.3f} ms {:>12} {:>6}\n", point.trial,
                           metric_number(point.accuracy, result.baseline), point.latency_ms,
                           bytes_cell(static_cast<std::size_t>(point.bytes)),
                           goal.is_met(point.accuracy) ? "met" : "missed");
    }
    return out;
}

}  // namespace

std::string final_report(const RunConfig& config, const SearchSpace& space, const tune::RunResult& result,
                         const std::optional<Candidate>& delivered, const RunDocument& run, const ModelBytes& bytes,
                         const std::string& workspace) {
    std::string out;
    if (run.reason == "interrupted") {
        // Nothing was compared side by side yet, so a table would promise too much.
        return fmt::format("stopped after {} trial{}; continue with --resume --workspace {}\n", result.trials,
                           result.trials == 1 ? "" : "s", workspace);
    }
    // Without a usable model there is nothing to compare.
    if (!delivered) return goal_line(config, result);
    const QuantPlan plan = space.plan(*delivered);
    const std::size_t high = plan.high_precision_units();
    out += verdict_line(config, result, run, plan.units.size() - high) + "\n";
    out += fmt::format("{:<10} {:<26} {:>12} {:>14} {:>16}\n", "model", "accuracy [95 % interval]", "size", "latency",
                       "int8 units");
    const bool is_scored = config.evaluation.has_value();
    out += fmt::format("{:<10} {:<26} {:>12} {:>14} {:>16}\n", "fp32", is_scored ? accuracy_cell(result.baseline) : "-",
                       bytes_cell(bytes.fp32), latency_cell(run.fp32_ms), "-");
    const std::string best = result.best ? accuracy_cell(std::get<Score>(result.best->outcome)) : "not evaluated";
    // The delivered model may be fp32 itself.
    const char* name = high < plan.units.size() ? "quantized" : "delivered";
    out += fmt::format("{:<10} {:<26} {:>12} {:>14} {:>16}\n", name, best, bytes_cell(bytes.best),
                       latency_cell(run.best_ms), fmt::format("{} of {}", plan.units.size() - high, plan.units.size()));
    if (result.best) out += metrics_lines(result.baseline, std::get<Score>(result.best->outcome), name);
    if (!is_scored) {
        out += "the config has no section evaluation: the model was quantized once and its accuracy is unknown\n";
    } else {
        out += goal_line(config, result);
        out += fmt::format("{} trial{}, ended by {}; accuracies of {} samples\n", result.trials,
                           result.trials == 1 ? "" : "s", run.reason, result.baseline.samples);
        out += front_table(config, result, run);
        // A result that rests on assumptions names them, so that nobody takes it for an optimum.
        for (const std::string& step : result.heuristics) {
            out += fmt::format("heuristic of {}: {}\n", config.tuning.strategy.name, step);
        }
    }
    out += machine_line(config, run);
    const auto warn = [&](const char* model, const Score& score) {
        if (const std::string text = nonfinite_text(score); !text.empty())
            out += fmt::format("warning: {}: {}\n", model, text);
    };
    warn("fp32", result.baseline);
    if (result.best) warn(name, std::get<Score>(result.best->outcome));
    for (const std::string& warning : run.warnings) out += fmt::format("warning: {}\n", warning);
    // The goal is about accuracy: a model may meet it and be of no use here. Where speed is the objective, its
    // judgement follows, which knows the noise of the measurement.
    if (!run.objective && run.fp32_ms && run.best_ms && *run.best_ms >= *run.fp32_ms) {
        out += fmt::format("warning: the {} model is not faster than fp32 on this machine (batch 1)\n", name);
    }
    if (run.objective && !run.objective->is_met) {
        out += fmt::format("objective performance: {}\n", run.objective->text);
        for (const std::string& help : run.objective->help) out += fmt::format("  what would help: {}\n", help);
        // Else the goal is what the exit code is about.
        const bool is_failed = run.exit_code == static_cast<int>(ExitCode::goal_missed) && result.is_goal_met;
        if (is_failed) out += "  the exit code is 6, because tuning.objective_unmet is 'fail'\n";
    }
    return out + fmt::format("results in {}\n", workspace) + next_steps(workspace);
}

}  // namespace halftone::study
