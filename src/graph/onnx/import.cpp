#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "graph/builder.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/onnx/tensor_proto.hpp"
#include "graph/onnx/text_check.hpp"
#include "graph/onnx/upgrade.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kFirstIr = 3;
constexpr std::int64_t kFirstImportOpset = 7;
constexpr std::int64_t kLastImportOpset = 21;

bool is_default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

Attribute attribute_from_proto(const onnx::AttributeProto& proto, const std::string& owner) {
    const std::string name = fmt::format("{}: attribute '{}'", owner, proto.name());
    if (!proto.ref_attr_name().empty())
        throw ModelError(name + " refers to a function's attribute, which is not supported");
    const auto finite = [&name](float value) {
        if (value - value != 0.0F) throw ModelError(name + " is NaN or infinite");
        return value;
    };
    switch (proto.type()) {
        case onnx::AttributeProto::INT:
            return proto.i();
        case onnx::AttributeProto::FLOAT:
            return finite(proto.f());
        case onnx::AttributeProto::STRING:
            return proto.s();
        case onnx::AttributeProto::INTS:
            return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
        case onnx::AttributeProto::STRINGS:
            return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
        case onnx::AttributeProto::FLOATS: {
            std::vector<float> values;
            for (const float value : proto.floats()) values.push_back(finite(value));
            return values;
        }
        case onnx::AttributeProto::TENSOR:
            return tensor_from_proto(proto.t(), name);
        case onnx::AttributeProto::GRAPH:
        case onnx::AttributeProto::GRAPHS:
            throw ModelError(name + " is a subgraph, which is not supported");
        default:
            throw ModelError(fmt::format("{} has type {}, which is not supported", name,
                                         onnx::AttributeProto::AttributeType_Name(proto.type())));
    }
}

/// Reads one ModelProto into a GraphBuilder, top to bottom.
class Importer {
public:
    Importer(const onnx::ModelProto& model, const OpLibrary& ops) : model_(model), proto_(model.graph()), ops_(ops) {}

    [[nodiscard]] Graph run() {
        read_header();
        check_operators();
        read_initialisers();
        read_inputs();
        read_declared_shapes();
        for (const onnx::NodeProto& node : proto_.node()) read_node(node);
        read_outputs();
        return std::move(builder_).build();
    }

private:
    void read_header();
    void read_opset();
    [[nodiscard]] bool has_only_unchanged_operators() const;
    void check_operators() const;
    void read_initialisers();
    void read_inputs();
    void read_declared_shapes();
    void read_node(const onnx::NodeProto& proto);
    void name_unused_outputs(Node& node);
    void read_constant(const Node& node);
    void read_outputs();

    [[nodiscard]] std::string where(const onnx::NodeProto& proto) const;
    void remember_dim_name(const onnx::ValueInfoProto& info, int dim);
    [[nodiscard]] TensorType input_type(const onnx::ValueInfoProto& info);
    void set_constant(const std::string& name, Tensor tensor);
    [[nodiscard]] std::vector<ValueId> value_ids(const google::protobuf::RepeatedPtrField<std::string>& names);

    const onnx::ModelProto& model_;
    const onnx::GraphProto& proto_;
    const OpLibrary& ops_;
    GraphBuilder builder_;
    std::map<std::string, Shape> shapes_;  ///< as declared, by value name
};

/// A node as messages name it; unnamed ones by their first output.
std::string Importer::where(const onnx::NodeProto& proto) const {
    if (!proto.name().empty()) return fmt::format("{} node '{}'", proto.op_type(), proto.name());
    return fmt::format("unnamed {} node (output '{}')", proto.op_type(),
                       proto.output_size() > 0 ? proto.output(0) : "");
}

void Importer::read_opset() {
    std::int64_t& opset = builder_.info().opset;
    opset = 0;
    for (const onnx::OperatorSetIdProto& entry : model_.opset_import()) {
        if (!is_default_domain(entry.domain())) continue;  // refused only where a node uses it
        if (opset != 0 && opset != entry.version())
            throw ModelError("imports two versions of the default operator set");
        opset = entry.version();
    }
    if (opset < kFirstImportOpset && has_only_unchanged_operators()) return;
    if (opset < kFirstImportOpset || opset > kLastImportOpset) {
        throw ModelError(
            fmt::format("uses operator set {}; supported: {} to {}", opset, kFirstImportOpset, kLastImportOpset));
    }
}

/// Operators whose only form before opset 13 is that of opset 1.
bool Importer::has_only_unchanged_operators() const {
    static const std::set<std::string> unchanged{"GlobalAveragePool", "GlobalMaxPool", "Not", "Shape", "Transpose"};
    return builder_.info().opset >= 1 && std::all_of(proto_.node().begin(), proto_.node().end(), [](const auto& node) {
               return unchanged.contains(node.op_type());
           });
}

void Importer::read_header() {
    // Every byte string of length 0 is a valid ModelProto, so presence is checked, not assumed.
    if (!model_.has_ir_version() || !model_.has_graph()) throw ModelError("is not an ONNX model: it has no graph");
    if (model_.ir_version() < kFirstIr) {
        throw ModelError(fmt::format("has IR version {}; supported: {} and later", model_.ir_version(), kFirstIr));
    }
    if (model_.functions_size() > 0) throw ModelError("defines functions, which are not supported");
    if (proto_.sparse_initializer_size() > 0) throw ModelError("has sparse initialisers, which are not supported");
    read_opset();
    ModelInfo& info = builder_.info();
    info.ir_version = model_.ir_version();
    info.graph_name = check_text(proto_.name(), "the graph's name");
    for (const onnx::StringStringEntryProto& entry : model_.metadata_props())
        info.metadata[entry.key()] = entry.value();
}

/// All unsupported operators in one message: users want to know the whole distance, not the first step.
void Importer::check_operators() const {
    // Besides those that kernels know: what the importer itself turns into others.
    static const std::set<std::string> structural{"Constant",    "Dropout",       "Identity",
                                                  "QLinearConv", "QLinearMatMul", "Upsample"};
    struct Unknown {
        std::string first;
        int count = 0;
    };
    std::map<std::string, Unknown> unknown;
    for (const onnx::NodeProto& node : proto_.node()) {
        check_text(node.name(), "a node's name");
        check_text(node.op_type(), "a node's operator");
        if (!is_default_domain(node.domain())) {
            throw ModelError(
                fmt::format("{}: domain '{}' is not supported", where(node), check_text(node.domain(), "a domain")));
        }
        const bool is_ours = node.op_type() == "TableLookup";  // made for execution, no operator of a file
        if (structural.contains(node.op_type()) || (ops_.knows(node.op_type()) && !is_ours)) continue;
        Unknown& entry = unknown[node.op_type()];
        if (entry.count++ == 0) entry.first = where(node);
    }
    if (unknown.empty()) return;
    std::string list;
    for (const auto& [op, entry] : unknown) {
        list += fmt::format("{}{} (opset {}, {} time{}, first: {})", list.empty() ? "" : "; ", op,
                            builder_.info().opset, entry.count, entry.count == 1 ? "" : "s", entry.first);
    }
    throw ModelError("operators that are not supported: " + list);
}

void Importer::set_constant(const std::string& name, Tensor tensor) {
    Value& value = builder_.value(builder_.value_named(name));
    if (value.is_constant()) throw ModelError(fmt::format("'{}' is defined twice, by two initialisers", name));
    value.type = tensor.type();
    value.has_type = true;
    value.constant = std::move(tensor);
}

void Importer::read_initialisers() {
    for (const onnx::TensorProto& proto : proto_.initializer()) {
        if (proto.name().empty()) throw ModelError("an initialiser has no name");
        const std::string& name = check_text(proto.name(), "an initialiser's name");
        set_constant(name, tensor_from_proto(proto, fmt::format("initialiser '{}'", name)));
        shapes_[name] = builder_.value(builder_.value_named(name)).type.shape;
    }
}

void Importer::remember_dim_name(const onnx::ValueInfoProto& info, int dim) {
    const std::string& name = info.type().tensor_type().shape().dim(dim).dim_param();
    if (!name.empty()) builder_.info().dim_names[fmt::format("{}:{}", info.name(), dim)] = name;
}

TensorType Importer::input_type(const onnx::ValueInfoProto& info) {
    const std::string owner = fmt::format("graph input '{}'", info.name());
    if (!info.type().has_tensor_type()) throw ModelError(owner + " is not a tensor");
    const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
    const auto dtype = dtype_of_onnx(tensor.elem_type());
    if (!dtype) {
        throw ModelError(
            fmt::format("{}: element type {} is not supported", owner, onnx_type_name(tensor.elem_type())));
    }
    if (!tensor.has_shape()) throw ModelError(owner + " declares no shape");
    std::vector<std::int64_t> dims;
    for (int i = 0; i < tensor.shape().dim_size(); ++i) {
        const auto& dim = tensor.shape().dim(i);
        // Exporters write an open batch as a name, as nothing, as 0 or as -1.
        const bool is_open = !dim.has_dim_value() || dim.dim_value() < 0 || (dim.dim_value() == 0 && i == 0);
        if (is_open && i > 0) {
            throw ModelError(
                fmt::format("{}: dimension {} has no fixed size; only the first dimension, the batch, may be "
                            "symbolic",
                            owner, i));
        }
        dims.push_back(is_open ? kSymbolic : dim.dim_value());
        if (is_open) remember_dim_name(info, i);
    }
    return {*dtype, Shape(std::move(dims))};
}

void Importer::read_inputs() {
    for (const onnx::ValueInfoProto& info : proto_.input()) {
        if (info.name().empty()) throw ModelError("a graph input has no name");
        check_text(info.name(), "a graph input's name");
        const ValueId id = builder_.value_named(info.name());
        if (builder_.value(id).is_constant()) continue;  // IR 3 lists initialisers as inputs too
        builder_.value(id).type = input_type(info);
        builder_.value(id).has_type = true;
        builder_.add_input(id);
        shapes_[info.name()] = builder_.value(id).type.shape;
    }
}

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

std::vector<ValueId> Importer::value_ids(const google::protobuf::RepeatedPtrField<std::string>& names) {
    std::vector<ValueId> ids;
    for (const std::string& name : names) {
        ids.push_back(name.empty() ? ValueId{} : builder_.value_named(check_text(name, "a value's name")));
    }
    return ids;
}

void Importer::read_node(const onnx::NodeProto& proto) {
    Node node{.name = proto.name(), .op = proto.op_type(), .inputs = {}, .outputs = {}, .attributes = {}};
    node.outputs = value_ids(proto.output());
    name_unused_outputs(node);
    node.inputs = value_ids(proto.input());
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
        const bool is_new =
            node.attributes.emplace(attribute.name(), attribute_from_proto(attribute, where(proto))).second;
        if (!is_new) throw ModelError(fmt::format("{}: attribute '{}' is given twice", where(proto), attribute.name()));
    }
    if (node.op == "Constant") {
        read_constant(node);
        return;
    }
    UpgradeContext context{.builder = builder_, .opset = builder_.info().opset, .shapes = shapes_};
    upgrade_node(node, context);
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
    if (const auto* tensor = std::get_if<Tensor>(&attribute); tensor != nullptr && name == "value") {
        set_constant(output, *tensor);
    } else if (const auto* real = std::get_if<float>(&attribute); real != nullptr && name == "value_float") {
        set_constant(output, Tensor::scalar(*real));
    } else if (const auto* integer = std::get_if<std::int64_t>(&attribute); integer != nullptr && name == "value_int") {
        set_constant(output, Tensor::scalar(*integer));
    } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute);
               reals != nullptr && name == "value_floats") {
        set_constant(output, Tensor::of<float>(Shape{static_cast<std::int64_t>(reals->size())}, *reals));
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute);
               integers != nullptr && name == "value_ints") {
        set_constant(output, Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(integers->size())}, *integers));
    } else {
        throw ModelError(
            fmt::format("{} (output '{}'): attribute '{}' is not supported", describe(node), output, name));
    }
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
        for (int i = 0; i < rank; ++i) remember_dim_name(info, i);
        builder_.add_output(builder_.value_named(check_text(info.name(), "a graph output's name")));
    }
}

}  // namespace

namespace {

/// 0 where the file does not say, or says two.
std::int64_t default_opset(const onnx::ModelProto& model) {
    std::int64_t opset = 0;
    for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
        if (is_default_domain(entry.domain())) opset = entry.version();
    }
    return opset;
}

}  // namespace

Graph import_onnx(std::string_view bytes, const std::string& name, const OpLibrary& ops) {
    onnx::ModelProto model;
    try {
        if (bytes.empty()) throw ModelError("the file is empty");
        if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
            throw ModelError("is larger than 2 GiB, which the format does not allow");
        }
        if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            throw ModelError("is not an ONNX model: it cannot be parsed");
        }
        return Importer(model, ops).run();
    } catch (ModelError& error) {
        const std::int64_t opset = default_opset(model);
        error.add_context(opset == 0 ? name : fmt::format("{} (opset {})", name, opset));
        throw;
    }
}

}  // namespace halftone
