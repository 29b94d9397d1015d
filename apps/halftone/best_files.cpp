#include "best_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "config/config_node.hpp"
#include "kernel/machine.hpp"
#include "plan_file.hpp"
#include "version.hpp"

namespace halftone::app {
namespace {

/// Why a unit is not quantized, from what is known of it.
std::string reason_of(const BestInput& input, std::size_t u) {
    const Decision& decision = input.bench->space->decisions()[u];
    if (!decision.has_quantized()) {
        for (const Refusal& refusal : input.bench->capability[u].refused) {
            if (refusal.dtype == "int8") return refusal.why;
        }
        return "the config's rules leave no quantized option";
    }
    if (!input.findings) return "";
    const Findings& findings = *input.findings;
    const auto alone = findings.alone.find(decision.unit);
    if (alone != findings.alone.end() && findings.best_model_wise) {
        return fmt::format(
            "with this unit alone in high precision the accuracy was {}, against {} with every unit quantized",
            float_text(alone->second), float_text(*findings.best_model_wise));
    }
    const auto error = findings.error_alone.find(decision.unit);
    if (error != findings.error_alone.end() && findings.base_error) {
        return fmt::format(
            "with this unit alone in high precision the output's error was {} of its signal, against {} with every "
            "unit "
            "quantized",
            float_text(error->second), float_text(*findings.base_error));
    }
    if (findings.unit_errors && u < findings.unit_errors->values.size()) {
        const auto& values = findings.unit_errors->values;
        const double mine = values[u].relative();
        const auto larger =
            std::count_if(values.begin(), values.end(), [&](const auto& v) { return v.relative() > mine; });
        return fmt::format("quantized, its output's error was {} of its signal: number {} of {} units",
                           float_text(mine), larger + 1, values.size());
    }
    return "chosen by the strategy";
}

/// How a unit's output is stored: as codes only if an int8 unit reads it.
std::string_view output_dtype(const QuantizedModel& model, const std::string& output) {
    for (const QuantizedTensor& tensor : model.tensors) {
        if (tensor.name == output) return to_string(tensor.params.dtype);
    }
    return to_string(DType::f32);
}

std::string units_text(const BestInput& input) {
    const auto& bench = *input.bench;
    const QuantPlan plan = bench.space->plan(input.candidate);
    std::string out = "units:\n";
    for (std::size_t u = 0; u < bench.model.units.size(); ++u) {
        const Unit& unit = bench.model.units[u];
        const std::vector<std::string> nodes = [&] {
            std::vector<std::string> names;
            for (const NodeId id : unit.nodes) names.push_back(bench.model.graph.node(id).name);
            return names;
        }();
        out += fmt::format("- name: {}\n  op: {}\n  nodes: {}\n", quoted(unit.name), unit.op, flow_list(nodes, quoted));
        out += fmt::format("  activation: {}\n  weight: {}\n", activation_text(plan.units[u].activation),
                           weight_text(plan.units[u]));
        out += fmt::format("  output: {}\n", output_dtype(*input.model, bench.model.graph.value(unit.output).name));
        if (!is_accelerated(plan.units[u])) out += "  accelerated: false\n";
        out += fmt::format("  why: {}\n", quoted(plan.units[u].is_quantized() ? "" : reason_of(input, u)));
    }
    return out;
}

std::string latency_text(const std::optional<MedianInterval>& latency) {
    return latency ? float_text(latency->median) : std::string("null");
}

/// Every line two columns further in.
std::string indented(const std::string& text) {
    std::string out;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        out += "  " + text.substr(begin, end - begin) + "\n";
        begin = end + 1;
    }
    return out;
}

}  // namespace

void Findings::note(const SearchSpace& space, const tune::FinishedTrial& trial, const std::string& stage,
                    const Goal* goal) {
    const auto* score = std::get_if<Score>(&trial.outcome);
    if (!score || score->bounds) return;
    const auto changed = fallbacks(space, space.plan(trial.candidate));
    if (stage == "model_wise" && (!best_model_wise || goal->is_better(score->accuracy, *best_model_wise))) {
        best_model_wise = score->accuracy;
    }
    if (changed.size() == 1) alone.emplace(changed[0].first, score->accuracy);
}

void Findings::note(const SearchSpace& space, const ProbeRequest& request, const ProbeResult& result) {
    if (!result.failure.empty() || result.values.empty()) return;
    if (request.kind == ProbeKind::unit_errors) {
        unit_errors = result;
        return;
    }
    const double error = result.values.front().relative();
    const auto changed = fallbacks(space, space.plan(request.candidate));
    if (changed.empty() && (!base_error || error < *base_error)) base_error = error;
    if (changed.size() == 1) error_alone.insert_or_assign(changed[0].first, error);
}

std::string best_yaml(const BestInput& input) {
    const AccuracyCriterion& criterion = input.config->tuning.criterion;
    std::string out = "format: 1\n";
    if (input.trial) {
        out += fmt::format("trial: {}\naccuracy: {}\nbaseline: {{accuracy: {}}}\n", input.trial->trial.value,
                           float_text(std::get<Score>(input.trial->outcome).accuracy), float_text(input.baseline));
        const Score& score = std::get<Score>(input.trial->outcome);
        if (score.correct) {
            const Interval ci = wilson95(*score.correct, score.samples);
            out += fmt::format("evidence: {{samples: {}, ci95: [{}, {}]}}\n", score.samples, float_text(ci.low),
                               float_text(ci.high));
        }
        out += fmt::format("goal: {{kind: {}, loss: {}, met: {}}}\n", criterion.is_relative ? "relative" : "absolute",
                           float_text(criterion.loss), input.trial->is_pass);
    } else {
        out += "trial: null\naccuracy: null\nbaseline: {accuracy: null}\ngoal: null\n";
    }
    out += fmt::format("isa: {}\nmodel: \"{}\"\ncalibration_samples: {}\n", isa_name(), hex16(input.bench->model.hash),
                       input.bench->space->calibration_sizes()[static_cast<std::size_t>(input.candidate.calibration)]);
    return out + units_text(input) +
           numbers_text(*input.model, *input.numbers, input.bench->equalized, input.smoothing);
}

std::string run_yaml(const RunConfig& config, const RunSummary& summary) {
    std::string out =
        fmt::format("version: \"{}\"\ngit: \"{}\"\ncommand: {}\ndirectory: {}\nisa: {}\nranks: {}\nthreads: {}\n",
                    HALFTONE_VERSION, HALFTONE_GIT, quoted(summary.command), quoted(summary.directory), isa_name(),
                    summary.ranks, config.tuning.threads);
    out += fmt::format("libraries: {{onednn: \"{}\", mpi: \"{}\"}}\n", onednn_version(), mpi_version());
    out += fmt::format("result: {{reason: {}, exit_code: {}, latency: {{fp32_ms: {}, best_ms: {}}}}}\n", summary.reason,
                       summary.exit_code, latency_text(summary.fp32), latency_text(summary.best));
    out += fmt::format("work: {{sample_units: {}}}\n", summary.sample_units);
    if (!summary.heuristics.empty()) out += fmt::format("heuristics: {}\n", flow_list(summary.heuristics, quoted));
    if (!summary.front.empty()) out += "front:\n";
    for (const FrontPoint& point : summary.front) {
        out += fmt::format("- {{trial: {}, accuracy: {}, latency_ms: {}, bytes: {}}}\n", point.trial,
                           float_text(point.accuracy), float_text(point.latency_ms), point.bytes);
    }
    out += "config:\n";
    return out + indented(print_config(config));
}

}  // namespace halftone::app
