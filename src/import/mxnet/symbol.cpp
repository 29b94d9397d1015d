#include "import/mxnet/symbol.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "graph/onnx/text_check.hpp"

namespace halftone {
namespace {

using SymbolJson = nlohmann::json;

// Real files have some hundred kilobytes. The parser makes at most about 40 bytes of one byte of text ("[[[["), which
// the budget is asked for before it begins.
constexpr std::size_t kMostSymbolBytes = std::size_t{64} << 20U;
constexpr std::uint64_t kParsedBytesPerByte = 40;
constexpr std::size_t kMostOutputs = 4096;  // of one node
constexpr std::size_t kMostNameBytes = 4096;

/// Returns a member that must be an array. @throws ModelError
const SymbolJson& array_member(const SymbolJson& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) throw ModelError(fmt::format("has no list '{}'", key));
    return *found;
}

/// Returns a name: printable and not too long, because it goes into messages and into the exported file.
std::string text_member(const SymbolJson& json, const char* key, std::size_t node) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) throw ModelError(fmt::format("node {} has no '{}'", node, key));
    const auto& text = found->get_ref<const std::string&>();
    if (text.size() > kMostNameBytes) throw ModelError(fmt::format("node {}: '{}' is too long", node, key));
    return check_text(text, fmt::format("node {}: '{}'", node, key));
}

/// An edge is [node, output] or [node, output, version]. @param limit  the node must have a lower index
MxnetEdge edge_of(const SymbolJson& json, std::size_t limit, const std::string& owner) {
    if (!json.is_array() || json.empty() || json.size() > 3) throw ModelError(owner + " is no list of 1 to 3 numbers");
    const auto number = [&](std::size_t i) -> std::uint64_t {
        if (i >= json.size()) return 0;
        if (!json[i].is_number_unsigned()) throw ModelError(owner + " holds something that is no index");
        return json[i].get<std::uint64_t>();
    };
    if (number(0) >= limit)
        throw ModelError(fmt::format("{} names node {}, which does not stand before", owner, number(0)));
    if (number(1) >= kMostOutputs) throw ModelError(fmt::format("{} names output {}", owner, number(1)));
    return {static_cast<std::size_t>(number(0)), static_cast<std::size_t>(number(1))};
}

/// Reads one node; `index` is its own, and its inputs must have lower ones.
MxnetNode node_of(const SymbolJson& json, std::size_t index) {
    if (!json.is_object()) throw ModelError(fmt::format("node {} is no object", index));
    MxnetNode node;
    node.op = text_member(json, "op", index);
    node.name = text_member(json, "name", index);
    for (const SymbolJson& input : array_member(json, "inputs")) {
        node.inputs.push_back(edge_of(input, index, fmt::format("an input of node {} ('{}')", index, node.name)));
    }
    // The key was called param until 0.9 and attr until 1.2; files of those years may have both of them.
    for (const char* key : {"param", "attr", "attrs"}) {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_object()) continue;
        for (const auto& [name, value] : found->items()) {
            if (value.is_string()) node.attributes[name] = value.get<std::string>();
        }
    }
    return node;
}

/// "attrs": {"mxnet_version": ["int", 10901]}
std::int64_t version_of(const SymbolJson& json) {
    const auto attributes = json.find("attrs");
    if (attributes == json.end() || !attributes->is_object()) return 0;
    const auto version = attributes->find("mxnet_version");
    if (version == attributes->end() || !version->is_array() || version->size() != 2) return 0;
    const SymbolJson& number = (*version)[1];
    return number.is_number_unsigned() ? static_cast<std::int64_t>(number.get<std::uint32_t>()) : 0;
}

/// Keys beside these (arg_nodes, node_row_ptr) repeat what the nodes say and are not read.
MxnetSymbol symbol_of(const SymbolJson& json) {
    if (!json.is_object()) throw ModelError("is no symbol.json of MXNet: it is no JSON object");
    MxnetSymbol symbol;
    for (const SymbolJson& node : array_member(json, "nodes")) {
        symbol.nodes.push_back(node_of(node, symbol.nodes.size()));
    }
    for (const SymbolJson& head : array_member(json, "heads")) {
        symbol.outputs.push_back(edge_of(head, symbol.nodes.size(), "a head"));
    }
    if (symbol.outputs.empty()) throw ModelError("has no heads, so nothing is computed");
    symbol.version = version_of(json);
    return symbol;
}

}  // namespace

MxnetSymbol parse_mxnet_symbol(std::string_view bytes, const std::string& name) {
    if (bytes.size() > kMostSymbolBytes) throw ModelError(name + ": is larger than 64 MiB");
    const BudgetedBytes parsed(process_budget(), kParsedBytesPerByte * bytes.size(), name);
    const SymbolJson json = SymbolJson::parse(bytes, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) throw ModelError(name + ": is no JSON text, so it is no symbol.json of MXNet");
    try {
        return symbol_of(json);
    } catch (ModelError& error) {
        error.add_context(name);
        throw;
    }
}

bool is_mxnet_symbol(std::string_view bytes) {
    const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || bytes[begin] != '{') return false;
    return bytes.find("\"nodes\"") != std::string_view::npos && bytes.find("\"heads\"") != std::string_view::npos;
}

}  // namespace halftone
