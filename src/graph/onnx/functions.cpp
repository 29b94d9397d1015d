// Inliner: calls of local functions and branches of If become plain lists of nodes.
//
//   graph_nodes, branch_nodes   the two things that callers ask for
//   append, append_call         one node; a call is replaced by the nodes of its function's body, which may call others
//   append_body_node            a copy of a body's node with the names of the graph around the call
//   bind_attributes             an attribute that refers to one of the call's attributes gets its value
//   rename_captures             the same renaming inside of subgraphs, which see the names around them
//
// Source: ONNX IR specification, sections "Model-local functions" and "Names within a graph".
#include "graph/onnx/functions.hpp"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>
#include <onnx/onnx_pb.h>

#include "base/error.hpp"
#include "graph/onnx/model_check.hpp"
#include "graph/onnx/text_check.hpp"

namespace halftone {
namespace {

constexpr int kMaxCallDepth = 32;                               // exporters nest functions three or four deep
constexpr std::size_t kMaxMadeNodes = 200'000;                  // ten times the largest network that we know
constexpr std::size_t kMaxMadeBytes = std::size_t{512} << 20U;  // constants in bodies are copied with their nodes

/// Returns the default value that a function gives to one of its attributes (FunctionProto.attribute_proto, field 11),
/// or nothing. The message class of libonnx 1.12 does not know this field, but protobuf keeps it.
std::optional<onnx::AttributeProto> default_attribute(const onnx::FunctionProto& function, const std::string& name) {
    constexpr int kAttributeProtoField = 11;
    const auto& fields = function.GetReflection()->GetUnknownFields(function);
    for (int i = 0; i < fields.field_count(); ++i) {
        const auto& field = fields.field(i);
        if (field.number() != kAttributeProtoField) continue;
        if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
        onnx::AttributeProto attribute;
        if (attribute.ParseFromString(field.length_delimited()) && attribute.name() == name) return attribute;
    }
    return std::nullopt;
}

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

/// Names that a subgraph defines itself. They hide those around it.
std::set<std::string> own_names(const onnx::GraphProto& graph) {
    std::set<std::string> names;
    for (const auto& input : graph.input()) names.insert(input.name());
    for (const auto& constant : graph.initializer()) names.insert(constant.name());
    for (const auto& node : graph.node()) names.insert(node.output().begin(), node.output().end());
    return names;
}

}  // namespace

Inliner::Inliner(const onnx::ModelProto& model, std::int64_t opset)
    : model_(model), opset_(opset), latest_opset_(opset) {
    for (const onnx::FunctionProto& function : model.functions()) {
        check_text(function.name(), "a function's name");
        const auto key = std::pair{domain_of(function.domain()), function.name()};
        if (!functions_.emplace(key, &function).second) {
            throw ModelError(fmt::format("defines the function '{}' twice", function.name()));
        }
    }
    // New names must not meet names of the graph. Without functions and branches nobody asks for one.
    const onnx::GraphProto& graph = model.graph();
    taken_ = own_names(graph);
    for (const auto& output : graph.output()) taken_.insert(output.name());
}

Inliner::~Inliner() = default;

std::vector<FlatNode> Inliner::graph_nodes() {
    std::vector<FlatNode> nodes;
    nodes.reserve(static_cast<std::size_t>(model_.graph().node_size()));
    for (const onnx::NodeProto& node : model_.graph().node()) append({&node, opset_}, 0, nodes);
    return nodes;
}

std::vector<FlatNode> Inliner::branch_nodes(const FlatNode& if_node, const onnx::GraphProto& branch) {
    const onnx::NodeProto& call = *if_node.proto;
    if (branch.output_size() != call.output_size()) {
        throw ModelError(fmt::format("{}: a branch has {} outputs, the node has {}", text_of(call),
                                     branch.output_size(), call.output_size()));
    }
    if (branch.sparse_initializer_size() > 0) throw ModelError(text_of(call) + ": sparse tensors are not supported");
    std::vector<FlatNode> nodes;
    Names names;
    for (const onnx::TensorProto& constant : branch.initializer()) {
        onnx::NodeProto& node = make_node(call);
        node.set_op_type("Constant");
        node.add_output(names[constant.name()] = fresh_name(call, constant.name()));
        onnx::AttributeProto& value = *node.add_attribute();
        value.set_name("value");
        value.set_type(onnx::AttributeProto::TENSOR);
        *value.mutable_t() = constant;
        count_bytes(node, call);
        nodes.push_back({&node, if_node.opset});
    }
    for (const onnx::NodeProto& node : branch.node()) {
        append_body_node(node, call, nullptr, names, if_node.opset, 1, nodes);
    }
    for (int i = 0; i < branch.output_size(); ++i) {
        if (call.output(i).empty()) continue;
        onnx::NodeProto& node = make_node(call);
        node.set_op_type("Identity");
        const auto inner = names.find(branch.output(i).name());
        node.add_input(inner != names.end() ? inner->second : branch.output(i).name());
        node.add_output(call.output(i));
        nodes.push_back({&node, if_node.opset});
    }
    return nodes;
}

void Inliner::append(const FlatNode& node, int depth, std::vector<FlatNode>& out) {
    const auto function = functions_.find({domain_of(node.proto->domain()), node.proto->op_type()});
    if (function == functions_.end()) {
        out.push_back(node);
        return;
    }
    append_call(node, *function->second, depth, out);
}

void Inliner::append_call(const FlatNode& call, const onnx::FunctionProto& function, int depth,
                          std::vector<FlatNode>& out) {
    const onnx::NodeProto& node = *call.proto;
    if (depth >= kMaxCallDepth) {
        throw ModelError(fmt::format("{}: functions call each other more than {} deep", text_of(node), kMaxCallDepth));
    }
    if (node.input_size() > function.input_size() || node.output_size() > function.output_size()) {
        throw ModelError(fmt::format("{}: its function has {} inputs and {} outputs, the node has {} and {}",
                                     text_of(node), function.input_size(), function.output_size(), node.input_size(),
                                     node.output_size()));
    }
    std::int64_t opset = call.opset;
    for (const auto& import : function.opset_import()) {
        if (domain_of(import.domain()).empty()) opset = checked_opset_version(import.version());
    }
    latest_opset_ = std::max(latest_opset_, opset);
    Names names;
    for (int i = 0; i < function.input_size(); ++i) {
        names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    }
    std::set<std::string> inputs(function.input().begin(), function.input().end());
    // An output that is an input of the function at the same time needs a node of its own.
    std::vector<std::pair<std::string, std::string>> passed_through;
    for (int i = 0; i < node.output_size(); ++i) {
        if (node.output(i).empty()) continue;
        const bool is_new = !inputs.contains(function.output(i)) && !names.contains(function.output(i));
        if (is_new) {
            names[function.output(i)] = node.output(i);
        } else {
            passed_through.emplace_back(function.output(i), node.output(i));
        }
    }
    for (const onnx::NodeProto& body : function.node()) {
        append_body_node(body, node, &function, names, opset, depth + 1, out);
    }
    for (const auto& [from, to] : passed_through) {
        onnx::NodeProto& identity = make_node(node);
        identity.set_op_type("Identity");
        identity.add_input(names[from]);
        identity.add_output(to);
        out.push_back({&identity, opset});
    }
}

void Inliner::append_body_node(const onnx::NodeProto& node, const onnx::NodeProto& call,
                               const onnx::FunctionProto* function, Names& names, std::int64_t opset, int depth,
                               std::vector<FlatNode>& out) {
    onnx::NodeProto& made = make_node(call);
    made = node;
    if (!node.name().empty() && !call.name().empty()) made.set_name(call.name() + "/" + node.name());
    for (int i = 0; i < made.input_size(); ++i) {
        const auto known = names.find(node.input(i));
        if (known != names.end()) {
            made.set_input(i, known->second);
        } else if (function != nullptr && !node.input(i).empty()) {
            // A function sees nothing but its inputs; a branch sees the values around it.
            throw ModelError(fmt::format("{}: its function reads '{}' before anything writes it", text_of(call),
                                         check_text(node.input(i), "a value's name")));
        }
    }
    for (int i = 0; i < made.output_size(); ++i) {
        if (node.output(i).empty()) continue;
        const auto known = names.find(node.output(i));
        if (known == names.end()) names[node.output(i)] = fresh_name(call, node.output(i));
        made.set_output(i, names[node.output(i)]);
    }
    if (function != nullptr) bind_attributes(made, call, *function);
    for (onnx::AttributeProto& attribute : *made.mutable_attribute()) {
        if (attribute.has_g()) rename_captures(*attribute.mutable_g(), names, call, function, depth);
    }
    // Counted with the new names: each level of calls makes them longer.
    count_bytes(made, call);
    append({&made, opset}, depth, out);
}

void Inliner::bind_attributes(onnx::NodeProto& node, const onnx::NodeProto& call,
                              const onnx::FunctionProto& function) const {
    for (int i = node.attribute_size(); i-- > 0;) {
        const std::string name = node.attribute(i).name();
        const std::string wanted = node.attribute(i).ref_attr_name();
        if (wanted.empty()) continue;
        std::optional<onnx::AttributeProto> value = default_attribute(function, wanted);
        for (const onnx::AttributeProto& given : call.attribute()) {
            if (given.name() == wanted) value = given;
        }
        if (value) {
            value->set_name(name);
            *node.mutable_attribute(i) = *std::move(value);
        } else {
            // The call leaves an optional attribute out, so the node does, too.
            node.mutable_attribute()->DeleteSubrange(i, 1);
        }
    }
}

void Inliner::rename_captures(onnx::GraphProto& graph, const Names& names, const onnx::NodeProto& call,
                              const onnx::FunctionProto* function, int depth) const {
    if (depth >= kMaxCallDepth) throw ModelError(text_of(call) + ": subgraphs are nested too deep");
    const std::set<std::string> own = own_names(graph);
    Names captured = names;
    for (const std::string& name : own) captured.erase(name);
    for (onnx::NodeProto& node : *graph.mutable_node()) {
        if (function != nullptr) bind_attributes(node, call, *function);
        for (int i = 0; i < node.input_size(); ++i) {
            const auto known = captured.find(node.input(i));
            if (known != captured.end()) node.set_input(i, known->second);
        }
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_g()) rename_captures(*attribute.mutable_g(), captured, call, function, depth + 1);
        }
    }
    // A branch may hand out a value of the graph around it.
    for (onnx::ValueInfoProto& output : *graph.mutable_output()) {
        const auto known = captured.find(output.name());
        if (known != captured.end()) output.set_name(known->second);
    }
}

onnx::NodeProto& Inliner::make_node(const onnx::NodeProto& call) {
    if (made_.size() >= kMaxMadeNodes) {
        throw ModelError(
            fmt::format("{}: functions and branches stand for more than {} nodes", text_of(call), kMaxMadeNodes));
    }
    return made_.emplace_back();
}

void Inliner::count_bytes(const onnx::NodeProto& made, const onnx::NodeProto& call) {
    made_bytes_ += made.ByteSizeLong();
    if (made_bytes_ > kMaxMadeBytes) {
        throw ModelError(text_of(call) + ": functions and branches stand for more than 512 MiB of nodes");
    }
}

std::string Inliner::fresh_name(const onnx::NodeProto& call, const std::string& name) {
    const std::string& owner = !call.name().empty() || call.output_size() == 0 ? call.name() : call.output(0);
    const std::string stem = owner.empty() ? name : owner + "/" + name;
    std::string candidate = stem;
    // The next number is remembered for each stem: a function that is called a thousand times would else be slow.
    while (!taken_.insert(candidate).second) candidate = stem + "_" + std::to_string(++next_number_[stem]);
    return candidate;
}

}  // namespace halftone
