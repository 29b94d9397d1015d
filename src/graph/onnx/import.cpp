// import_onnx: bytes of an ONNX file to a Graph, by one Importer that reads the file's message from top to bottom.
//
//   read_header            version, operator set, metadata (model_check.cpp)
//   run                    calls of functions become nodes (functions.cpp), then all operators are checked at once
//   read_initialiser       constants, with their bytes checked (tensor_proto.cpp)
//   read_inputs            types of graph inputs; dimensions may be open, bind_sizes gives them sizes
//   read_declared_shapes   what the file claims of other shapes: a hint for upgrades, never trusted
//   read_node              each node in its opset-13 form (upgrade.cpp), or with other operators (graph/rewrites)
//   read_constant, read_if a Constant becomes an initialiser; of an If, the nodes of the branch that is taken remain
//   read_control_flow      other Ifs, Loop and Scan keep their graphs, each read by an Importer of its own (bodies.cpp)
//   read_outputs           names of the results
//   survey                 the same up to the nodes, but goes on behind each fault and notes it
//
// A file is untrusted. Whatever is wrong with it is a ModelError that names the node, tensor or value.
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "graph/builder.hpp"
#include "graph/onnx/attribute_proto.hpp"
#include "graph/onnx/bodies.hpp"
#include "graph/onnx/foreign_format.hpp"
#include "graph/onnx/functions.hpp"
#include "graph/onnx/large_model.hpp"
#include "graph/onnx/model_check.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/onnx/partial_inference.hpp"
#include "graph/onnx/tensor_proto.hpp"
#include "graph/onnx/text_check.hpp"
#include "graph/onnx/upgrade.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kFirstIr = 3;
constexpr int kMaxDepth = 32;  // of Ifs and of graphs in graphs: each level is a call of read_node in itself

/// Reads one ModelProto into a GraphBuilder, top to bottom.
class Importer {
public:
    /// @param depth  0 for a file; for the graph of a control-flow node, how many graphs are around it
    Importer(const onnx::ModelProto& model, const OpLibrary& ops, int depth = 0)
        : model_(model), proto_(model.graph()), ops_(ops), inference_(ops), depth_(depth) {}
    /// Reads a model that nobody needs afterwards: the bytes of a weight are given back as soon as it is read.
    Importer(onnx::ModelProto&& model, const OpLibrary& ops, const std::optional<ModelData>& data)
        : Importer(std::as_const(model), ops) {
        data_ = data;
        if (model.has_graph()) consumed_ = model.mutable_graph();  // or this would make one
    }

    [[nodiscard]] Graph run() {
        check_name_lengths(model_);  // first of all: messages below contain names
        read_header();
        Inliner inliner(model_, builder_.info().opset);
        inliner_ = &inliner;
        const std::vector<FlatNode> nodes = inliner.graph_nodes();
        check_operators(nodes, ops_);
        // What functions bring must be valid in the export, too.
        builder_.info().opset = inliner.latest_opset();
        for (int i = 0; i < proto_.initializer_size(); ++i) {
            read_initialiser(proto_.initializer(i));
            give_back(i);
        }
        read_inputs();
        read_declared_shapes();
        for (const FlatNode& node : nodes) read_node(node);
        read_outputs();
        return std::move(builder_).build();
    }

    /// Reads what a file says of itself without its nodes. Each part is read although another one has a fault.
    [[nodiscard]] ModelSurvey survey();

private:
    void read_header();
    void read_initialiser(const onnx::TensorProto& proto);
    void give_back(int initialiser);
    void read_inputs();
    void read_input(const onnx::ValueInfoProto& info);
    void read_declared_shapes();
    void read_node(const FlatNode& flat);
    void read_attributes(const onnx::NodeProto& proto, Node& node);
    [[nodiscard]] bool read_if(const FlatNode& flat);
    void read_control_flow(const FlatNode& flat);
    [[nodiscard]] std::optional<Shape> shape_of(ValueId id);
    void name_unused_outputs(Node& node);
    void read_constant(const Node& node);
    void read_outputs();
    void declare_output(const onnx::ValueInfoProto& info);

    void remember_dim_name(const onnx::ValueInfoProto& info, int dim);
    [[nodiscard]] TensorType input_type(const onnx::ValueInfoProto& info);
    void set_constant(const std::string& name, Tensor tensor);
    [[nodiscard]] std::vector<ValueId> value_ids(const google::protobuf::RepeatedPtrField<std::string>& names);

    const onnx::ModelProto& model_;
    const onnx::GraphProto& proto_;
    onnx::GraphProto* consumed_ = nullptr;  ///< proto_ itself, where its weights may be given back
    std::optional<ModelData> data_;         ///< of a model that no message can hold (large_model.hpp)
    const OpLibrary& ops_;
    GraphBuilder builder_;
    std::map<std::string, Shape> shapes_;  ///< as declared, by value name
    PartialInference inference_;
    Inliner* inliner_ = nullptr;  ///< set while nodes are read
    int depth_ = 0;
};

void Importer::read_header() {
    // Every byte string of length 0 is a valid ModelProto, so presence is checked, not assumed.
    if (!model_.has_ir_version() || !model_.has_graph()) throw ModelError("is not an ONNX model: it has no graph");
    if (model_.ir_version() < kFirstIr) {
        throw ModelError(fmt::format("has IR version {}; supported: {} and later", model_.ir_version(), kFirstIr));
    }
    if (proto_.sparse_initializer_size() > 0) throw ModelError("has sparse initialisers, which are not supported");
    ModelInfo& info = builder_.info();
    info.opset = checked_opset(model_);
    info.ir_version = model_.ir_version();
    info.graph_name = check_text(proto_.name(), "the graph's name");
    for (const onnx::StringStringEntryProto& entry : model_.metadata_props())
        info.metadata[entry.key()] = entry.value();
}

// The file may name a value before it defines it, so the value may be there already.
void Importer::set_constant(const std::string& name, Tensor tensor) {
    Value& value = builder_.value(builder_.value_named(name));
    if (value.is_constant()) throw ModelError(fmt::format("'{}' is defined twice, by two initialisers", name));
    value.type = tensor.type();
    value.has_type = true;
    value.constant = std::move(tensor);
}

// A model is never in memory three times: as bytes, as a message and as tensors. clear_raw_data() would keep the memory
// of the text for later use.
void Importer::give_back(int initialiser) {
    if (consumed_ == nullptr) return;
    const std::unique_ptr<std::string> no_longer_needed(
        consumed_->mutable_initializer(initialiser)->release_raw_data());
}

void Importer::read_initialiser(const onnx::TensorProto& proto) {
    if (proto.name().empty()) throw ModelError("an initialiser has no name");
    const std::string& name = check_text(proto.name(), "an initialiser's name");
    set_constant(name, tensor_from_proto(proto, fmt::format("initialiser '{}'", name), data_));
    shapes_[name] = builder_.value(builder_.value_named(name)).type.shape;
}

// The export gives the dimension its name back.
void Importer::remember_dim_name(const onnx::ValueInfoProto& info, int dim) {
    const std::string& name = info.type().tensor_type().shape().dim(dim).dim_param();
    if (!name.empty()) builder_.info().dim_names[fmt::format("{}:{}", info.name(), dim)] = name;
}

TensorType Importer::input_type(const onnx::ValueInfoProto& info) {
    const std::string owner = fmt::format("graph input '{}'", info.name());
    if (!info.type().has_tensor_type()) throw ModelError(owner + " is not a tensor");
    const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
    const auto dtype = dtype_of_onnx(tensor.elem_type());
    if (is_half_type(tensor.elem_type())) builder_.info().half_types[info.name()] = tensor.elem_type();
    // Samples have no 4-bit values: those are for constants.
    if (!dtype || is_four_bit(*dtype)) {
        throw ModelError(
            fmt::format("{}: element type {} is not supported", owner, onnx_type_name(tensor.elem_type())));
    }
    // Without a shape nothing could be planned, and asking the user for it is not built yet.
    if (!tensor.has_shape()) throw ModelError(owner + " declares no shape");
    std::vector<std::int64_t> dims;
    for (int i = 0; i < tensor.shape().dim_size(); ++i) {
        const auto& dim = tensor.shape().dim(i);
        // Exporters write an open batch as a name, as nothing, as 0 or as -1.
        const bool is_open = !dim.has_dim_value() || dim.dim_value() < 0 || (dim.dim_value() == 0 && i == 0);
        dims.push_back(is_open ? kSymbolic : dim.dim_value());
        if (is_open) remember_dim_name(info, i);
    }
    return {*dtype, Shape(std::move(dims))};
}

void Importer::read_inputs() {
    for (const onnx::ValueInfoProto& info : proto_.input()) read_input(info);
}

void Importer::read_input(const onnx::ValueInfoProto& info) {
    if (info.name().empty()) throw ModelError("a graph input has no name");
    check_text(info.name(), "a graph input's name");
    const ValueId id = builder_.value_named(info.name());
    if (builder_.value(id).is_constant()) return;  // IR 3 lists initialisers as inputs too
    if (depth_ > 0 && !info.type().tensor_type().has_shape()) return builder_.add_input(id);  // known when it runs
    builder_.value(id).type = input_type(info);
    builder_.value(id).has_type = true;
    builder_.add_input(id);
    shapes_[info.name()] = builder_.value(id).type.shape;
}

// Only for upgrades whose old form depends on a rank. A size of 0 is how some exporters write an unknown one.
void Importer::read_declared_shapes() {
    for (const auto* infos : {&proto_.value_info(), &proto_.output()}) {
        for (const onnx::ValueInfoProto& info : *infos) {
            if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) continue;
            std::vector<std::int64_t> dims;
            for (const auto& dim : info.type().tensor_type().shape().dim()) {
                dims.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : kSymbolic);
            }
            shapes_.emplace(info.name(), Shape(std::move(dims)));
        }
    }
}

// An empty name is an optional input or output that is left out.
std::vector<ValueId> Importer::value_ids(const google::protobuf::RepeatedPtrField<std::string>& names) {
    std::vector<ValueId> ids;
    for (const std::string& name : names) {
        ids.push_back(name.empty() ? ValueId{} : builder_.value_named(check_text(name, "a value's name")));
    }
    return ids;
}

std::optional<Shape> Importer::shape_of(ValueId id) {
    const auto declared = shapes_.find(builder_.value(id).name);
    if (declared != shapes_.end()) return declared->second;
    return inference_.shape_of(builder_, id);
}

void Importer::read_attributes(const onnx::NodeProto& proto, Node& node) {
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
        const bool is_new =
            node.attributes.emplace(attribute.name(), attribute_from_proto(attribute, text_of(proto))).second;
        // Protobuf allows it; which of the two is meant, nobody can know.
        if (!is_new)
            throw ModelError(fmt::format("{}: attribute '{}' is given twice", text_of(proto), attribute.name()));
    }
    // Values of 16-bit floats are held as fp32, so whoever makes one makes an fp32.
    for (const char* name : {"to", "dtype"}) {
        const auto type = node.attributes.find(name);
        if (type == node.attributes.end()) continue;
        auto* number = std::get_if<std::int64_t>(&type->second);
        const bool is_small = number != nullptr && *number > 0 && *number < 100;
        if (is_small && is_half_type(static_cast<std::int32_t>(*number))) *number = onnx_type_of(DType::f32);
    }
}

void Importer::read_node(const FlatNode& flat) {
    const onnx::NodeProto& proto = *flat.proto;
    Node node{.name = proto.name(), .op = proto.op_type(), .inputs = {}, .outputs = {}, .attributes = {}};
    const RewriteNode rewrite = find_rewrite(rewrite_word(proto.domain(), proto.op_type()));
    if (!proto.name().empty()) builder_.info().node_names.insert(proto.name());
    if (is_control_flow(proto)) {
        check_control_flow(proto, flat.opset);
        if (proto.op_type() != "If" || !read_if(flat)) read_control_flow(flat);
        return;
    }
    // Outputs first: ids then follow the order in which the file defines values, which is easier to read in messages.
    node.outputs = value_ids(proto.output());
    if (rewrite == nullptr) name_unused_outputs(node);  // a rewrite asks which outputs are wanted
    node.inputs = value_ids(proto.input());
    read_attributes(proto, node);
    if (node.op == "Constant") {
        read_constant(node);
        return;
    }
    const ShapeOf shapes = [this](ValueId id) { return shape_of(id); };
    if (rewrite != nullptr) {
        Rewriter rewriter(node, builder_.info().opset, builder_, shapes);
        rewrite(rewriter);
        return;
    }
    UpgradeContext context{
        .builder = builder_, .opset = flat.opset, .target = builder_.info().opset, .shape_of = shapes};
    upgrade_node(node, context);
    builder_.add_node(std::move(node));
}

// Returns whether it is known now which branch is taken: from a constant, or computed from shapes that do not depend on
// the batch. Then its nodes stand for the If, and the other branch is not even looked at.
bool Importer::read_if(const FlatNode& flat) {
    const onnx::NodeProto& proto = *flat.proto;
    const ValueId condition = value_ids(proto.input()).front();
    const auto value = condition.is_valid() ? inference_.value_of(builder_, condition) : std::nullopt;
    if (!value || value->dtype() != DType::boolean || value->elements() != 1) return false;
    if (depth_ >= kMaxDepth) throw ModelError(text_of(proto) + ": more than 32 graphs are nested");
    ++depth_;
    const std::string taken = value->as<std::uint8_t>()[0] != 0 ? "then_branch" : "else_branch";
    const std::vector<FlatNode> nodes = inliner_->branch_nodes(flat, body_of(proto, taken));
    check_operators(nodes, ops_);
    for (const FlatNode& node : nodes) read_node(node);
    --depth_;
    return true;
}

// The graphs of a node see all values around it. Here they become inputs of the node, so that the order of nodes and
// the search for what an output needs treat them like all others.
void Importer::read_control_flow(const FlatNode& flat) {
    const onnx::NodeProto& proto = *flat.proto;
    if (depth_ >= kMaxDepth) throw ModelError(text_of(proto) + ": more than 32 graphs are nested");
    Node node{.name = proto.name(), .op = proto.op_type(), .inputs = {}, .outputs = {}, .attributes = {}};
    node.outputs = value_ids(proto.output());
    name_unused_outputs(node);
    node.inputs = value_ids(proto.input());
    const std::vector<std::string> captured = captured_names(proto);
    NodeBodies bodies{.graphs = {}, .captured = captured.size()};
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
        if (!attribute.has_g()) {
            node.attributes.emplace(attribute.name(), attribute_from_proto(attribute, text_of(proto)));
            continue;
        }
        try {
            const onnx::ModelProto body = model_of_body(model_, attribute.g(), captured);
            const auto graph = std::make_shared<const Graph>(Importer(body, ops_, depth_ + 1).run());
            builder_.info().node_names.insert(graph->info().node_names.begin(), graph->info().node_names.end());
            bodies.graphs[attribute.name()] = graph;
        } catch (ModelError& error) {
            error.add_context(text_of(proto));
            throw;
        }
    }
    for (const std::string& name : captured) {
        node.inputs.push_back(builder_.value_named(check_text(name, "a value's name")));
    }
    node.bodies = std::make_shared<const NodeBodies>(std::move(bodies));
    builder_.add_node(std::move(node));
}

/// An output that the file leaves out in front of others gets a name, so that every output is a value.
void Importer::name_unused_outputs(Node& node) {
    while (!node.outputs.empty() && !node.outputs.back().is_valid()) node.outputs.pop_back();
    for (ValueId& output : node.outputs) {
        if (!output.is_valid()) output = builder_.add_value(builder_.fresh_value_name("unused_output_of_" + node.op));
    }
}

void Importer::read_constant(const Node& node) {
    if (node.outputs.size() != 1 || !node.outputs[0].is_valid() || node.attributes.size() != 1) {
        throw ModelError(describe(node) + " must have one output and one attribute");
    }
    const std::string output = builder_.value(node.outputs[0]).name;
    const auto& [name, attribute] = *node.attributes.begin();
    const std::optional<Tensor> constant = constant_from(name, attribute);
    if (!constant) {
        throw ModelError(
            fmt::format("{} (output '{}'): attribute '{}' is not supported", describe(node), output, name));
    }
    set_constant(output, *constant);
    shapes_[output] = builder_.value(node.outputs[0]).type.shape;
}

void Importer::read_outputs() {
    for (const onnx::ValueInfoProto& info : proto_.output()) {
        if (info.name().empty()) throw ModelError("a graph output has no name");
        if (info.has_type() && !info.type().has_tensor_type()) {
            throw ModelError(fmt::format("graph output '{}' is not a tensor", info.name()));
        }
        // The declared shape is only a claim; type inference finds the real one. Names of dimensions are kept.
        const int rank = info.type().tensor_type().shape().dim_size();
        for (int i = 0; i < rank; ++i) {
            remember_dim_name(info, i);
            const bool is_fixed = info.type().tensor_type().shape().dim(i).has_dim_value();
            if (is_fixed) builder_.info().fixed_dims.insert(fmt::format("{}:{}", info.name(), i));
        }
        const std::int32_t element_type = info.type().tensor_type().elem_type();
        if (is_half_type(element_type)) builder_.info().half_types[info.name()] = element_type;
        declare_output(info);
        builder_.add_output(builder_.value_named(check_text(info.name(), "a graph output's name")));
    }
}

void Importer::declare_output(const onnx::ValueInfoProto& info) {
    const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
    const auto dtype = dtype_of_onnx(tensor.elem_type());
    if (!dtype || !tensor.has_shape()) return;
    std::vector<std::int64_t> dims;
    for (const auto& dim : tensor.shape().dim()) {
        dims.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : kSymbolic);
    }
    builder_.info().declared_outputs[info.name()] = {*dtype, Shape(std::move(dims))};
}

/// A graph input or output as the file declares it.
ModelPort port_of(const onnx::ValueInfoProto& info) {
    const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
    ModelPort port{.name = info.name(), .type = onnx_type_word(tensor.elem_type()), .dims = {}};
    for (const auto& dim : tensor.shape().dim()) {
        const bool is_size = dim.has_dim_value() && dim.dim_value() > 0;
        const std::string open = dim.dim_param().empty() ? "?" : dim.dim_param();
        port.dims.push_back(is_size ? std::to_string(dim.dim_value()) : open);
    }
    return port;
}

ModelSurvey Importer::survey() {
    ModelSurvey survey;
    survey.opset = named_opset(model_);
    const auto attempt = [&](const char* kind, const std::string& where, const auto& part) {
        try {
            part();
            return true;
        } catch (const ModelError& error) {
            survey.faults.push_back({.kind = kind, .what = error.what(), .count = 1, .where = where});
            return false;
        }
    };
    // The messages of all others contain names, and their rules depend on the operator set.
    if (!attempt("file", "", [&] { check_name_lengths(model_); })) return survey;
    if (!attempt("file", "", [&] { read_header(); })) return survey;
    std::optional<Inliner> inliner;  // it owns the nodes that functions stand for
    std::vector<FlatNode> nodes;
    attempt("function", "", [&] { nodes = inliner.emplace(model_, builder_.info().opset).graph_nodes(); });
    attempt("operator", "", [&] {
        for (UnknownOperator& op : unknown_operators(nodes, ops_)) {
            survey.faults.push_back(
                {.kind = "operator", .what = op.text(), .count = op.count, .where = std::move(op.first)});
        }
    });
    for (int i = 0; i < proto_.initializer_size(); ++i) {
        attempt("constant", proto_.initializer(i).name(), [&] { read_initialiser(proto_.initializer(i)); });
        give_back(i);
    }
    for (const onnx::ValueInfoProto& info : proto_.input()) {
        if (!attempt("input", info.name(), [&] { read_input(info); })) continue;
        if (!builder_.value(builder_.value_named(info.name())).is_constant()) survey.inputs.push_back(port_of(info));
    }
    for (const onnx::ValueInfoProto& info : proto_.output()) {
        if (attempt("output", info.name(), [&] { check_text(info.name(), "a graph output's name"); })) {
            survey.outputs.push_back(port_of(info));
        }
    }
    return survey;
}

/// Open dimensions of a survey that no size is given for. The first one may stay open: it is the batch.
void note_open_dimensions(ModelSurvey& survey, const InputSizes& sizes) {
    const auto is_open = [](const std::string& dim) { return !parse_int(dim); };
    std::set<std::string> bound;  // names of dimensions that have a size somewhere
    for (const auto& [name, size] : sizes.dims) bound.insert(name);
    const auto has_shape = [&](const ModelPort& port, std::size_t d) {
        const auto given = sizes.shapes.find(port.name);
        return given != sizes.shapes.end() && d < given->second.size() && given->second[d] > 0;
    };
    for (const ModelPort& port : survey.inputs) {
        for (std::size_t d = 0; d < port.dims.size(); ++d) {
            if (has_shape(port, d)) bound.insert(port.dims[d]);
        }
    }
    bound.erase("?");
    for (const ModelPort& port : survey.inputs) {
        for (std::size_t d = 1; d < port.dims.size(); ++d) {
            const std::string& dim = port.dims[d];
            if (!is_open(dim) || has_shape(port, d) || bound.contains(dim)) continue;
            const std::string name = dim == "?" ? "" : fmt::format(" ('{}')", dim);
            survey.faults.push_back({.kind = "open dimension",
                                     .what = fmt::format("dimension {}{} of '{}' has no size", d, name, port.name),
                                     .count = 1,
                                     .where = port.name});
        }
    }
}

/// Parses the bytes and hands the message to `read`, whose faults get the file's name and operator set in front.
template <class Read>
auto with_model(std::string_view bytes, const Keeper& keeper, const std::string& name, const Read& read) {
    onnx::ModelProto model;
    try {
        if (bytes.empty()) throw ModelError("the file is empty");
        const auto [message, data] = model_text(bytes, keeper);
        const bool is_parsed = model.ParseFromArray(message.data(), static_cast<int>(message.size()));
        if (!is_parsed || !model.has_graph()) {
            // Some formats happen to parse as a message without any known field.
            if (const std::string foreign = foreign_format(bytes); !foreign.empty()) throw ModelError(foreign);
        }
        if (!is_parsed) throw ModelError("is not an ONNX model: it cannot be parsed");
        return read(model, data);
    } catch (ModelError& error) {
        // Users compare this with what their exporter says, so every refusal has it.
        const std::int64_t opset = named_opset(model);
        error.add_context(opset == 0 ? name : fmt::format("{} (opset {})", name, opset));
        throw;
    }
}

}  // namespace

Graph import_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops, const Keeper& keeper) {
    const auto read = [&](auto& model, const auto& data) { return Importer(std::move(model), ops, data).run(); };
    return with_model(bytes, keeper, name, read);
}

ModelSurvey survey_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops, const InputSizes& sizes,
                        const Keeper& keeper) {
    return with_model(bytes, keeper, name, [&](auto& model, const auto& data) {
        ModelSurvey survey = Importer(std::move(model), ops, data).survey();
        note_open_dimensions(survey, sizes);
        return survey;
    });
}

}  // namespace halftone
