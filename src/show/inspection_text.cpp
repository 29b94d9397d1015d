// The text of the command inspect, made from the parts of its JSON, so that both say the same.
//
//   ports_text          inputs and outputs: name, type, shape
//   SharedTexts         texts that many units have in common: each once, with the number of units
//   summary_text        units by type, what they have in common, what falls out and why
//   units_text          each unit with all of it (--units)
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "show/inspection_json.hpp"

namespace halftone::show {
namespace {

/// Returns the title and a line for each port. Names come first and in full: a user copies them into --shape and into a
/// config.
std::string ports_text(const Json& json, const char* key) {
    std::string text = fmt::format("{}\n", key);
    std::size_t width = 0;
    for (const Json& port : json[key]) width = std::max(width, port["name"].get<std::string>().size());
    for (const Json& port : json[key]) {
        std::vector<std::string> dims;
        for (const Json& dim : port["shape"]) dims.push_back(dim.is_string() ? dim.get<std::string>() : dim.dump());
        text += fmt::format("    {:{}}  {:5}  [{}]\n", port["name"].get<std::string>(), width,
                            port["type"].get<std::string>(), fmt::join(dims, ","));
    }
    return text;
}

/// Texts with how many units have each, and one of these units, in the order in which they first appear.
class SharedTexts {
public:
    void add(const std::string& text, const UnitKind& kind) {
        const auto [entry, is_new] = row_of_.try_emplace(text, rows_.size());
        if (is_new) rows_.push_back({text, kind.first, 0});
        rows_[entry->second].count += kind.units;
    }
    [[nodiscard]] std::string text(const char* title, std::size_t units) const {
        if (rows_.empty()) return "";
        std::string text = fmt::format("{}\n", title);
        for (const Row& row : rows_) {
            // What all units have in common needs no number; a number shows where the exceptions are.
            if (row.count == units)
                text += fmt::format("    {}\n", row.text);
            else
                text += fmt::format("    {}  ({} of {} units, first: {})\n", row.text, row.count, units, row.unit);
        }
        return text;
    }

private:
    struct Row {
        std::string text, unit;
        std::size_t count = 0;
    };
    std::vector<Row> rows_;
    std::map<std::string, std::size_t> row_of_;  ///< by text
};

std::string counts_text(const Json& counts) {
    std::vector<std::string> parts;
    for (const auto& [op, count] : counts.items()) parts.push_back(fmt::format("{} {}", count.get<std::int64_t>(), op));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string summary_text(const Json& json, const Inspection& inspection, const UnitKinds& kinds) {
    std::string text = ports_text(json, "inputs") + ports_text(json, "outputs");
    const std::size_t units = inspection.model.units.size();
    text += fmt::format("opset {}, instruction set {}, {} nodes, {} units\n\n", json["opset"].get<std::int64_t>(),
                        json["isa"].get<std::string>(), json["nodes"].get<std::size_t>(), units);
    // Types of units in the order of the graph, as all that follows.
    Json ops = Json::object();
    for (const Unit& unit : inspection.model.units) ops[unit.op] = ops.value(unit.op, std::int64_t{0}) + 1;
    // A network has tens of units that differ in nothing but their names: what they share is said once.
    SharedTexts options;
    SharedTexts refused;
    for (const UnitKind& kind : kinds.kinds) {
        for (const std::string& option : kind.options) options.add(option, kind);
        for (const Refusal& refusal : kind.refused) refused.add(refusal.dtype + ": " + refusal.why, kind);
    }
    if (units > 0) text += fmt::format("units by type\n    {}\n", counts_text(ops));
    text += options.text("options", units);
    text += refused.text("refused", units);
    // They run on codes only where both neighbours are quantized, which a plan decides, so they are no choice of a
    // user.
    if (!json["nodes_outside_of_units"].empty()) {
        text += fmt::format("outside of units, never quantized by themselves\n    {}\n",
                            counts_text(json["nodes_outside_of_units"]));
    }
    if (json.contains("recurrent")) {
        text += fmt::format("recurrent nodes stay in fp32, whatever the approach\n    {}: {}\n",
                            counts_text(json["recurrent"]["nodes"]), json["recurrent"]["why"].get<std::string>());
    }
    if (json.contains("tail")) {
        text += fmt::format(
            "tail: shapes depend on data, so the plain operators run it, sample by sample\n    {} nodes, the first is "
            "{}\n",
            json["tail"]["nodes"].get<std::size_t>(), json["tail"]["first"].get<std::string>());
    }
    return text;
}

/// Returns what all units of a kind have in their blocks.
std::string kind_text(const UnitKind& kind) {
    std::string text;
    for (const std::string& option : kind.options) text += fmt::format("    option   {}\n", option);
    text += fmt::format("    offered  {}\n", kind.offered);
    for (const Refusal& refusal : kind.refused) {
        text += fmt::format("    refused  {}: {}\n", refusal.dtype, refusal.why);
    }
    return text;
}

/// Returns a block for each unit. A user looks here for the names that op_wise takes, and for why a unit falls out.
std::string units_text(const Inspection& inspection, const UnitKinds& kinds) {
    std::vector<std::string> of_kind;
    for (const UnitKind& kind : kinds.kinds) of_kind.push_back(kind_text(kind));
    std::string text;
    for (std::size_t u = 0; u < inspection.model.units.size(); ++u) {
        const Json unit = unit_json(inspection.model, inspection.model.units[u]);
        text += fmt::format("\n{} ({})  {} x {} -> {}\n", unit["name"].get<std::string>(),
                            unit["op"].get<std::string>(), unit["input"].get<std::string>(),
                            unit["weight"].get<std::string>(), unit["output"].get<std::string>());
        std::vector<std::string> nodes;
        for (const Json& node : unit["nodes"]) nodes.push_back(node.get<std::string>());
        text += fmt::format("    nodes    {}\n", fmt::join(nodes, ", "));
        text += of_kind[kinds.of_unit[u]];
    }
    return text;
}

}  // namespace

std::string inspection_text(const Inspection& inspection, bool shows_units) {
    const UnitKinds kinds = unit_kinds(inspection);
    std::string text = summary_text(model_json(inspection), inspection, kinds);
    if (shows_units) text += units_text(inspection, kinds);
    text += fmt::format("\nsize of the search space: {}\n", inspection.space->size_text());
    if (!shows_units) text += "--units shows the name, shapes and options of each unit\n";
    return text;
}

}  // namespace halftone::show
