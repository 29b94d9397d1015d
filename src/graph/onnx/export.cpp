// export_onnx: a Graph as the bytes of an ONNX file. Equal graphs give equal bytes, so files can be compared and
// hashed. import_onnx of the result is the same graph again.
//
//   write_header                           versions and metadata
//   write_input_casts, write_output_casts  between 16-bit inputs and outputs of the source and our fp32
//   write_node, write_attribute            nodes in graph order
//   write_bodies                           the graphs inside of control flow, by an Exporter each
//   write_tail                             the nodes that the graph was cut before, and the outputs in their order
//   write_value                            types of inputs and outputs, with the names of their dimensions
//   write_constant                         into the message, or a place in the file of a large model's weights
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/onnx/tensor_proto.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kFirstExportOpset = 13;  // the graph's operator forms; per-axis Q/DQ begin here
constexpr std::int64_t kLastExportOpset = 23;
constexpr const char* kBatchName = "N";

/// The IR version that introduced an operator set. Source: ONNX's Versioning.md, table of released versions.
std::int64_t ir_version_of(std::int64_t opset) {
    constexpr std::array<std::pair<std::int64_t, std::int64_t>, 5> kIrFromOpset{
        {{23, 11}, {21, 10}, {19, 9}, {15, 8}, {13, 7}}};
    for (const auto& [first_opset, ir_version] : kIrFromOpset) {
        if (opset >= first_opset) return ir_version;
    }
    return 7;
}

/// Returns whether both graphs have the same constant of this name. Head and tail of a model may share one.
bool share_constant(const Graph& a, const Graph& b, const std::string& name) {
    const auto in_a = a.find_value(name);
    const auto in_b = b.find_value(name);
    if (!in_a || !in_b) return false;
    const Tensor& constant = a.value(*in_a).constant;
    return !constant.is_empty() && has_same_bytes(constant, b.value(*in_b).constant);
}

/// Writes a graph as one message: nodes in graph order, then initialisers, inputs and outputs. Everything that could
/// differ between equal graphs (times, hosts, order of maps) is left out or sorted.
class Exporter {
public:
    /// @param data  takes the large constants, which the message then names only; null: all of them go into the message
    explicit Exporter(const Graph& graph, OnnxFiles* data = nullptr) : graph_(graph), data_(data) {
        if (graph.info().tail != nullptr) rename_for_tail(*graph.info().tail);
    }

    [[nodiscard]] onnx::ModelProto run() const {
        onnx::ModelProto model;
        write_header(model);
        onnx::GraphProto& graph = *model.mutable_graph();
        graph.set_name(graph_.info().graph_name.empty() ? "graph" : graph_.info().graph_name);
        write_input_casts(graph);
        for (const Node& node : graph_.nodes()) write_node(node, *graph.add_node());
        write_output_casts(graph);
        write_constants(graph);
        for (const ValueId id : graph_.inputs()) write_value(graph_.value(id), *graph.add_input());
        if (graph_.info().tail != nullptr) {
            write_tail(*graph_.info().tail, graph);
        } else {
            for (const ValueId id : graph_.outputs()) write_value(graph_.value(id), *graph.add_output());
        }
        return model;
    }

private:
    void write_header(onnx::ModelProto& model) const;
    /// @param written  has constants that stand in the message already; null: none
    void write_constants(onnx::GraphProto& graph, const Graph* written = nullptr) const;
    void write_bodies(const Node& node, onnx::NodeProto& proto) const;
    void write_body(const Graph& body, std::size_t own_inputs, onnx::GraphProto& proto) const;
    void write_tail(const Graph& tail, onnx::GraphProto& graph) const;
    void rename_for_tail(const Graph& tail);
    void write_input_casts(onnx::GraphProto& graph) const;
    void write_output_casts(onnx::GraphProto& graph) const;
    [[nodiscard]] std::int32_t half_type_of(ValueId id) const;
    [[nodiscard]] std::string inner_name(ValueId id) const;
    void write_node(const Node& node, onnx::NodeProto& proto) const;
    static void write_attribute(const std::string& name, const Attribute& attribute, onnx::AttributeProto& proto);
    void write_value(const Value& value, onnx::ValueInfoProto& proto) const;
    [[nodiscard]] std::string dim_name(const Value& value, std::size_t dim) const;
    [[nodiscard]] bool is_open(const Value& value, std::size_t dim) const;

    void write_constant(const Tensor& constant, const std::string& name, onnx::TensorProto& proto) const;

    const Graph& graph_;
    OnnxFiles* data_;
    std::map<std::string, std::string> new_names_;  ///< of values that have another name in the file
};

void Exporter::write_constants(onnx::GraphProto& graph, const Graph* written) const {
    for (std::size_t i = 0; i < graph_.values().size(); ++i) {
        const Tensor& constant = graph_.values()[i].constant;
        if (constant.is_empty()) continue;
        if (written != nullptr && share_constant(graph_, *written, graph_.values()[i].name)) continue;
        write_constant(constant, inner_name(make_id<ValueId>(i)), *graph.add_initializer());
    }
}

void Exporter::write_constant(const Tensor& constant, const std::string& name, onnx::TensorProto& proto) const {
    // Small ones stay in the message: a reader of the file can then see shapes and scalars without the other file.
    // Codes of 4 bits are packed when they are written, so they do not lie in memory as a file has them.
    if (data_ == nullptr || constant.bytes() < OnnxFiles::kAlignment || is_four_bit(constant.dtype()))
        return tensor_to_proto(constant, name, proto);
    proto.set_name(name);
    proto.set_data_type(onnx_type_of(constant.dtype()));
    for (const std::int64_t dim : constant.shape().dims()) proto.add_dims(dim);
    proto.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto note = [&](const char* key, const std::string& value) {
        onnx::StringStringEntryProto& entry = *proto.add_external_data();
        entry.set_key(key);
        entry.set_value(value);
    };
    note("location", data_->data_name);
    note("offset", std::to_string(data_->add(constant)));
    note("length", std::to_string(constant.bytes()));
}

// A body reads values around it by name, so its captured inputs take the names that these have now. A value of the body
// that happens to have such a name gets another one.
void Exporter::write_bodies(const Node& node, onnx::NodeProto& proto) const {
    const std::size_t first = node.inputs.size() - node.bodies->captured;
    for (const auto& [name, body] : node.bodies->graphs) {
        const std::size_t own_inputs = body->inputs().size() - node.bodies->captured;
        Exporter exporter(*body);
        std::set<std::string> around;
        for (std::size_t i = first; i < node.inputs.size(); ++i) around.insert(inner_name(node.inputs[i]));
        for (const Value& value : body->values()) {
            std::string fresh = value.name;
            while (around.contains(fresh) || (fresh != value.name && body->find_value(fresh))) fresh += "_";
            if (fresh != value.name) exporter.new_names_[value.name] = fresh;
        }
        for (std::size_t i = 0; i < node.bodies->captured; ++i) {
            const ValueId inside = body->inputs()[own_inputs + i];
            exporter.new_names_[body->value(inside).name] = inner_name(node.inputs[first + i]);
        }
        onnx::AttributeProto& attribute = *proto.add_attribute();
        attribute.set_name(name);
        attribute.set_type(onnx::AttributeProto::GRAPH);
        exporter.write_body(*body, own_inputs, *attribute.mutable_g());
    }
}

/// Types inside of a body are what the file declares; ONNX does not ask for them there.
void Exporter::write_body(const Graph& body, std::size_t own_inputs, onnx::GraphProto& proto) const {
    proto.set_name(body.info().graph_name.empty() ? "body" : body.info().graph_name);
    for (const Node& node : body.nodes()) write_node(node, *proto.add_node());
    write_constants(proto);
    for (std::size_t i = 0; i < own_inputs; ++i) {
        const ValueId id = body.inputs()[i];
        if (body.value(id).has_type) write_value(body.value(id), *proto.add_input());
        if (!body.value(id).has_type) proto.add_input();
        proto.mutable_input(static_cast<int>(i))->set_name(inner_name(id));
    }
    for (const ValueId id : body.outputs()) proto.add_output()->set_name(inner_name(id));
}

/// Passes may have given a value of the head the name of one that is in the tail only. A constant that both have keeps
/// its name, and is written once.
void Exporter::rename_for_tail(const Graph& tail) {
    std::set<std::string> shared(graph_.info().output_order.begin(), graph_.info().output_order.end());
    for (const ValueId id : tail.inputs()) shared.insert(tail.value(id).name);
    for (const ValueId id : graph_.inputs()) shared.insert(graph_.value(id).name);
    for (const Value& value : graph_.values()) {
        if (shared.contains(value.name) || !tail.find_value(value.name)) continue;
        if (share_constant(graph_, tail, value.name)) continue;
        std::string fresh = value.name + "_";
        while (graph_.find_value(fresh) || tail.find_value(fresh)) fresh += "_";
        new_names_[value.name] = fresh;
    }
}

void Exporter::write_tail(const Graph& tail, onnx::GraphProto& graph) const {
    const Exporter exporter(tail);
    for (const Node& node : tail.nodes()) exporter.write_node(node, *graph.add_node());
    exporter.write_constants(graph, &graph_);
    for (const std::string& name : graph_.info().output_order) {
        if (const auto own = tail.find_value(name); own && tail.is_output(*own)) {
            exporter.write_value(tail.value(*own), *graph.add_output());
        } else {
            write_value(graph_.value(*graph_.find_value(name)), *graph.add_output());
        }
    }
}

void Exporter::write_header(onnx::ModelProto& model) const {
    const ModelInfo& info = graph_.info();
    // The graph holds opset-13 forms and, of operators that changed later, the file's own: both are valid from here on.
    const std::int64_t opset = std::clamp(info.opset, kFirstExportOpset, kLastExportOpset);
    // An IR version below the file's could forbid what its metadata or names use.
    model.set_ir_version(std::max(info.ir_version, ir_version_of(opset)));
    model.set_producer_name("halftone");
#ifdef HALFTONE_VERSION
    model.set_producer_version(HALFTONE_VERSION);
#endif
    // No domain: the default one is the only one that a graph has.
    model.add_opset_import()->set_version(opset);
    for (const auto& [key, value] : info.metadata) {
        onnx::StringStringEntryProto& entry = *model.add_metadata_props();
        entry.set_key(key);
        entry.set_value(value);
    }
}

/// One overload per kind of attribute: a kind that is added to Attribute and forgotten here does not compile.
struct AttributeWriter {
    onnx::AttributeProto& proto;

    void operator()(std::int64_t value) const {
        proto.set_type(onnx::AttributeProto::INT);
        proto.set_i(value);
    }
    void operator()(float value) const {
        proto.set_type(onnx::AttributeProto::FLOAT);
        proto.set_f(value);
    }
    void operator()(const std::string& value) const {
        proto.set_type(onnx::AttributeProto::STRING);
        proto.set_s(value);
    }
    void operator()(const std::vector<std::int64_t>& values) const {
        proto.set_type(onnx::AttributeProto::INTS);
        for (const std::int64_t value : values) proto.add_ints(value);
    }
    void operator()(const std::vector<float>& values) const {
        proto.set_type(onnx::AttributeProto::FLOATS);
        for (const float value : values) proto.add_floats(value);
    }
    void operator()(const std::vector<std::string>& values) const {
        proto.set_type(onnx::AttributeProto::STRINGS);
        for (const std::string& value : values) proto.add_strings(value);
    }
    void operator()(const Tensor& value) const {
        proto.set_type(onnx::AttributeProto::TENSOR);
        tensor_to_proto(value, "", *proto.mutable_t());
    }
};

void Exporter::write_attribute(const std::string& name, const Attribute& attribute, onnx::AttributeProto& proto) {
    proto.set_name(name);
    std::visit(AttributeWriter{proto}, attribute);
}

/// The 16-bit type that the source file declares for a graph input or output, or 0.
std::int32_t Exporter::half_type_of(ValueId id) const {
    const auto found = graph_.info().half_types.find(graph_.value(id).name);
    if (found == graph_.info().half_types.end() || graph_.value(id).type.dtype != DType::f32) return 0;
    const auto& inputs = graph_.inputs();
    const bool is_input = std::find(inputs.begin(), inputs.end(), id) != inputs.end();
    return is_input || graph_.is_output(id) ? found->second : 0;
}

/// The name of the fp32 value: behind the Cast of a 16-bit graph input, in front of the Cast of such an output.
std::string Exporter::inner_name(ValueId id) const {
    const std::string& name = graph_.value(id).name;
    if (const auto renamed = new_names_.find(name); renamed != new_names_.end()) return renamed->second;
    if (graph_.info().half_types.empty() || half_type_of(id) == 0) return name;
    std::string inner = name + "_fp32";
    while (graph_.find_value(inner)) inner += "_";
    return inner;
}

void Exporter::write_input_casts(onnx::GraphProto& graph) const {
    for (const ValueId id : graph_.inputs()) {
        if (half_type_of(id) == 0) continue;
        onnx::NodeProto& cast = *graph.add_node();
        cast.set_op_type("Cast");
        cast.add_input(graph_.value(id).name);
        cast.add_output(inner_name(id));
        write_attribute("to", std::int64_t{onnx_type_of(DType::f32)}, *cast.add_attribute());
    }
}

void Exporter::write_output_casts(onnx::GraphProto& graph) const {
    const auto& inputs = graph_.inputs();
    for (const ValueId id : graph_.outputs()) {
        // An input that is an output, too, needs no node at all.
        const bool is_input = std::find(inputs.begin(), inputs.end(), id) != inputs.end();
        if (half_type_of(id) == 0 || is_input) continue;
        onnx::NodeProto& cast = *graph.add_node();
        cast.set_op_type("Cast");
        cast.add_input(inner_name(id));
        cast.add_output(graph_.value(id).name);
        write_attribute("to", std::int64_t{half_type_of(id)}, *cast.add_attribute());
    }
}

void Exporter::write_node(const Node& node, onnx::NodeProto& proto) const {
    if (!node.name.empty()) proto.set_name(node.name);
    proto.set_op_type(node.op);
    // An input that is left out is an empty name, as ONNX writes it.
    // What the graphs inside of it capture is no input of the node in a file.
    const std::size_t captured = node.bodies == nullptr ? 0 : node.bodies->captured;
    for (std::size_t i = 0; i + captured < node.inputs.size(); ++i) {
        proto.add_input(node.inputs[i].is_valid() ? inner_name(node.inputs[i]) : "");
    }
    for (const ValueId id : node.outputs) proto.add_output(id.is_valid() ? inner_name(id) : "");
    for (const auto& [name, attribute] : node.attributes) write_attribute(name, attribute, *proto.add_attribute());
    if (node.bodies != nullptr) write_bodies(node, proto);
}

// Readers match dimensions by their names, so a dimension that had a name keeps it.
std::string Exporter::dim_name(const Value& value, std::size_t dim) const {
    const auto& names = graph_.info().dim_names;
    const auto own = names.find(fmt::format("{}:{}", value.name, dim));
    if (own != names.end()) return own->second;
    if (value.type.shape[dim] != kSymbolic) return fmt::format("{}_dim_{}", value.name, dim);
    // There is one symbolic dimension, the batch: call it what the first input calls it.
    const auto first =
        graph_.inputs().empty() ? names.end() : names.find(graph_.value(graph_.inputs().front()).name + ":0");
    return first != names.end() ? first->second : kBatchName;
}

/// Whether the file must say that a dimension may have any size. Of an input it is one that the source left open. Of an
/// output nobody knows which of its sizes follow from the open ones, so only what the source declared fixed stays so.
bool Exporter::is_open(const Value& value, std::size_t dim) const {
    const ModelInfo& info = graph_.info();
    if (value.type.shape[dim] == kSymbolic) return true;
    const std::string key = fmt::format("{}:{}", value.name, dim);
    if (info.bound_dims.contains(key)) return true;
    const auto& inputs = graph_.inputs();
    const bool is_input =
        std::any_of(inputs.begin(), inputs.end(), [&](ValueId id) { return graph_.value(id).name == value.name; });
    return !is_input && !info.bound_dims.empty() && !info.fixed_dims.contains(key);
}

void Exporter::write_value(const Value& value, onnx::ValueInfoProto& proto) const {
    proto.set_name(value.name);
    // ONNX needs the type of every input and output; types are the work of infer_types, not of a writer.
    if (!value.has_type) {
        throw ModelError(
            fmt::format("'{}' has no type; types must be inferred before a graph is exported", value.name));
    }
    onnx::TypeProto::Tensor& tensor = *proto.mutable_type()->mutable_tensor_type();
    const auto half = graph_.info().half_types.find(value.name);
    const bool is_half = half != graph_.info().half_types.end() && value.type.dtype == DType::f32;
    tensor.set_elem_type(is_half ? half->second : onnx_type_of(value.type.dtype));
    onnx::TensorShapeProto& shape = *tensor.mutable_shape();
    for (std::size_t i = 0; i < value.type.shape.rank(); ++i) {
        if (is_open(value, i))
            shape.add_dim()->set_dim_param(dim_name(value, i));
        else
            shape.add_dim()->set_dim_value(value.type.shape[i]);
    }
}

}  // namespace

namespace {

/// The bytes of a message of at most `most` bytes; nothing if it would be larger.
std::optional<std::string> serialized(const onnx::ModelProto& model, std::uint64_t most) {
    std::string bytes;
    if (model.ByteSizeLong() > most || !model.SerializeToString(&bytes)) return std::nullopt;
    return bytes;
}

std::uint64_t constant_bytes(const Graph& graph) {
    std::uint64_t sum = 0;
    for (const Value& value : graph.values()) {
        if (value.constant.is_empty()) continue;
        // The file has two codes of 4 bits in a byte.
        sum += is_four_bit(value.constant.dtype()) ? (value.constant.bytes() + 1) / 2 : value.constant.bytes();
    }
    return sum;
}

/// Names the data file by what is in it: a file that is written anew then never stands beside an old message.
std::string name_of_data(const Graph& graph, const std::string& stem) {
    Hasher hasher;
    for (const Value& value : graph.values()) {
        const Tensor& constant = value.constant;
        if (!constant.is_empty()) hasher.add_bytes({constant.view().data, constant.bytes()});
    }
    return fmt::format("{}-{:016x}.data", stem, hasher.digest());
}

}  // namespace

OnnxFiles export_onnx_files(const Graph& graph, const std::string& stem, std::uint64_t most) {
    OnnxFiles files;
    // Constants alone that are too large would only be copied in vain.
    if (constant_bytes(graph) <= most) {
        if (auto message = serialized(Exporter(graph).run(), most)) {
            files.message = std::move(*message);
            return files;
        }
    }
    files.data_name = name_of_data(graph, stem);
    auto message = serialized(Exporter(graph, &files).run(), most);
    if (!message) {
        throw ModelError(
            "the model is larger than 2 GiB, which ONNX does not allow, although its weights are in a second file: "
            "weights of 4 bits, and constants in Loop, Scan, If and behind a data-dependent shape, stay in the first "
            "one");
    }
    files.message = std::move(*message);
    return files;
}

std::string export_onnx(const Graph& graph) {
    auto bytes = serialized(Exporter(graph).run(), kMostMessageBytes);
    if (!bytes) throw ModelError("the model is larger than 2 GiB, which ONNX does not allow in one file");
    return std::move(*bytes);
}

}  // namespace halftone
