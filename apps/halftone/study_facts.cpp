#include "study_facts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "commands.hpp"
#include "dump/h5_writer.hpp"
#include "kernel/machine.hpp"
#include "version.hpp"

namespace halftone::app {
namespace {

using Json = nlohmann::ordered_json;

Json option_json(const Graph& graph, const Unit& unit, const UnitConfig& option) {
    const ActivationConfig& a = option.activation;
    const WeightConfig& w = option.weight;
    Json json{{"activation", {{"dtype", to_string(a.dtype)}}}, {"weight", {{"dtype", to_string(w.dtype)}}}};
    if (option.is_quantized()) {
        json["activation"] = {{"dtype", to_string(a.dtype)},
                              {"scheme", kSchemeNames.name(a.scheme)},
                              {"granularity", kGranularityNames.name(a.granularity)},
                              {"algorithm", to_text(a.range_rule())}};
        json["weight"] = {{"dtype", to_string(w.dtype)},
                          {"scheme", kSchemeNames.name(w.scheme)},
                          {"granularity", kGranularityNames.name(w.granularity)},
                          {"algorithm", w.algorithm.word()},
                          {"bit", w.bit}};
    }
    json["weight_bytes"] = weight_bytes(graph, unit, option);
    return json;
}

Json units_json(const Workbench& bench) {
    Json units = Json::array();
    const Graph& graph = bench.model.graph;
    for (std::size_t u = 0; u < bench.model.units.size(); ++u) {
        const Unit& unit = bench.model.units[u];
        Json json{{"name", unit.name}, {"op", unit.op}, {"output", graph.value(unit.output).name}};
        for (const NodeId node : unit.nodes) json["nodes"].push_back(graph.node(node).name);
        for (const UnitConfig& option : bench.space->decisions()[u].options) {
            json["options"].push_back(option_json(graph, unit, option));
        }
        json["refused"] = Json::array();
        for (const Refusal& refusal : bench.capability[u].refused) {
            json["refused"].push_back(Json{{"dtype", refusal.dtype}, {"why", refusal.why}});
        }
        units.push_back(std::move(json));
    }
    return units;
}

}  // namespace

std::int64_t weight_bytes(const Graph& graph, const Unit& unit, const UnitConfig& config) {
    const Shape& shape = graph.value(unit.weight).type.shape;
    if (!config.is_quantized()) return shape.elements() * static_cast<std::int64_t>(sizeof(float));
    const bool is_per_channel = config.weight.granularity == Granularity::per_channel;
    const std::int64_t scales = is_per_channel ? shape[static_cast<std::size_t>(unit.weight_channel_axis)] : 1;
    return shape.elements() + scales * static_cast<std::int64_t>(sizeof(float) + sizeof(std::int8_t));
}

std::string study_facts(const RunConfig& config, const Workbench& bench, const RunStart& start) {
    Json json{{"format", 1},
              {"version", HALFTONE_VERSION},
              {"git", HALFTONE_GIT},
              {"command", start.command},
              {"directory", start.directory},
              {"ranks", start.ranks},
              {"threads", config.tuning.threads},
              {"libraries", {{"onednn", onednn_version()}, {"mpi", mpi_version()}}},
              {"model_path", config.model_path},
              {"model_bytes", start.model_bytes},
              {"max_trials", config.tuning.max_trials}};
    const AccuracyCriterion& criterion = config.tuning.criterion;
    json["goal"] = {{"kind", criterion.is_relative ? "relative" : "absolute"},
                    {"loss", criterion.loss},
                    {"higher_is_better", criterion.higher_is_better}};
    json["metric"] = config.evaluation ? config.evaluation->metric.name : "";
    const auto& sizes = bench.space->calibration_sizes();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        Json setting{{"samples", sizes[i]}};
        if (!bench.space->smoothing().empty()) setting["smooth_alpha"] = bench.space->smoothing()[i];
        json["calibration"].push_back(std::move(setting));
    }
    json["units"] = units_json(bench);
    json["config"] = print_config(config);
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

void write_statistics(H5Writer& file, const std::string& path, std::int64_t samples, const CalibrationTable& table) {
    std::vector<std::string> names;
    std::vector<std::int64_t> counts;
    std::vector<std::int64_t> bins;
    std::vector<double> low, high, limit;
    for (const auto& [name, statistics] : table.values()) {
        names.push_back(name);
        counts.push_back(statistics.count());
        low.push_back(statistics.min());
        high.push_back(statistics.max());
        limit.push_back(statistics.limit());
        const auto own = statistics.bins();
        bins.insert(bins.end(), own.begin(), own.end());
        bins.resize(names.size() * ValueStatistics::kBins);  // an empty statistic has no bins
    }
    file.table(path, "What calibration saw of each value of the fp32 model, on " + std::to_string(samples) + " samples",
               {{"value", "name of the value in the model", "", names},
                {"count", "elements seen", "1", counts},
                {"min", "smallest element", "1", low},
                {"max", "largest element", "1", high},
                {"limit", "a power of two above every magnitude; the histogram covers [-limit, limit)", "1", limit}});
    file.attribute(path, "samples", samples);
    file.array({.path = path + "/histogram",
                .description = "elements in each bin; bin i of a value covers limit * [bin_edges[i], bin_edges[i + 1])",
                .units = "1",
                .elements = bins,
                .shape = {static_cast<std::int64_t>(names.size()), ValueStatistics::kBins},
                .scales = {path + "/value"},
                .is_packed = true});
}

void write_ranges(H5Writer& file, const std::string& path, const RangeTable& table) {
    std::vector<std::string> names, rules;
    std::vector<double> low, high;
    for (const auto& [key, range] : table.ranges()) {
        names.push_back(key.first);
        rules.push_back(to_text(key.second));
        low.push_back(range.low);
        high.push_back(range.high);
    }
    file.table(path, "The range that each algorithm chooses for each value",
               {{"value", "name of the value in the model", "", names},
                {"algorithm", "minmax, kl, percentile <share kept in %> or mse", "", rules},
                {"low", "lower end of the range to represent", "1", low},
                {"high", "upper end", "1", high}});
}

}  // namespace

void write_calibration(const Workbench& bench, const std::string& path) {
    H5Writer file(path);
    file.attribute("/", "format", "halftone calibration");
    file.attribute("/", "format_version", std::int64_t{1});
    file.group("/calibration", "Statistics of the calibration data, by number of samples");
    std::vector<double> edges(ValueStatistics::kBins + 1);
    for (std::size_t i = 0; i < edges.size(); ++i)
        edges[i] = -1 + 2.0 * static_cast<double>(i) / ValueStatistics::kBins;
    file.array(
        {.path = "/calibration/bin_edges",
         .description = "edges of the histograms' bins for limit 1; times a value's limit they are its own, exactly",
         .units = "1",
         .elements = edges,
         .shape = {},
         .is_packed = true});
    const auto& sizes = bench.space->calibration_sizes();
    for (const auto& [samples, table] : bench.evaluator->calibrator().statistics()) {
        const std::string group = "/calibration/samples_" + std::to_string(samples);
        write_statistics(file, group, samples, table);
        const auto index = std::find(sizes.begin(), sizes.end(), samples) - sizes.begin();
        write_ranges(file, group + "/ranges", bench.evaluator->calibrator().ranges(index));
    }
    file.commit();
}

}  // namespace halftone::app
