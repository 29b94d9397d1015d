// The text of study.json. Its fields are documented in src/study/README.md; study_source.cpp reads them back.
#include "study/study_facts.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "tensor/block_affine.hpp"

namespace halftone::study {
namespace {

using Json = nlohmann::ordered_json;

/// One option of a unit. Scheme, granularity and algorithm mean nothing in high precision and are left out there.
Json option_json(const Graph& graph, const Unit& unit, const UnitConfig& option) {
    const ActivationConfig& a = option.activation;
    const WeightConfig& w = option.weight;
    Json json{{"activation", {{"dtype", to_string(a.dtype)}}}, {"weight", {{"dtype", to_string(w.dtype)}}}};
    // The words are those of a config, so that a reader finds them there again.
    if (option.is_weight_only()) {
        json["weight"] = {{"dtype", to_string(w.dtype)},
                          {"scheme", kSchemeNames.name(w.scheme)},
                          {"algorithm", w.algorithm.word()},
                          {"group_size", w.group_size}};
    } else if (option.is_quantized()) {
        json["activation"] = {{"dtype", to_string(a.dtype)},
                              {"scheme", kSchemeNames.name(a.scheme)},
                              {"granularity", kGranularityNames.name(a.granularity)},
                              {"algorithm", to_text(a.range_rule())}};
        if (option.is_dynamic()) json["activation"]["quant_mode"] = kWhenNames.name(a.when);
        json["weight"] = {{"dtype", to_string(w.dtype)},
                          {"scheme", kSchemeNames.name(w.scheme)},
                          {"granularity", kGranularityNames.name(w.granularity)},
                          {"algorithm", w.algorithm.word()},
                          {"bit", w.bit}};
    }
    json["weight_bytes"] = weight_bytes(graph, unit, option);
    return json;
}

/// All units, in the order of their numbers: journal and study.h5 refer to them by position.
Json units_json(const PreparedModel& model, const CapabilityTable& capability, const SearchSpace& space) {
    Json units = Json::array();
    const Graph& graph = model.graph;
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        const Unit& unit = model.units[u];
        Json json{{"name", unit.name}, {"op", unit.op}, {"output", graph.value(unit.output).name}};
        // Names, not ids: ids are positions in a graph that the reader does not have.
        for (const NodeId node : unit.nodes) json["nodes"].push_back(graph.node(node).name);
        for (const UnitConfig& option : space.decisions()[u].options) {
            json["options"].push_back(option_json(graph, unit, option));
        }
        json["refused"] = Json::array();
        for (const Refusal& refusal : capability[u].refused) {
            json["refused"].push_back(Json{{"dtype", refusal.dtype}, {"why", refusal.why}});
        }
        units.push_back(std::move(json));
    }
    return units;
}

}  // namespace

std::int64_t weight_bytes(const Graph& graph, const Unit& unit, const UnitConfig& config) {
    const Shape& shape = graph.value(unit.weight).type.shape;
    // bf16 units keep fp32 weights in the file, see kBf16Key in exec/apply_plan.hpp.
    if (!config.is_quantized()) return shape.elements() * static_cast<std::int64_t>(sizeof(float));
    const auto count = [](const Shape& some) { return static_cast<double>(some.elements()); };
    if (config.is_weight_only()) {
        // Codes of 4 bits share bytes. Asymmetric ones have a zero point, of their own type, beside each scale.
        const double code = config.weight.dtype == DType::s4 ? 0.5 : 1.0;
        const double scale = sizeof(float) + (config.weight.scheme == Scheme::asym ? code : 0.0);
        const Shape scales = block_scale_shape(shape, 1 - unit.weight_channel_axis, config.weight.group_size);
        return static_cast<std::int64_t>(count(shape) * code + count(scales) * scale);
    }
    // In the file a code takes one byte; each scale is a float and each zero point an int8.
    const bool is_per_channel = config.weight.granularity == Granularity::per_channel;
    const std::int64_t scales = is_per_channel ? shape[static_cast<std::size_t>(unit.weight_channel_axis)] : 1;
    return shape.elements() + scales * static_cast<std::int64_t>(sizeof(float) + sizeof(std::int8_t));
}

std::string study_facts(const RunConfig& config, const PreparedModel& model, const CapabilityTable& capability,
                        const SearchSpace& space, const RunStart& start) {
    Json json{{"format", 1},
              {"version", start.version},
              {"git", start.git},
              {"command", start.command},
              {"directory", start.directory},
              {"ranks", start.ranks},
              {"threads", config.tuning.threads},
              {"libraries", {{"onednn", start.onednn}, {"mpi", start.mpi}}},
              {"model_path", config.model_path},
              {"model_bytes", start.model_bytes},
              {"max_trials", config.tuning.max_trials}};
    const AccuracyCriterion& criterion = config.tuning.criterion;
    json["goal"] = {{"kind", criterion.is_relative ? "relative" : "absolute"},
                    {"loss", criterion.loss},
                    {"higher_is_better", criterion.higher_is_better}};
    json["metric"] = config.evaluation ? config.evaluation->goal_name() : "";
    const auto& sizes = space.calibration_sizes();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        // A calibration index stands for a number of samples and for a preparation, where the search chooses one.
        Json variant{{"samples", sizes[i]}};
        const Preparation preparation = space.preparation(static_cast<std::int64_t>(i));
        if (preparation.smooth_alpha) variant["smooth_alpha"] = *preparation.smooth_alpha;
        if (!(preparation == Preparation{.smooth_alpha = preparation.smooth_alpha}))
            variant["preparation"] = to_text(preparation);
        json["calibration"].push_back(std::move(variant));
    }
    json["units"] = units_json(model, capability, space);
    json["config"] = print_config(config);
    // `replace`: paths and names may hold bytes that are not UTF-8, and a run must not fail for them.
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace halftone::study
