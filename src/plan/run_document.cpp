// RunDocument to the text of run.yaml. Scripts read the file by its keys, and the report of a run its verdict.
#include "plan/run_document.hpp"

#include "config/yaml_writer.hpp"

namespace halftone {
namespace {

ConfigNode optional_number(const std::optional<double>& value) { return value ? yaml::number(*value) : yaml::null(); }

ConfigNode front_row(const FrontPoint& point) {
    return yaml::flow_map({{"trial", yaml::integer(point.trial)},
                           {"accuracy", yaml::number(point.accuracy)},
                           {"latency_ms", yaml::number(point.latency_ms)},
                           {"bytes", yaml::integer(point.bytes)}});
}

ConfigNode text_list(const std::vector<std::string>& texts) {
    std::vector<ConfigNode> nodes;
    for (const std::string& text : texts) nodes.push_back(yaml::quoted(text));
    return yaml::flow_list(std::move(nodes));
}

}  // namespace

std::string write_run(const RunDocument& document) {
    // One line for what belongs together, so that the first screen shows the whole run; only the config is long.
    const ConfigNode latency = yaml::flow_map(
        {{"fp32_ms", optional_number(document.fp32_ms)}, {"best_ms", optional_number(document.best_ms)}});
    std::vector<ConfigEntry> run{
        {"version", yaml::quoted(document.version)},
        {"git", yaml::quoted(document.git)},
        // Texts that a user or a compiler chose are quoted, words of the program are not.
        {"command", yaml::quoted(document.command)},
        {"directory", yaml::quoted(document.directory)},
        {"isa", text_node(document.isa)},
        {"ranks", yaml::integer(document.ranks)},
        {"threads", yaml::integer(document.threads)},
        {"libraries", yaml::flow_map({{"onednn", yaml::quoted(document.onednn)}, {"mpi", yaml::quoted(document.mpi)}})},
        {"result", yaml::flow_map({{"reason", yaml::word(document.reason)},
                                   {"exit_code", yaml::integer(document.exit_code)},
                                   {"latency", latency}})},
        {"work", yaml::flow_map({{"sample_units", yaml::integer(document.sample_units)}})}};
    if (!document.verdict.empty()) run.emplace_back("verdict", yaml::quoted(document.verdict));
    if (document.skipped) run.emplace_back("skipped", yaml::integer(*document.skipped));
    if (document.objective) {
        std::vector<ConfigEntry> objective{{"met", yaml::word(document.objective->is_met ? "true" : "false")},
                                           {"text", yaml::quoted(document.objective->text)}};
        if (!document.objective->help.empty()) objective.emplace_back("help", text_list(document.objective->help));
        run.emplace_back("objective", yaml::flow_map(std::move(objective)));
    }
    if (!document.heuristics.empty()) run.emplace_back("heuristics", text_list(document.heuristics));
    if (!document.warnings.empty()) run.emplace_back("warnings", text_list(document.warnings));
    if (!document.front.empty()) {
        std::vector<ConfigNode> rows;
        for (const FrontPoint& point : document.front) rows.push_back(front_row(point));
        run.emplace_back("front", yaml::flush_list(std::move(rows)));
    }
    // As --print-config writes it, two columns further in.
    run.emplace_back("config", document.config);
    return to_yaml(yaml::map(std::move(run)));
}

}  // namespace halftone
