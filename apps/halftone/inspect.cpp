// The command inspect: units of a model, what each can be on this machine, and why not; of a model that cannot be read,
// everything that stands in the way.
//
//   refuse_model          every fault of a file at once
//   to_json               inputs, outputs, units with shapes, options of the space, offered words, refusals with
//   reasons print_summary         inputs and outputs, units by type, what they have in common, what falls out and why
//   print_units           each unit with all of it (--units)
//
// The text is printed from the JSON, so that both say the same. Neither holds times or config lines: two runs on one
// kind of machine give equal bytes, which scripts compare.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands.hpp"
#include "eval/from_config.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "model_source.hpp"
#include "setup.hpp"
#include "space/option_filter.hpp"

namespace halftone::app {
namespace {

using Json = nlohmann::ordered_json;

/// "uint8/asym/per_tensor/kl x int8/sym/per_channel/minmax": activation x weight, in the order of the config's keys.
std::string option_text(const UnitConfig& option) {
    if (!option.is_quantized()) return std::string(to_string(option.activation.dtype));
    const ActivationConfig& a = option.activation;
    const WeightConfig& w = option.weight;
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

/// What the file declares of its inputs and outputs, and its faults.
Json survey_json(const ModelSurvey& survey) {
    Json json;
    json["isa"] = isa_name();
    json["opset"] = survey.opset;
    for (const auto& [key, ports] : {std::pair{"inputs", &survey.inputs}, std::pair{"outputs", &survey.outputs}}) {
        json[key] = Json::array();
        for (const ModelPort& port : *ports) json[key].push_back(port_json(port));
    }
    json["faults"] = Json::array();
    for (const ModelFault& fault : survey.faults) {
        json["faults"].push_back(
            {{"kind", fault.kind}, {"what", fault.what}, {"count", fault.count}, {"where", fault.where}});
    }
    return json;
}

/// A refused file may hold names that are no text; they are shown with question marks.
void print_json(const Json& json) { fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

/// A table of all faults as one message. @pre several faults
std::string faults_text(const std::string& model, const ModelSurvey& survey) {
    std::size_t width = 0;
    for (const ModelFault& fault : survey.faults) width = std::max(width, fault.kind.size());
    std::string text =
        fmt::format("{} (opset {}): {} things stand in the way:", model, survey.opset, survey.faults.size());
    for (const ModelFault& fault : survey.faults)
        text += fmt::format("\n       {:{}}  {}", fault.kind, width, fault.what);
    if (std::any_of(survey.faults.begin(), survey.faults.end(),
                    [](const ModelFault& fault) { return fault.kind == "open dimension"; })) {
        text +=
            "\n       Sizes of open dimensions are given with --shape or --dim, in a config with model.input_shapes.";
    }
    return text;
}

/// Reads the model, or refuses it with everything that stands in the way. As JSON, the faults are printed, too.
PreparedModel prepare_or_refuse(const InspectOptions& options, const std::string& framework, const InputSizes& sizes,
                                ModelSurvey& survey) {
    const std::string bytes = read_framework_model(options.model, framework, sizes);
    survey = survey_onnx(bytes, options.model, reference_ops(), sizes);
    std::set<std::string> kinds;
    for (const ModelFault& fault : survey.faults) kinds.insert(fault.kind);
    try {
        // The import itself lists all faults of these two kinds, and says what to do about them.
        const bool import_says_all = kinds == std::set<std::string>{"operator"} ||
                                     kinds == std::set<std::string>{"open dimension"} || survey.faults.size() < 2;
        if (import_says_all) return prepare_for_tuning(bytes, options.model, sizes);
        throw ModelError(faults_text(options.model, survey));
    } catch (const ModelError& error) {
        if (survey.faults.empty()) survey.faults.push_back({.kind = "graph", .what = error.what(), .where = ""});
        if (options.as_json) print_json(survey_json(survey));
        throw;
    }
}

/// Many files declare no shapes of their outputs; those that were inferred are shown then.
void fill_output_shapes(ModelSurvey& survey, const Graph& graph) {
    if (graph.info().tail != nullptr) return;  // shapes that depend on data are what the file says
    for (std::size_t i = 0; i < std::min(survey.outputs.size(), graph.outputs().size()); ++i) {
        const Shape& shape = graph.value(graph.outputs()[i]).type.shape;
        std::vector<std::string>& dims = survey.outputs[i].dims;
        if (dims.size() != shape.rank()) dims.assign(shape.rank(), "?");
        for (std::size_t d = 0; d < dims.size(); ++d) {
            if (dims[d] == "?") dims[d] = shape[d] == kSymbolic ? "N" : std::to_string(shape[d]);
        }
    }
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
    row["options"] = Json::array();
    for (const UnitConfig& option : options) row["options"].push_back(option_text(option));
    row["offered"] = offered_text(capability);
    row["refused"] = Json::array();
    for (const Refusal& refusal : capability.refused) {
        row["refused"].push_back({{"dtype", refusal.dtype}, {"why", refusal.why}});
    }
    return row;
}

Json to_json(const ModelSurvey& survey, const PreparedModel& model, const CapabilityTable& capability,
             const SearchSpace& space) {
    Json json = survey_json(survey);
    json["nodes"] = model.graph.nodes().size();
    json["nodes_outside_of_units"] = nodes_outside_json(model);
    if (model.graph.info().tail != nullptr) json["tail"] = tail_json(*model.graph.info().tail);
    json["units"] = Json::array();
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        json["units"].push_back(unit_json(model, model.units[u], capability[u], space.decisions()[u].options));
    }
    json["space_size"] = space.size_text();
    return json;
}

void print_ports(const Json& json, const char* key) {
    fmt::print("{}\n", key);
    std::size_t width = 0;
    for (const Json& port : json[key]) width = std::max(width, port["name"].get<std::string>().size());
    for (const Json& port : json[key]) {
        std::vector<std::string> dims;
        for (const Json& dim : port["shape"]) dims.push_back(dim.is_string() ? dim.get<std::string>() : dim.dump());
        fmt::print("    {:{}}  {:5}  [{}]\n", port["name"].get<std::string>(), width, port["type"].get<std::string>(),
                   fmt::join(dims, ","));
    }
}

/// Texts with how many units have each, and one of these units, in the order in which they first appear.
class Shared {
public:
    void add(const std::string& text, const std::string& unit) {
        const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.text == text; });
        if (found == rows_.end())
            rows_.push_back({text, unit, 1});
        else
            ++found->count;
    }
    void print(const char* title, std::size_t units) const {
        if (rows_.empty()) return;
        fmt::print("{}\n", title);
        for (const Row& row : rows_) {
            if (row.count == units)
                fmt::print("    {}\n", row.text);
            else
                fmt::print("    {}  ({} of {} units, first: {})\n", row.text, row.count, units, row.unit);
        }
    }

private:
    struct Row {
        std::string text, unit;
        std::size_t count = 0;
    };
    std::vector<Row> rows_;
};

std::string counts_text(const Json& counts) {
    std::vector<std::string> parts;
    for (const auto& [op, count] : counts.items()) parts.push_back(fmt::format("{} {}", count.get<std::int64_t>(), op));
    return fmt::format("{}", fmt::join(parts, ", "));
}

void print_summary(const Json& json) {
    print_ports(json, "inputs");
    print_ports(json, "outputs");
    const std::size_t units = json["units"].size();
    fmt::print("opset {}, instruction set {}, {} nodes, {} units\n\n", json["opset"].get<std::int64_t>(),
               json["isa"].get<std::string>(), json["nodes"].get<std::size_t>(), units);
    Json ops = Json::object();
    Shared options;
    Shared refused;
    for (const Json& unit : json["units"]) {
        const std::string op = unit["op"].get<std::string>();
        ops[op] = ops.value(op, std::int64_t{0}) + 1;
        const std::string name = unit["name"].get<std::string>();
        for (const Json& option : unit["options"]) options.add(option.get<std::string>(), name);
        for (const Json& refusal : unit["refused"]) {
            refused.add(refusal["dtype"].get<std::string>() + ": " + refusal["why"].get<std::string>(), name);
        }
    }
    if (units > 0) fmt::print("units by type\n    {}\n", counts_text(ops));
    options.print("options", units);
    refused.print("refused", units);
    if (!json["nodes_outside_of_units"].empty()) {
        fmt::print("outside of units, never quantized by themselves\n    {}\n",
                   counts_text(json["nodes_outside_of_units"]));
    }
    if (json.contains("tail")) {
        fmt::print(
            "tail: shapes depend on data, so the plain operators run it, sample by sample\n    {} nodes, the first is "
            "{}\n",
            json["tail"]["nodes"].get<std::size_t>(), json["tail"]["first"].get<std::string>());
    }
}

void print_units(const Json& json) {
    for (const Json& unit : json["units"]) {
        fmt::print("\n{} ({})  {} x {} -> {}\n", unit["name"].get<std::string>(), unit["op"].get<std::string>(),
                   unit["input"].get<std::string>(), unit["weight"].get<std::string>(),
                   unit["output"].get<std::string>());
        std::vector<std::string> nodes;
        for (const Json& node : unit["nodes"]) nodes.push_back(node.get<std::string>());
        fmt::print("    nodes    {}\n", fmt::join(nodes, ", "));
        for (const Json& option : unit["options"]) fmt::print("    option   {}\n", option.get<std::string>());
        fmt::print("    offered  {}\n", unit["offered"].get<std::string>());
        for (const Json& refusal : unit["refused"]) {
            fmt::print("    refused  {}: {}\n", refusal["dtype"].get<std::string>(), refusal["why"].get<std::string>());
        }
    }
}

}  // namespace

int run_inspect(const InspectOptions& options) {
    RunConfig config;
    InputSizes sizes = options.sizes.parse();
    if (!options.config.empty()) {
        config = load_config(options.config, options.overrides);
        check_isa(config);
        sizes.shapes.insert(config.input_shapes.begin(), config.input_shapes.end());  // the option's word comes first
    }
    // As tune does it: without this, options would be shown that a search on this machine does not have.
    const QuantizationConfig constraints = resolve_auto(config.quantization);
    ModelSurvey survey;
    PreparedModel model;
    try {
        const std::string& framework = options.framework.empty() ? config.framework : options.framework;
        model = prepare_or_refuse(options, framework, sizes, survey);
    } catch (ConfigError& error) {
        name_place_of_sizes(error, config);
        throw;
    }
    fill_output_shapes(survey, model.graph);
    const CapabilityTable capability = capability_table(model, constraints);
    const SearchSpace space = build_space(model.graph, model.units, capability, constraints);
    const Json json = to_json(survey, model, capability, space);
    if (options.as_json) {
        print_json(json);
        return static_cast<int>(ExitCode::ok);
    }
    print_summary(json);
    if (options.shows_units) print_units(json);
    fmt::print("\nsize of the search space: {}\n", json["space_size"].get<std::string>());
    if (!options.shows_units) fmt::print("--units shows the name, shapes and options of each unit\n");
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
