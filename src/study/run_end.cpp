#include "study/run_end.hpp"

#include <algorithm>
#include <vector>

#include "base/budget.hpp"
#include "base/log.hpp"
#include "eval/costs.hpp"
#include "eval/guessing.hpp"
#include "kernel/ops/machine.hpp"
#include "study/objective_verdict.hpp"
#include "study/run_terms.hpp"
#include "study/verdict_line.hpp"

namespace halftone::study {
namespace {

/// How many evaluation samples were left out on any rank; nothing unless the config lets them be skipped.
std::optional<std::int64_t> skipped_samples(const RunConfig& config, const ModelEvaluator& evaluator,
                                            const Score& baseline) {
    if (!config.evaluation || !config.evaluation->dataloader.skips_bad_samples) return std::nullopt;
    return evaluator.evaluation_samples() - baseline.samples;
}

std::size_t quantized_units(const SearchSpace& space, const Candidate& candidate) {
    const QuantPlan plan = space.plan(candidate);
    return plan.units.size() - plan.high_precision_units();
}

/// Times fp32 and the delivered model, and judges them.
void add_latencies(RunDocument& run, const RunConfig& config, const RunParts& parts, const Candidate& delivered) {
    std::vector<MedianInterval> latencies;
    try {
        // The only place that needs both models at once: a search may fit into memory that this does not.
        latencies =
            time_graphs({parts.model.graph, parts.evaluator.factory().quantized(delivered).graph}, parts.timing);
    } catch (const BudgetError& error) {
        log::warning("tune", "fp32 and the delivered model are not timed: {}", error.what());
        return;
    }
    const MedianInterval& fp32 = latencies[0];
    const MedianInterval& best = latencies[1];
    run.fp32_ms = fp32.median;
    run.best_ms = best.median;
    if (config.tuning.objective.latency <= 0) return;
    run.objective = objective_of(config, parts.space, delivered, fp32, best);
    if (!run.objective->is_met) log::warning("tune", "{}", run.objective->text);
}

}  // namespace

RunDocument started_run(const RunStart& start, const RunConfig& config) {
    RunDocument run;
    run.version = start.version;
    run.git = start.git;
    run.command = start.command;
    run.directory = start.directory;
    run.isa = isa_name();
    run.ranks = start.ranks;
    run.threads = config.tuning.threads;
    run.onednn = start.onednn;
    run.mpi = start.mpi;
    run.config = config.effective;
    return run;
}

RunDocument ended_run(const RunStart& start, const RunConfig& config, const RunParts& parts,
                      const tune::RunResult& result, const std::optional<Candidate>& delivered) {
    RunDocument run = started_run(start, config);
    run.reason = std::string(tune::kEndReasonNames.name(result.reason));
    run.exit_code = exit_code_of(result, config);
    run.sample_units = result.sample_units;
    run.skipped = skipped_samples(config, parts.evaluator, result.baseline);
    run.heuristics = result.heuristics;
    if (parts.metrics != nullptr) {
        const std::string doubt = guessing_text(*parts.metrics, result.baseline);
        if (!doubt.empty()) run.warnings.push_back("fp32's " + doubt);
    }
    // A stopped run shall end within seconds, and its front would be that of half a search.
    if (result.reason == tune::EndReason::interrupted) return run;
    if (delivered) add_latencies(run, config, parts, *delivered);
    run.front = front_of(config, parts, result);
    if (delivered) run.verdict = verdict_line(config, result, run, quantized_units(parts.space, *delivered));
    return run;
}

RunObjective objective_of(const RunConfig& config, const SearchSpace& space, const Candidate& delivered,
                          const MedianInterval& fp32_ms, const MedianInterval& best_ms) {
    const QuantPlan plan = space.plan(delivered);
    const bool is_fp32 =
        std::all_of(plan.units.begin(), plan.units.end(), [](const auto& unit) { return !unit.is_quantized(); });
    const ObjectiveVerdict verdict = judge_objective(fp32_ms, best_ms,
                                                     {.isa = isa_name(),
                                                      .has_vnni = has_exact_int8(),
                                                      .pinned_isa = config.cluster_isa,
                                                      .threads = config.tuning.threads,
                                                      .delivers_fp32 = is_fp32});
    return {.is_met = verdict.is_met, .text = verdict.text, .help = verdict.help, .is_slower = verdict.is_slower};
}

std::vector<FrontPoint> front_of(const RunConfig& config, const RunParts& parts, const tune::RunResult& result) {
    if (!result.latency) return {};
    std::vector<FrontPoint> points;
    for (const tune::FinishedTrial& trial : result.scored) {
        points.push_back({.trial = trial.trial.value,
                          .accuracy = std::get<Score>(trial.outcome).accuracy,
                          .latency_ms = result.latency->predict_ms(parts.space, trial.candidate),
                          .bytes = exported_bytes(parts.evaluator.factory().quantized(trial.candidate).graph)});
    }
    return pareto_front(points, config.tuning.criterion.higher_is_better);
}

std::string nothing_to_quantize_text(const SearchSpace& space) {
    const auto& decisions = space.decisions();
    if (std::any_of(decisions.begin(), decisions.end(), [](const Decision& unit) { return unit.has_quantized(); }))
        return {};
    return "no unit of this model can be quantized under this config, so fp32 is all that can be delivered: "
           "'halftone inspect MODEL --config CONFIG --units' says why";
}

}  // namespace halftone::study
