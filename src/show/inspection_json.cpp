// The JSON of the command inspect. It is the source of the text, and what scripts read, so a key once written stays.
#include "show/inspection_json.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/text.hpp"
#include "kernel/ops/machine.hpp"
#include "space/option_filter.hpp"

namespace halftone::show {
namespace {

/// "uint8/asym/per_tensor/kl x int8/sym/per_channel/minmax": activation x weight, in the order of the config's keys.
std::string option_text(const UnitConfig& option) {
    if (!option.is_quantized()) return std::string(to_string(option.activation.dtype));
    const ActivationConfig& a = option.activation;
    const WeightConfig& w = option.weight;
    if (option.is_weight_only()) {
        return fmt::format("{} x {}/{}/{}/{}", to_string(a.dtype), to_string(w.dtype), kSchemeNames.name(w.scheme),
                           w.algorithm.word(), w.group_size);
    }
    // The usual 7 bits are left out; machines without exact int8 products show 6.0.
    const std::string bits = w.bit == kAllBits ? "" : fmt::format("/{} bit", float_text(w.bit));
    const std::string range = option.is_dynamic() ? std::string(kWhenNames.name(a.when)) : to_text(a.range_rule());
    return fmt::format("{}/{}/{}/{} x {}/{}/{}/{}{}{}", to_string(a.dtype), kSchemeNames.name(a.scheme),
                       kGranularityNames.name(a.granularity), range, to_string(w.dtype), kSchemeNames.name(w.scheme),
                       kGranularityNames.name(w.granularity), w.algorithm.word(), bits,
                       is_accelerated(option) ? "" : " (not accelerated)");
}

/// The words that lists in the config can name for this unit, whether the space has them or not.
std::string offered_text(const Capability& capability) { return describe_options(capability.options); }

/// Sizes are numbers, open dimensions are their names, or "?".
Json port_json(const ModelPort& port) {
    Json row;
    row["name"] = port.name;
    row["type"] = port.type;
    row["shape"] = Json::array();
    for (const std::string& dim : port.dims) {
        if (const auto size = parse_int(dim))
            row["shape"].push_back(*size);
        else
            row["shape"].push_back(dim);
    }
    return row;
}

/// How many nodes of each operator belong to no unit: they stay in high precision.
Json nodes_outside_json(const PreparedModel& model) {
    std::set<std::size_t> inside;
    for (const Unit& unit : model.units) {
        for (const NodeId id : unit.nodes) inside.insert(id.index());
    }
    std::map<std::string, std::int64_t> counts;
    for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
        if (!inside.contains(i)) ++counts[model.graph.nodes()[i].op];
    }
    Json json = Json::object();
    for (const auto& [op, count] : counts) json[op] = count;
    return json;
}

/// The nodes whose shapes depend on data: how many, and where they begin.
Json tail_json(const Graph& tail) {
    return {{"nodes", tail.nodes().size()}, {"first", describe(tail.nodes().front())}};
}

/// Returns one unit: what it holds, what a search chooses between, what a config can name, and what is refused and why.
Json unit_json(const PreparedModel& model, const Unit& unit, const Capability& capability,
               const std::vector<UnitConfig>& options) {
    Json row;
    row["name"] = unit.name;
    row["op"] = unit.op;
    row["nodes"] = Json::array();
    for (const NodeId id : unit.nodes) row["nodes"].push_back(model.graph.node(id).name);
    row["input"] = model.graph.value(unit.input).type.shape.to_text();
    row["weight"] = model.graph.value(unit.weight).type.shape.to_text();
    row["output"] = model.graph.value(unit.output).type.shape.to_text();
    row["options"] = Json::array();  // those of the search space; "offered" may name more
    for (const UnitConfig& option : options) row["options"].push_back(option_text(option));
    row["offered"] = offered_text(capability);
    row["refused"] = Json::array();
    for (const Refusal& refusal : capability.refused) {
        row["refused"].push_back({{"dtype", refusal.dtype}, {"why", refusal.why}});
    }
    return row;
}

}  // namespace

Json survey_json(const ModelSurvey& survey) {
    Json json;
    json["isa"] = isa_name();
    json["opset"] = survey.opset;
    for (const auto& [key, ports] : {std::pair{"inputs", &survey.inputs}, std::pair{"outputs", &survey.outputs}}) {
        json[key] = Json::array();
        for (const ModelPort& port : *ports) json[key].push_back(port_json(port));
    }
    json["faults"] = Json::array();  // also where there are none: a script need not ask whether the key exists
    for (const ModelFault& fault : survey.faults) {
        json["faults"].push_back(
            {{"kind", fault.kind}, {"what", fault.what}, {"count", fault.count}, {"where", fault.where}});
    }
    return json;
}

Json inspection_json(const Inspection& inspection) {
    const PreparedModel& model = inspection.model;
    Json json = survey_json(inspection.survey);
    json["nodes"] = model.graph.nodes().size();
    json["nodes_outside_of_units"] = nodes_outside_json(model);
    if (model.graph.info().tail != nullptr) json["tail"] = tail_json(*model.graph.info().tail);
    json["units"] = Json::array();
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        json["units"].push_back(
            unit_json(model, model.units[u], inspection.capability[u], inspection.space->decisions()[u].options));
    }
    // A text, because a space of 20 layers is larger than every integer type.
    json["space_size"] = inspection.space->size_text();
    return json;
}

// Names of a refused model may hold any bytes: those that are no UTF-8 are replaced, and nothing is thrown.
std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace halftone::show
