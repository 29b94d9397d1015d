#include "graph/tail/body_writer.hpp"

#include "base/check.hpp"

namespace halftone {
namespace {

// A file that holds a longer name than 4096 bytes could not be read again. Graphs in graphs make names longer.
constexpr std::size_t kMaxNameBytes = 2048;

}  // namespace

BodyWriter::BodyWriter(GraphBuilder& builder, const Graph& around, const Node& node, const Graph& body)
    : builder_(builder), node_(node), body_(body), stem_(node.name) {
    if (stem_.empty() && !node.outputs.empty()) stem_ = around.value(node.outputs.front()).name;
    if (stem_.size() > kMaxNameBytes / 2) stem_ = node.op;
}

std::string BodyWriter::name_of(const std::string& prefix, const std::string& name) const {
    const std::string whole = stem_ + (prefix.empty() ? "" : "/" + prefix) + "/" + name;
    return whole.size() <= kMaxNameBytes ? whole : stem_;
}

std::vector<ValueId> BodyWriter::add(const Graph& copy, const std::vector<ValueId>& arguments,
                                     const std::string& prefix) {
    HALFTONE_CHECK(arguments.size() == body_.inputs().size(), "one argument for each input of a body");
    // By name: in a copy, inputs whose values are known may have become constants, and others may be gone.
    std::map<std::string, ValueId> inputs;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        inputs.emplace(body_.value(body_.inputs()[i]).name, arguments[i]);
    }
    std::vector<ValueId> ids;
    ids.reserve(copy.values().size());
    for (const Value& value : copy.values()) {
        const auto input = inputs.find(value.name);
        ids.push_back(input != inputs.end() ? input->second : value_of(value, prefix));
    }
    for (Node node : copy.nodes()) {
        if (!node.name.empty()) node.name = name_of(prefix, node.name);
        for (ValueId& id : node.inputs) id = id.is_valid() ? ids[id.index()] : id;
        for (ValueId& id : node.outputs) id = id.is_valid() ? ids[id.index()] : id;
        builder_.add_node(std::move(node));
    }
    std::vector<ValueId> outputs;
    for (const ValueId id : copy.outputs()) outputs.push_back(ids[id.index()]);
    return outputs;
}

// A weight that all rounds read must stay one weight: it is stored once, and calibrated and quantized once.
ValueId BodyWriter::value_of(const Value& value, const std::string& prefix) {
    if (!value.is_constant()) return builder_.add_value(builder_.fresh_value_name(name_of(prefix, value.name)));
    const auto original = body_.find_value(value.name);
    if (!original || !body_.value(*original).is_constant()) {
        return add_constant(prefix.empty() ? value.name : prefix + "/" + value.name, value.constant);
    }
    const auto known = constants_.find(value.name);
    if (known != constants_.end()) return known->second;
    return constants_[value.name] = add_constant(value.name, value.constant);
}

ValueId BodyWriter::add_node(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                             const std::string& name) {
    const ValueId output = builder_.add_value(builder_.fresh_value_name(name_of("", name)));
    builder_.add_node(
        {.name = "", .op = op, .inputs = std::move(inputs), .outputs = {output}, .attributes = std::move(attributes)});
    return output;
}

ValueId BodyWriter::add_constant(const std::string& name, Tensor tensor) {
    return builder_.add_constant(builder_.fresh_value_name(name_of("", name)), std::move(tensor));
}

// An Identity for each output: its name may be that of a graph output, and a body may hand out what it was given. The
// pass remove_identity takes out those that are not needed.
void BodyWriter::finish(NodeId id, const std::vector<ValueId>& results) {
    HALFTONE_CHECK(results.size() >= node_.outputs.size(), "one result for each output");
    builder_.remove_node(id);
    for (std::size_t i = 0; i < node_.outputs.size(); ++i) {
        if (!node_.outputs[i].is_valid()) continue;
        builder_.add_node(
            {.name = "", .op = "Identity", .inputs = {results[i]}, .outputs = {node_.outputs[i]}, .attributes = {}});
    }
}

}  // namespace halftone
