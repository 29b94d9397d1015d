// A candidate to a PlanDocument: what the space says (units), what the export says (tensors), what the evaluator says
// (numbers, recipes) and what the search found out (why), in one value.
#include "plan/describe_plan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "metric/metric.hpp"

namespace halftone {
namespace {

/// How a unit's output is stored: as codes only if a quantized unit reads it.
DType output_dtype(const QuantizedModel& model, const std::string& output) {
    for (const QuantizedTensor& tensor : model.tensors) {
        if (tensor.name == output) return tensor.params.dtype;
    }
    return DType::f32;
}

PlanUnit describe_unit(const DeliveredPlan& delivered, std::size_t index, const UnitConfig& config) {
    const Graph& graph = delivered.model.graph;
    const Unit& unit = delivered.model.units[index];
    PlanUnit described{.name = unit.name,
                       .op = unit.op,
                       .nodes = {},
                       .config = config,
                       .output = output_dtype(delivered.quantized, graph.value(unit.output).name),
                       .is_accelerated = is_accelerated(config),
                       .why = {}};
    for (const NodeId node : unit.nodes) described.nodes.push_back(graph.node(node).name);
    if (!config.is_quantized()) described.why = delivered.findings.reason(delivered.capability, index);
    return described;
}

}  // namespace

PlanDocument describe_plan(const DeliveredPlan& delivered) {
    PlanDocument document;
    document.model = hex16(delivered.model.hash);
    document.calibration_samples =
        delivered.space.calibration_sizes()[static_cast<std::size_t>(delivered.candidate.calibration)];
    // A list of alphas alone is LPOT's way of searching them; `smoothing` says which one it was, as in files of
    // earlier versions.
    if (!are_alphas_alone(delivered.space.preparations()))
        document.preparation = to_text(delivered.space.preparation(delivered.candidate.calibration));
    const QuantPlan plan = delivered.space.plan(delivered.candidate);
    const auto has = [&](bool (UnitConfig::*is_kind)() const) {
        return std::any_of(plan.units.begin(), plan.units.end(), [&](const UnitConfig& u) { return (u.*is_kind)(); });
    };
    const bool is_rounded_by_data = std::any_of(plan.units.begin(), plan.units.end(), [](const UnitConfig& unit) {
        return unit.weight.algorithm == kGptq || unit.weight.algorithm == kAwq;
    });
    // Neither a range nor a code of such a plan comes from samples.
    if (has(&UnitConfig::is_quantized) && !has(&UnitConfig::is_static) && !is_rounded_by_data &&
        delivered.space.preparations().empty()) {
        document.calibration_samples = 0;
    }
    for (std::size_t u = 0; u < delivered.model.units.size(); ++u) {
        document.units.push_back(describe_unit(delivered, u, plan.units[u]));
    }
    // From the model that is exported, not from the plan: the file lists what is really in it, biases included.
    document.tensors = delivered.quantized.tensors;
    for (const auto& [unit, own] : delivered.numbers.units) {
        // Only corrections that were made are listed: an empty list means the same as none.
        if (own.weight_factor.empty() && own.bias_shift.empty()) continue;
        document.corrections.push_back({unit, own.weight_factor, own.weight_shift, own.bias_shift});
    }
    document.recipes = delivered.recipes;
    return document;
}

PlanScore describe_score(TrialId trial, const Score& score, double baseline, const AccuracyCriterion& criterion,
                         bool is_goal_met) {
    PlanScore described{.trial = trial.value,
                        .accuracy = score.accuracy,
                        .baseline = baseline,
                        .metrics = {},
                        .loss = {},
                        .evidence = {},
                        .goal = {.is_relative = criterion.is_relative, .loss = criterion.loss, .is_met = is_goal_met}};
    for (const MetricValue& metric : score.metrics) described.metrics.emplace_back(metric.name, metric.value);
    if (score.loss) {
        PlanLoss& loss = described.loss.emplace();
        loss.value = score.loss->value;
        if (const auto& ci95 = score.loss->ci95) loss.ci95 = {ci95->low, ci95->high};
    }
    if (score.correct) {
        const Interval interval = wilson95(*score.correct, score.samples);
        described.evidence = {.samples = score.samples, .low = interval.low, .high = interval.high};
    }
    return described;
}

}  // namespace halftone
