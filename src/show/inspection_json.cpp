// The JSON of the command inspect. It is what scripts read, so a key once written stays.
//
//   survey_json, model_json   what is known of the file and of the model as a whole
//   unit_kinds                what units have in common, made once for all of them
//   whole_line                the model, then unit by unit what it has for itself and what its kind has
#include "show/inspection_json.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <tuple>

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
    std::vector<bool> is_inside(model.graph.nodes().size(), false);
    for (const Unit& unit : model.units) {
        for (const NodeId id : unit.nodes) is_inside[id.index()] = true;
    }
    std::map<std::string, std::int64_t> counts;
    for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
        if (!is_inside[i]) ++counts[model.graph.nodes()[i].op];
    }
    Json json = Json::object();
    for (const auto& [op, count] : counts) json[op] = count;
    return json;
}

/// What inspect says of recurrent networks: users of dynamic quantization in other tools look for them.
constexpr const char* kWhyNoRecurrentCodes = "ONNX has no quantized form of them";

/// How many recurrent nodes there are; empty if there is none.
Json recurrent_json(const Json& nodes_outside) {
    Json counts = Json::object();
    for (const char* op : {"LSTM", "GRU", "RNN"}) {
        if (nodes_outside.contains(op)) counts[op] = nodes_outside[op];
    }
    if (counts.empty()) return counts;
    return {{"nodes", counts}, {"why", kWhyNoRecurrentCodes}};
}

/// The nodes whose shapes depend on data: how many, and where they begin.
Json tail_json(const Graph& tail) {
    return {{"nodes", tail.nodes().size()}, {"first", describe(tail.nodes().front())}};
}

/// What a kind adds to the JSON of a unit.
Json kind_json(const UnitKind& kind) {
    Json row;
    row["options"] = kind.options;  // those of the search space; "offered" may name more
    row["offered"] = kind.offered;
    row["refused"] = Json::array();
    for (const Refusal& refusal : kind.refused) {
        row["refused"].push_back({{"dtype", refusal.dtype}, {"why", refusal.why}});
    }
    return row;
}

/// Names of a refused model may hold any bytes: those that are no UTF-8 are replaced, and nothing is thrown.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The text of an object without its braces, to be joined with that of another. @pre the object is not empty
std::string members_of(const Json& object) {
    const std::string text = text_of(object);
    return text.substr(1, text.size() - 2);
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

UnitKinds unit_kinds(const Inspection& inspection) {
    // What a kind has in common: options of the space, offered options, and refusals as text.
    using Lists = std::tuple<SharedList<UnitConfig>, SharedList<UnitConfig>, std::string>;
    std::map<Lists, std::size_t> known;
    // Most units share their lists with an earlier unit. Then the addresses of the lists tell the kind, and what stands
    // in the lists need not be compared.
    std::map<std::array<const void*, 3>, std::size_t> known_addresses;
    UnitKinds result;
    for (std::size_t u = 0; u < inspection.model.units.size(); ++u) {
        const Capability& capability = inspection.capability[u];
        const SharedList<UnitConfig>& options = inspection.space->decisions()[u].options;
        const auto [address, is_new_address] = known_addresses.try_emplace(
            {options.identity(), capability.options.identity(), capability.refused.identity()});
        if (!is_new_address) {
            ++result.kinds[address->second].units;
            result.of_unit.push_back(address->second);
            continue;
        }
        std::string refused;
        for (const Refusal& refusal : capability.refused) refused += refusal.dtype + ": " + refusal.why + "\n";
        const auto [entry, is_new] = known.try_emplace({options, capability.options, refused}, result.kinds.size());
        if (is_new) {
            UnitKind kind;
            kind.offered = describe_options(capability.options);
            kind.refused = capability.refused;
            kind.first = inspection.model.units[u].name;
            for (const UnitConfig& option : options) kind.options.push_back(option_text(option));
            result.kinds.push_back(std::move(kind));
        }
        address->second = entry->second;
        ++result.kinds[entry->second].units;
        result.of_unit.push_back(entry->second);
    }
    return result;
}

Json model_json(const Inspection& inspection) {
    const PreparedModel& model = inspection.model;
    Json json = survey_json(inspection.survey);
    json["nodes"] = model.graph.nodes().size();
    json["nodes_outside_of_units"] = nodes_outside_json(model);
    if (Json recurrent = recurrent_json(json["nodes_outside_of_units"]); !recurrent.empty()) {
        json["recurrent"] = std::move(recurrent);
    }
    if (model.graph.info().tail != nullptr) json["tail"] = tail_json(*model.graph.info().tail);
    return json;
}

Json unit_json(const PreparedModel& model, const Unit& unit) {
    Json row;
    row["name"] = unit.name;
    row["op"] = unit.op;
    row["nodes"] = Json::array();
    for (const NodeId id : unit.nodes) row["nodes"].push_back(model.graph.node(id).name);
    row["input"] = model.graph.value(unit.input).type.shape.to_text();
    row["weight"] = model.graph.value(unit.weight).type.shape.to_text();
    row["output"] = model.graph.value(unit.output).type.shape.to_text();
    return row;
}

std::string whole_line(const Inspection& inspection) {
    const UnitKinds kinds = unit_kinds(inspection);
    std::vector<std::string> of_kind;
    for (const UnitKind& kind : kinds.kinds) of_kind.push_back(members_of(kind_json(kind)));
    std::string line = "{" + members_of(model_json(inspection)) + R"(,"units":[)";
    const std::vector<Unit>& units = inspection.model.units;
    // 100,000 units make hundreds of megabytes, which are not to be copied while the text grows.
    constexpr std::size_t kBytesOfOneUnit = 256;  // of what it has for itself, about
    std::size_t bytes = line.size() + units.size() * kBytesOfOneUnit;
    for (std::size_t k = 0; k < of_kind.size(); ++k) bytes += of_kind[k].size() * kinds.kinds[k].units;
    line.reserve(bytes);
    for (std::size_t u = 0; u < units.size(); ++u) {
        line += (u == 0 ? "{" : ",{") + members_of(unit_json(inspection.model, units[u])) + ",";
        line += of_kind[kinds.of_unit[u]] + "}";
    }
    // A text, because a space of 20 layers is larger than every integer type.
    return line + R"(],"space_size":)" + text_of(Json(inspection.space->size_text())) + "}\n";
}

std::string json_line(const Json& json) { return text_of(json) + "\n"; }

}  // namespace halftone::show
