// import_model: from a path to the bytes of an ONNX file.
//
//   recognize_source             what it is (source.cpp)
//   convert_here                 MXNet: read without MXNet, which is asked for a comparison where it is installed
//   convert_there                all others: by the framework's own Python (conversion.cpp)
//   typed_graph                  types of what was converted, with an open batch or a fixed one
//   with_own_names               the batch becomes N; counted names of dimensions become dim1, dim2, …
//   check_import                 our outputs against the framework's
//   label                        source, hash, versions and error, as metadata of the file
#include "import/import_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <exception>

#include "base/error.hpp"
#include "base/text.hpp"
#include "graph/builder.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "import/check_import.hpp"
#include "import/mxnet/mxnet_model.hpp"
#include "import/python.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// A graph with its types, and what the framework said.
struct Converted {
    Graph graph;
    std::vector<std::string> notes = {};
    std::optional<Conversion> conversion;  ///< nothing: no framework was there to compare with
};

/// Names that converters count up, so that they are other ones in each conversion: tf2onnx's unk__245, torch's s77.
bool is_counted_name(const std::string& name) {
    const std::string_view digits = name.starts_with("unk__") ? std::string_view(name).substr(5)
                                    : name.starts_with('s')   ? std::string_view(name).substr(1)
                                                              : std::string_view();
    return name.empty() || (!digits.empty() && std::all_of(digits.begin(), digits.end(),
                                                           [](unsigned char c) { return std::isdigit(c) != 0; }));
}

/// Names of constants that tf2onnx makes: "const_fold_opt__86", "relu/Relu6_min__44". Of equal ones it keeps any, which
/// is another one in each conversion.
bool is_counted_constant(const std::string& name) {
    const std::size_t mark = name.rfind("__");
    return mark != std::string::npos && mark + 2 < name.size() &&
           std::all_of(name.begin() + static_cast<std::ptrdiff_t>(mark) + 2, name.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Gives those constants names and an order of our own: const1, const2, … as the nodes read them.
void rename_counted_constants(const Graph& graph, GraphBuilder& builder) {
    std::vector<ValueId> stands_for;
    for (std::size_t v = 0; v < builder.value_count(); ++v) stands_for.push_back(make_id<ValueId>(v));
    for (const Node& node : graph.nodes()) {
        for (const ValueId id : node.inputs) {
            if (!id.is_valid() || !graph.value(id).is_constant() || stands_for[id.index()] != id) continue;
            if (!is_counted_constant(graph.value(id).name) || graph.is_output(id)) continue;
            const ValueId own = builder.add_constant(
                builder.fresh_value_name(fmt::format("const{}", builder.value_count() - graph.values().size() + 1)),
                graph.value(id).constant);
            stands_for[id.index()] = own;
            stands_for.push_back(own);
        }
    }
    builder.replace_all_uses(stands_for);
}

/// Gives convolutions the names that they have in TensorFlow, which LPOT's configs use: tf2onnx counts those behind
/// which it has folded a normalization ("Conv__50"), but calls their weight by the name of the Conv2D.
void name_folded_convolutions(const Graph& graph, GraphBuilder& builder) {
    constexpr std::string_view kFoldedWeight = "/merged_input:0";
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& node = graph.nodes()[n];
        if (node.inputs.size() < 2 || !node.inputs[1].is_valid() || !is_counted_constant(node.name)) continue;
        const std::string& weight = graph.value(node.inputs[1]).name;
        if (!weight.ends_with(kFoldedWeight) || weight.size() == kFoldedWeight.size()) continue;
        builder.node(make_id<NodeId>(n)).name =
            builder.fresh_node_name(weight.substr(0, weight.size() - kFoldedWeight.size()));
    }
}

/// Returns the graph with names of open dimensions, constants and nodes that are the same in each conversion.
Graph with_own_names(const Graph& graph) {
    GraphBuilder builder(graph);
    std::map<std::string, std::string> renamed;  // by the converter's name, so that equal dimensions stay equal
    const auto rename = [&](const std::string& value, std::size_t dim) {
        const auto found = builder.info().dim_names.find(fmt::format("{}:{}", value, dim));
        if (found == builder.info().dim_names.end()) return;
        // The first dimension is the batch by convention of all three frameworks.
        if (dim == 0) {
            found->second = "N";
        } else if (is_counted_name(found->second)) {
            const auto next = fmt::format("dim{}", renamed.size() + 1);
            found->second = renamed.emplace(found->second, next).first->second;
        }
    };
    rename_counted_constants(graph, builder);
    name_folded_convolutions(graph, builder);
    constexpr std::size_t kMostDims = 64;
    for (const auto& ids : {graph.inputs(), graph.outputs()}) {
        for (const ValueId id : ids) {
            for (std::size_t dim = 0; dim < kMostDims; ++dim) rename(graph.value(id).name, dim);
        }
    }
    return std::move(builder).build();
}

/// The sizes with which the check ran, for dimensions that the file leaves open. The batch stays open.
InputSizes sizes_of(const Graph& graph, const std::vector<FrameworkArray>& inputs) {
    InputSizes sizes;
    for (const FrameworkArray& input : inputs) {
        const auto id = graph.find_value(input.name);
        if (!id) continue;
        std::vector<std::int64_t> dims = input.values.shape().dims();
        if (!dims.empty()) dims[0] = -1;
        sizes.shapes[input.name] = dims;
    }
    return sizes;
}

std::string fixed_batch_note(const ModelError& open_error) {
    return std::string("its batch is fixed as --shape says, because it cannot be left open: ") + open_error.what();
}

/// @throws ConfigError when there is no Python with the framework
ConversionRequest request_of(const ImportSource& source, const ImportOptions& options) {
    return {.source = source,
            .inputs = options.inputs,
            .outputs = options.outputs,
            .shapes = options.sizes.shapes,
            .python = find_python(source.kind, options.python).path,
            .folder = options.folder};
}

/// Returns the graph with the batch of the check instead of an open one, for good.
Graph with_fixed_batch(const Graph& graph, const std::vector<FrameworkArray>& inputs) {
    GraphBuilder builder(graph);
    const auto fix = [&](ValueId id) {
        const std::string key = graph.value(id).name + ":0";
        builder.info().dim_names.erase(key);
        builder.info().fixed_dims.insert(key);
    };
    for (const FrameworkArray& input : inputs) {
        const auto id = graph.find_value(input.name);
        if (!id || graph.value(*id).type.shape.rank() == 0 || input.values.shape().rank() == 0) continue;
        if (graph.value(*id).type.shape[0] == kSymbolic) builder.value(*id).type.shape[0] = input.values.shape()[0];
        fix(*id);
    }
    for (const ValueId id : graph.outputs()) fix(id);
    return std::move(builder).build();
}

/// The converted graph with its types. The size of each open dimension behind the batch is that of the check, because
/// types are inferred on sizes; the export leaves the dimension open again.
Graph typed_graph(const Conversion& conversion, const ImportOptions& options, bool has_fixed_batch) {
    Graph graph = with_own_names(import_onnx(conversion.onnx, options.source, reference_ops()));
    if (has_fixed_batch) graph = with_fixed_batch(graph, conversion.inputs);
    return infer_types(bind_sizes(graph, sizes_of(graph, conversion.inputs)), reference_ops());
}

/// Converts the model with an open batch, or, where it merges the batch with another dimension, as PyTorch's attention
/// does, with that of --shape. The framework then runs once more, at that batch.
Converted convert_there(FileSystem& files, const ImportSource& source, const ImportOptions& options) {
    ConversionRequest request = request_of(source, options);
    files.create_directories(options.folder);
    Conversion conversion = run_conversion(files, request);
    try {
        return {typed_graph(conversion, options, false), conversion.notes, std::move(conversion)};
    } catch (const ModelError& open_error) {
        const std::exception_ptr first = std::current_exception();
        try {
            // Most refusals have other reasons, which are the same at a fixed batch: the check's own tells it at once.
            (void)typed_graph(conversion, options, true);
            request.has_fixed_batch = true;
            Conversion fixed = run_conversion(files, request);
            Graph graph = typed_graph(fixed, options, true);
            std::vector<std::string> notes = fixed.notes;
            notes.push_back(fixed_batch_note(open_error));
            return {graph, std::move(notes), std::move(fixed)};
        } catch (const ModelError&) {
            std::rethrow_exception(first);  // it is about the network as the user has it
        }
    }
}

/// MXNet is asked only where it is installed or the user names a Python that has it.
std::optional<Conversion> compare_with_mxnet(FileSystem& files, const ImportSource& source,
                                             const ImportOptions& options, const Graph& graph) {
    ConversionRequest request;
    try {
        request = request_of(source, options);
    } catch (const ConfigError&) {
        if (!options.python.empty()) throw;
        return std::nullopt;
    }
    // The script needs names and shapes of all inputs, which the reader knows now.
    request.inputs.clear();
    request.outputs.clear();
    for (const ValueId id : graph.inputs()) {
        const Value& value = graph.value(id);
        request.inputs.push_back(value.name);
        request.shapes[value.name] = value.type.shape.dims();
    }
    for (const ValueId id : graph.outputs()) request.outputs.push_back(graph.value(id).name);
    files.create_directories(options.folder);
    return run_conversion(files, request);
}

/// Reads the net with an open batch, or, where it merges the batch with another dimension, with the batch of --shape.
Graph read_mxnet_net(const MxnetFiles& mxnet, const InputSizes& sizes, std::vector<std::string>& notes) {
    try {
        return import_mxnet(mxnet, sizes, reference_ops());
    } catch (const ModelError& open_error) {
        const std::exception_ptr first = std::current_exception();
        try {
            Graph graph = import_mxnet(mxnet, sizes, reference_ops(), MxnetBatch::as_given);
            notes.push_back(fixed_batch_note(open_error));
            return graph;
        } catch (const ModelError&) {
            // The first message is the better one: it is about the network as the user has it.
            std::rethrow_exception(first);
        }
    }
}

/// Reads the files here; whether MXNet is there decides only about the comparison.
Converted convert_here(FileSystem& files, const ImportSource& source, const ImportOptions& options) {
    const std::string symbol = files.read(source.path);
    const std::string params = files.read(source.params);
    std::vector<std::string> notes;
    Graph graph = read_mxnet_net({symbol, params, source.path, source.params}, options.sizes, notes);
    auto comparison = compare_with_mxnet(files, source, options, graph);
    return {graph, std::move(notes), std::move(comparison)};
}

std::string versions_text(const std::map<std::string, std::string>& versions) {
    std::vector<std::string> parts;
    for (const auto& [name, version] : versions) parts.push_back(name + " " + version);
    return join(parts, ", ");
}

/// The last part of a path: machines' folders do not belong into a model.
std::string name_of(const std::string& path) {
    const std::size_t end = path.find_last_not_of('/');
    const std::string bare = path.substr(0, end == std::string::npos ? 0 : end + 1);
    const std::size_t slash = bare.rfind('/');
    return slash == std::string::npos ? bare : bare.substr(slash + 1);
}

/// Returns the file with its origin as metadata.
std::string label(const Graph& graph, const ImportSource& source, std::uint64_t hash, const ImportedModel& model) {
    GraphBuilder builder(graph);
    auto& metadata = builder.info().metadata;
    metadata["halftone.import.source"] = name_of(source.path);
    metadata["halftone.import.hash"] = hex16(hash);
    metadata["halftone.import.framework"] = model.framework;
    metadata["halftone.import.versions"] = model.versions;
    // One digit: the last ones depend on the machine, and the same model shall be the same file.
    metadata["halftone.import.error"] = model.error ? fmt::format("{:.0e}", *model.error) : "not compared";
    return export_onnx(infer_types(std::move(builder).build(), reference_ops()));
}

/// Who names a framework is told when the model is another one's, before that one's code runs.
void check_framework(const ImportSource& source, const ImportOptions& options) {
    const std::string_view found = framework_of(source.kind);
    if (options.framework.empty() || options.framework == found) return;
    throw ConfigError(fmt::format("'{}' is a model of {}, not of {}", options.source,
                                  found == "onnx" ? "ONNX, which needs no import" : found, options.framework));
}

}  // namespace

ImportedModel import_model(FileSystem& files, const ImportOptions& options) {
    const ImportSource source = recognize_source(files, options.source);
    check_framework(source, options);
    if (source.kind == SourceKind::onnx) {
        throw ConfigError("'" + options.source + "' is an ONNX file already, which needs no import");
    }
    const bool is_ours = source.kind == SourceKind::mxnet;
    ImportedModel model;
    model.framework = framework_of(source.kind);
    try {
        Converted converted = is_ours ? convert_here(files, source, options) : convert_there(files, source, options);
        model.versions = std::string("halftone ") + HALFTONE_VERSION;
        if (converted.conversion) {
            model.error = check_import(converted.graph, *converted.conversion);
            model.versions += ", " + versions_text(converted.conversion->versions);
        }
        model.notes = converted.notes;
        if (!converted.conversion) {
            model.notes.emplace_back("its outputs were not compared with MXNet's: scripts/setup.sh --with-mxnet");
        }
        model.onnx = label(converted.graph, source, hash_of_source(files, source), model);
    } catch (Error& error) {
        // Readers of files name their file themselves; all other messages get the source here, once.
        if (!std::string(error.what()).starts_with(options.source)) error.add_context(options.source);
        throw;
    }
    return model;
}

}  // namespace halftone
