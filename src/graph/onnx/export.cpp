// export_onnx: a Graph as the bytes of an ONNX file. Equal graphs give equal bytes, so files can be compared and
// hashed. import_onnx of the result is the same graph again.
//
//   write_header                           versions and metadata
//   write_input_casts, write_output_casts  between 16-bit inputs and outputs of the source and our fp32
//   write_node, write_attribute            nodes in graph order
//   write_value                            types of inputs and outputs, with the names of their dimensions
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
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

/// Writes a graph as one message: nodes in graph order, then initialisers, inputs and outputs. Everything that could
/// differ between equal graphs (times, hosts, order of maps) is left out or sorted.
class Exporter {
public:
    explicit Exporter(const Graph& graph) : graph_(graph) {}

    [[nodiscard]] onnx::ModelProto run() const {
        onnx::ModelProto model;
        write_header(model);
        onnx::GraphProto& graph = *model.mutable_graph();
        graph.set_name(graph_.info().graph_name.empty() ? "graph" : graph_.info().graph_name);
        write_input_casts(graph);
        for (const Node& node : graph_.nodes()) write_node(node, *graph.add_node());
        write_output_casts(graph);
        for (std::size_t i = 0; i < graph_.values().size(); ++i) {
            const Tensor& constant = graph_.values()[i].constant;
            if (constant.is_empty()) continue;
            tensor_to_proto(constant, inner_name(make_id<ValueId>(i)), *graph.add_initializer());
        }
        for (const ValueId id : graph_.inputs()) write_value(graph_.value(id), *graph.add_input());
        for (const ValueId id : graph_.outputs()) write_value(graph_.value(id), *graph.add_output());
        return model;
    }

private:
    void write_header(onnx::ModelProto& model) const;
    void write_input_casts(onnx::GraphProto& graph) const;
    void write_output_casts(onnx::GraphProto& graph) const;
    [[nodiscard]] std::int32_t half_type_of(ValueId id) const;
    [[nodiscard]] std::string inner_name(ValueId id) const;
    void write_node(const Node& node, onnx::NodeProto& proto) const;
    static void write_attribute(const std::string& name, const Attribute& attribute, onnx::AttributeProto& proto);
    void write_value(const Value& value, onnx::ValueInfoProto& proto) const;
    [[nodiscard]] std::string dim_name(const Value& value, std::size_t dim) const;
    [[nodiscard]] bool is_open(const Value& value, std::size_t dim) const;

    const Graph& graph_;
};

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
    for (const ValueId id : node.inputs) proto.add_input(id.is_valid() ? inner_name(id) : "");
    for (const ValueId id : node.outputs) proto.add_output(id.is_valid() ? inner_name(id) : "");
    for (const auto& [name, attribute] : node.attributes) write_attribute(name, attribute, *proto.add_attribute());
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

std::string export_onnx(const Graph& graph) {
    const onnx::ModelProto model = Exporter(graph).run();
    std::string bytes;
    if (!model.SerializeToString(&bytes))
        throw ModelError("the model is larger than 2 GiB, which ONNX does not allow in one file");
    return bytes;
}

}  // namespace halftone
