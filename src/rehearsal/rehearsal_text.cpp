// What a rehearsal found, for a person and for a script.
//
//   model_text, data_text      what is tuned, and the first samples
//   chances_text               what fp32 and a quantized model reach on these samples, and a warning
//   work_text, when_text       trials, work, and the time with its range
//   rehearsal_text             a line for each part, in this order
//   rehearsal_json             the same, with the faults
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "rehearsal/rehearsal.hpp"

namespace halftone {
namespace {

using Json = nlohmann::ordered_json;

/// "0.4 s", "12 s", "5 min", "3.2 h": two digits say all that a prediction knows.
std::string time_text(double time) {
    if (time < 10) return fmt::format("{:.1f} s", time);
    if (time < 120) return fmt::format("{:.0f} s", time);
    if (time < 7200) return fmt::format("{:.0f} min", time / 60);
    return fmt::format("{:.1f} h", time / 3600);
}

/// Both ends, or one where they look the same.
std::string span_text(const TimeSpan& span) {
    const std::string low = time_text(span.low);
    const std::string high = time_text(span.high);
    return low == high ? low : low + " to " + high;
}

/// In decimal units, as disks and clouds count.
std::string bytes_text(std::uint64_t bytes) {
    constexpr double kMega = 1e6;
    const double mega = static_cast<double>(bytes) / kMega;
    return mega < 10000 ? fmt::format("{:.0f} MB", mega) : fmt::format("{:.1f} GB", mega / 1000);
}

std::string port_text(const ModelPort& port) {
    return fmt::format("{} {} [{}]", port.name, port.type, fmt::join(port.dims, ","));
}

/// Names stand in one column, so that a run and the next can be compared line by line.
std::string line(const std::string& name, const std::string& text) { return fmt::format("{:<12} {}\n", name, text); }

std::string model_text(const ModelFacts& model) {
    std::string text =
        line("model", fmt::format("{}: operator set {}, {} nodes, {} units, {} of which can be quantized", model.path,
                                  model.survey.opset, model.nodes, model.units, model.quantizable));
    // The file could be surveyed, but not read as a graph: then only its header is known.
    if (model.nodes == 0) text = line("model", fmt::format("{}: operator set {}", model.path, model.survey.opset));
    for (const ModelPort& port : model.survey.inputs) text += line("  input", port_text(port));
    for (const ModelPort& port : model.survey.outputs) text += line("  output", port_text(port));
    if (!model.space_size.empty()) text += line("space", model.space_size + " candidates");
    return text;
}

std::string data_text(const std::string& name, const DataFacts& data) {
    std::string text = line(name, fmt::format("{} of {} samples", data.samples, data.available));
    for (const std::string& field : data.first) text += line("  first", field);
    return text;
}

std::string loss_of(const Chances& chances) {
    if (!chances.candidate || !chances.candidate->loss) return {};
    const double loss = chances.candidate->loss->value;
    return fmt::format("; a quantized model {} {:.4g} of it", loss < 0 ? "gains" : "loses", std::abs(loss));
}

/// Returns whether there are no labels, so that the measure is how often the quantized model answers as fp32 does.
bool is_agreement(const MetricFacts& metric) { return metric.names == std::vector<std::string>{"agreement"}; }

std::string metric_text(const MetricFacts& metric) {
    // fp32's own value is 1, so shares of it and absolute losses are the same.
    if (is_agreement(metric))
        return fmt::format("agreement; goal: another answer than fp32's for {:.4g} % of the samples at most",
                           metric.loss * 100);
    return fmt::format("{}; goal: a loss of {:.4g}{} at most", fmt::join(metric.names, ", "),
                       metric.is_relative ? metric.loss * 100 : metric.loss,
                       metric.is_relative ? " % of fp32's value" : "");
}

/// "topk 0.934 on the first 500 samples; a quantized model loses 0.002 of it".
std::string chances_text(const Chances& chances, const MetricFacts& metric) {
    if (is_agreement(metric) && chances.candidate)
        return line("agreement",
                    fmt::format("a quantized model gives fp32's answer for {:.4g} % of the first {} samples",
                                chances.candidate->accuracy * 100, chances.fp32.samples));
    std::string text = line("fp32", fmt::format("{} {:.4g} on the first {} samples{}", metric.names.front(),
                                                chances.fp32.accuracy, chances.fp32.samples, loss_of(chances)));
    return chances.doubt.empty() ? text : text + line("warning", "fp32's " + chances.doubt);
}

/// The range, and what it depends on.
std::string when_text(const WorkFacts& work, bool has_trials) {
    std::string text = span_text(work.total);
    if (!has_trials) return text;
    const std::int64_t samples = work.chances ? work.chances->fp32.samples : 0;
    if (!work.chances || work.chances->is_goal_likely) {
        return text +
               fmt::format(", about {}, if the goal is met as on the first {} samples; at most {} if it never is",
                           time_text(work.expected), samples, time_text(work.longest));
    }
    return text + fmt::format(
                      ": on the first {} samples the goal is missed; about {} if a fifth of the units must stay in "
                      "high precision",
                      samples, time_text(work.expected));
}

/// "about 2, at most 95".
std::string count_text(std::int64_t likely, std::int64_t most) {
    return likely < most ? fmt::format("about {}, at most {}", likely, most) : fmt::format("at most {}", most);
}

std::string work_text(const WorkFacts& work, const DataFacts* evaluation) {
    std::string text;
    if (evaluation != nullptr) {
        text += line("trials", count_text(work.likely_trials, work.trials_bound) + ": evaluations of a candidate");
        if (work.probes > 0)
            text += line("probes", count_text(work.likely_probes, work.probes) +
                                       ": comparisons with fp32's outputs, without labels");
        text += line("work", fmt::format("calibration {}, fp32 {}, a trial {}", span_text(work.calibration),
                                         span_text(work.baseline), span_text(work.trial)));
    } else {
        text += line("work", fmt::format("calibration {}, no trials: there is no section evaluation.accuracy",
                                         span_text(work.calibration)));
    }
    return text + line("time", when_text(work, evaluation != nullptr));
}

/// Milliseconds are enough: more digits would look like knowledge.
Json span_json(const TimeSpan& span) {
    const auto rounded = [](double time) { return std::round(time * 1000) / 1000; };
    return Json::array({rounded(span.low), rounded(span.high)});
}

Json model_json(const ModelFacts& model) {
    Json json{{"path", model.path}, {"opset", model.survey.opset}};
    for (const auto& [key, ports] : {std::pair{"inputs", &model.survey.inputs}, {"outputs", &model.survey.outputs}}) {
        json[key] = Json::array();
        for (const ModelPort& port : *ports) {
            Json shape = Json::array();
            for (const std::string& dim : port.dims) {
                // Sizes are numbers, open dimensions keep their names: the same form as in inspect.
                if (const auto size = parse_int(dim))
                    shape.push_back(*size);
                else
                    shape.push_back(dim);
            }
            json[key].push_back({{"name", port.name}, {"type", port.type}, {"shape", shape}});
        }
    }
    json["nodes"] = model.nodes;
    json["units"] = model.units;
    json["quantizable"] = model.quantizable;
    return json;
}

/// "available" is more than "samples" where sampling_size or iteration leave some out.
Json data_json(const DataFacts& data) {
    return {{"samples", data.samples}, {"available", data.available}, {"first", data.first}};
}

/// A number that is none (NaN, infinite) is null.
Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json chances_json(const Chances& chances) {
    Json json{{"samples", chances.fp32.samples}, {"fp32", number_json(chances.fp32.accuracy)}};
    const auto& candidate = chances.candidate;
    json["loss"] = candidate && candidate->loss ? number_json(candidate->loss->value) : Json(nullptr);
    json["goal_is_likely"] = chances.is_goal_likely;
    return json;
}

Json work_json(const WorkFacts& work) {
    return {{"trials_bound", work.trials_bound},
            {"probes", work.probes},
            {"likely_trials", work.likely_trials},
            {"likely_probes", work.likely_probes},
            {"seconds", span_json(work.total)},
            {"expected_seconds", std::round(work.expected * 1000) / 1000},
            {"longest_seconds", std::round(work.longest * 1000) / 1000},
            {"calibration_seconds", span_json(work.calibration)},
            {"baseline_seconds", span_json(work.baseline)},
            {"trial_seconds", span_json(work.trial)},
            {"batch", work.batch},
            {"first_samples", work.chances ? chances_json(*work.chances) : Json(nullptr)}};
}

}  // namespace

std::string rehearsal_text(const Rehearsal& rehearsal) {
    std::string text;
    if (rehearsal.model) text += model_text(*rehearsal.model);
    if (rehearsal.calibration) text += data_text("calibration", *rehearsal.calibration);
    if (rehearsal.evaluation) text += data_text("evaluation", *rehearsal.evaluation);
    if (rehearsal.metric) text += line("metric", metric_text(*rehearsal.metric));
    if (!rehearsal.strategy.empty()) text += line("strategy", rehearsal.strategy);
    text += line("machine", fmt::format("{}, {}", rehearsal.isa,
                                        rehearsal.ranks == 1 ? std::string("one rank does everything")
                                                             : fmt::format("{} ranks: one leads, {} evaluate",
                                                                           rehearsal.ranks, rehearsal.ranks - 1)));
    if (!rehearsal.hosts.empty()) text += line("hosts", rehearsal.hosts);
    if (rehearsal.work) {
        text +=
            line("memory", fmt::format("about {} on each rank; tensors take {} of it and may take {} (--memory)",
                                       bytes_text(rehearsal.work->memory), bytes_text(rehearsal.work->tensor_memory),
                                       bytes_text(rehearsal.memory_limit)));
        if (rehearsal.work->chances && rehearsal.metric)
            text += chances_text(*rehearsal.work->chances, *rehearsal.metric);
        text += work_text(*rehearsal.work, rehearsal.evaluation ? &*rehearsal.evaluation : nullptr);
    }
    return text;
}

std::string rehearsal_json(const Rehearsal& rehearsal) {
    Json json;
    json["ok"] = rehearsal.faults.empty();
    json["faults"] = Json::array();
    for (const Fault& fault : rehearsal.faults) {
        json["faults"].push_back(
            {{"code", static_cast<int>(fault.code)}, {"where", fault.where}, {"what", fault.what}});
    }
    json["model"] = rehearsal.model ? model_json(*rehearsal.model) : Json(nullptr);
    // A text, because the size of a space may be beyond every number type.
    json["space_size"] =
        rehearsal.model && !rehearsal.model->space_size.empty() ? Json(rehearsal.model->space_size) : Json(nullptr);
    // A part that could not be tried is missing here, and a fault says why.
    json["data"] = Json::object();
    if (rehearsal.calibration) json["data"]["calibration"] = data_json(*rehearsal.calibration);
    if (rehearsal.evaluation) json["data"]["evaluation"] = data_json(*rehearsal.evaluation);
    if (rehearsal.metric) {
        json["metric"] = {
            {"names", rehearsal.metric->names},
            {"goal",
             {{"kind", rehearsal.metric->is_relative ? "relative" : "absolute"}, {"loss", rehearsal.metric->loss}}}};
    }
    json["strategy"] = rehearsal.strategy;
    json["isa"] = rehearsal.isa;
    json["ranks"] = rehearsal.ranks;
    if (!rehearsal.hosts.empty()) json["hosts"] = rehearsal.hosts;
    json["warnings"] = Json::array();
    if (rehearsal.work && rehearsal.work->chances && !rehearsal.work->chances->doubt.empty())
        json["warnings"].push_back("fp32's " + rehearsal.work->chances->doubt);
    if (rehearsal.work) {
        json["memory"] = {{"bytes", rehearsal.work->memory},
                          {"tensors", rehearsal.work->tensor_memory},
                          {"limit", rehearsal.memory_limit}};
        json["work"] = work_json(*rehearsal.work);
    } else {
        json["work"] = nullptr;
    }
    // Names of a damaged file may hold any bytes; what is not UTF-8 is replaced rather than thrown at.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace halftone
