// The command inspect: units of a model, what each can be on this machine, and why not.
//
//   to_json               units with shapes, options of the space, offered words, refusals with their reasons
//   print_inspect_table   the same for people
//
// The text is printed from the JSON, so that both say the same. Neither holds times or config lines: two runs on one
// kind of machine give equal bytes, which scripts compare.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands.hpp"
#include "eval/from_config.hpp"
#include "kernel/ops/machine.hpp"
#include "setup.hpp"
#include "space/option_filter.hpp"

namespace halftone::app {
namespace {

/// "uint8/asym/per_tensor/kl x int8/sym/per_channel/minmax": activation x weight, in the order of the config's keys.
std::string option_text(const UnitConfig& option) {
    if (!option.is_quantized()) return std::string(to_string(option.activation.dtype));
    const ActivationConfig& a = option.activation;
    const WeightConfig& w = option.weight;
    const std::string bits = w.bit == kAllBits ? "" : fmt::format("/{} bit", float_text(w.bit));
    return fmt::format("{}/{}/{}/{} x {}/{}/{}/{}{}{}", to_string(a.dtype), kSchemeNames.name(a.scheme),
                       kGranularityNames.name(a.granularity), to_text(a.range_rule()), to_string(w.dtype),
                       kSchemeNames.name(w.scheme), kGranularityNames.name(w.granularity), w.algorithm.word(), bits,
                       is_accelerated(option) ? "" : " (not accelerated)");
}

/// The words that lists in the config can name for this unit, whether the space has them or not.
std::string offered_text(const Capability& capability) { return describe_options(capability.options); }

nlohmann::ordered_json to_json(const PreparedModel& model, const CapabilityTable& capability,
                               const SearchSpace& space) {
    nlohmann::ordered_json json;
    json["isa"] = isa_name();
    json["nodes"] = model.graph.nodes().size();
    json["units"] = nlohmann::ordered_json::array();
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        const Unit& unit = model.units[u];
        nlohmann::ordered_json row;
        row["name"] = unit.name;
        row["op"] = unit.op;
        row["nodes"] = nlohmann::ordered_json::array();
        for (const NodeId id : unit.nodes) row["nodes"].push_back(model.graph.node(id).name);
        row["input"] = model.graph.value(unit.input).type.shape.to_text();
        row["weight"] = model.graph.value(unit.weight).type.shape.to_text();
        row["output"] = model.graph.value(unit.output).type.shape.to_text();
        row["options"] = nlohmann::ordered_json::array();
        for (const UnitConfig& option : space.decisions()[u].options) row["options"].push_back(option_text(option));
        row["offered"] = offered_text(capability[u]);
        row["refused"] = nlohmann::ordered_json::array();
        for (const Refusal& refusal : capability[u].refused) {
            row["refused"].push_back({{"dtype", refusal.dtype}, {"why", refusal.why}});
        }
        json["units"].push_back(std::move(row));
    }
    json["space_size"] = space.size_text();
    return json;
}

void print_inspect_table(const nlohmann::ordered_json& json) {
    fmt::print("instruction set {}, {} nodes, {} units\n\n", json["isa"].get<std::string>(),
               json["nodes"].get<std::size_t>(), json["units"].size());
    for (const auto& unit : json["units"]) {
        fmt::print("{} ({})  {} x {} -> {}\n", unit["name"].get<std::string>(), unit["op"].get<std::string>(),
                   unit["input"].get<std::string>(), unit["weight"].get<std::string>(),
                   unit["output"].get<std::string>());
        std::vector<std::string> nodes;
        for (const auto& node : unit["nodes"]) nodes.push_back(node.get<std::string>());
        fmt::print("    nodes    {}\n", fmt::join(nodes, ", "));
        for (const auto& option : unit["options"]) fmt::print("    option   {}\n", option.get<std::string>());
        fmt::print("    offered  {}\n", unit["offered"].get<std::string>());
        for (const auto& refusal : unit["refused"]) {
            fmt::print("    refused  {}: {}\n", refusal["dtype"].get<std::string>(), refusal["why"].get<std::string>());
        }
    }
    fmt::print("\nsize of the tuning space: {}\n", json["space_size"].get<std::string>());
}

}  // namespace

int run_inspect(const InspectOptions& options) {
    QuantizationConfig constraints;
    InputSizes sizes = options.sizes.parse();
    if (!options.config.empty()) {
        const RunConfig config = load_config(options.config, options.overrides);
        check_isa(config);
        constraints = config.quantization;
        sizes.shapes.insert(config.input_shapes.begin(), config.input_shapes.end());  // the option's word comes first
    }
    // As tune does it: without this, options would be shown that a search on this machine does not have.
    constraints = resolve_auto(constraints);
    const PreparedModel model = prepare_model(read_model(options.model, ""), options.model, sizes);
    const CapabilityTable capability = capability_table(model, constraints);
    const SearchSpace space = build_space(model.graph, model.units, capability, constraints);
    const auto json = to_json(model, capability, space);
    if (options.as_json)
        fmt::print("{}\n", json.dump());
    else
        print_inspect_table(json);
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
