// Cutting a part out of a model. It works on the file's own message and not on a Graph: what comes out is a file like
// any other, so that whoever reads, hashes, sends or imports models needs to know nothing of parts.
//
//   TensorNames   all tensors of the graph, and the messages about names that are not among them
//   Cutter        resolve      the names of the config to those of the file
//                 walk_back    which nodes and which ends the outputs need
//                 rebuild      the graph of these nodes
//   declared, inferred         the type of an inner tensor that becomes an input
#include "graph/onnx/cut_model.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "graph/onnx/large_model.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/onnx/tensor_proto.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

constexpr std::size_t kNearNames = 6;
/// Shorter names are parts of many words.
constexpr std::size_t kTellingLetters = 3;

onnx::ModelProto parsed_model(std::string_view bytes, const std::string& name) {
    if (model_text(bytes).data) {
        throw ModelError(name + ": is larger than 2 GiB with its external data; no part can be cut out of it");
    }
    onnx::ModelProto model;
    const bool is_short = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (is_short && model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && model.has_graph()) {
        return model;
    }
    throw ModelError(name + ": is not an ONNX model: it cannot be parsed");
}

/// Names of values that a node reads, also from within its branches and loop bodies.
void add_reads(const onnx::NodeProto& node, std::vector<std::string>& reads) {
    for (const std::string& input : node.input()) {
        if (!input.empty()) reads.push_back(input);
    }
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        // Names that a body defines itself are read, too. They are no tensors of the graph, and are left out later.
        if (attribute.has_g()) {
            for (const onnx::NodeProto& inner : attribute.g().node()) add_reads(inner, reads);
            for (const onnx::ValueInfoProto& output : attribute.g().output()) reads.push_back(output.name());
        }
        for (const onnx::GraphProto& body : attribute.graphs()) {
            for (const onnx::NodeProto& inner : body.node()) add_reads(inner, reads);
        }
    }
}

/// What a graph has names for.
struct TensorNames {
    std::map<std::string, int> producers;  ///< by tensor: the number of its node
    std::set<std::string> inputs;          ///< of the graph, without initialisers
    std::set<std::string> constants;       ///< initialisers

    explicit TensorNames(const onnx::GraphProto& graph) {
        for (const onnx::TensorProto& tensor : graph.initializer()) constants.insert(tensor.name());
        for (const onnx::ValueInfoProto& input : graph.input()) {
            if (!constants.contains(input.name())) inputs.insert(input.name());
        }
        for (int i = 0; i < graph.node_size(); ++i) {
            for (const std::string& output : graph.node(i).output()) {
                if (!output.empty()) producers.emplace(output, i);
            }
        }
    }
    [[nodiscard]] bool has(const std::string& name) const { return producers.contains(name) || inputs.contains(name); }
    /// Returns the file's own name; nothing where there is no such tensor.
    [[nodiscard]] std::optional<std::string> find(const std::string& name) const {
        if (has(name)) return name;
        if (has(name + ":0")) return name + ":0";
        if (name.ends_with(":0") && has(name.substr(0, name.size() - 2))) return name.substr(0, name.size() - 2);
        return std::nullopt;
    }
    /// Returns names that a user may have meant: those that hold the word or are held by it, else the most alike.
    [[nodiscard]] std::string near(const std::string& word) const {
        std::vector<std::string> all(inputs.begin(), inputs.end());
        for (const auto& [name, node] : producers) all.push_back(name);
        std::vector<std::string> found;
        for (const std::string& name : all) {
            const bool is_held = name.size() >= kTellingLetters && word.find(name) != std::string::npos;
            const bool is_near = name.find(word) != std::string::npos || is_held;
            if (is_near && found.size() < kNearNames) found.push_back(name);
        }
        if (const auto nearest = nearest_name(word, all); nearest && found.size() < kNearNames) {
            if (std::find(found.begin(), found.end(), *nearest) == found.end()) found.insert(found.begin(), *nearest);
        }
        if (!found.empty()) return fmt::format("near it are '{}'", fmt::join(found, "', '"));
        return fmt::format("its inputs are '{}'; 'halftone inspect MODEL --units' lists tensors",
                           fmt::join(inputs, "', '"));
    }
};

const onnx::ValueInfoProto* declared(const onnx::GraphProto& graph, const std::string& name) {
    for (const auto* infos : {&graph.input(), &graph.output(), &graph.value_info()}) {
        for (const onnx::ValueInfoProto& info : *infos) {
            if (info.name() == name) return &info;
        }
    }
    return nullptr;
}

bool has_shape(const onnx::ValueInfoProto& info) {
    return info.type().has_tensor_type() && info.type().tensor_type().has_shape();
}

onnx::ValueInfoProto info_of(const std::string& name, const TensorType& type) {
    onnx::ValueInfoProto info;
    info.set_name(name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx_type_of(type.dtype));
    auto& shape = *tensor.mutable_shape();
    for (const std::int64_t size : type.shape.dims()) {
        auto& dim = *shape.add_dim();
        if (size != kSymbolic) dim.set_dim_value(size);
    }
    return info;
}

class Cutter {
public:
    Cutter(std::string_view bytes, std::string name, const ModelEnds& ends, const InputSizes& sizes,
           const OpLibrary& ops)
        : bytes_(bytes),
          name_(std::move(name)),
          sizes_(sizes),
          ops_(ops),
          model_(parsed_model(bytes, name_)),
          names_(model_.graph()) {
        inputs_ = resolve(ends.inputs, "input");
        outputs_ = resolve(ends.outputs, "output");
        if (outputs_.empty()) {
            for (const onnx::ValueInfoProto& output : model_.graph().output()) outputs_.push_back(output.name());
        }
    }

    [[nodiscard]] std::string run() {
        walk_back();
        for (const std::string& input : inputs_) {
            if (reached_ends_.contains(input)) continue;
            throw ConfigError(fmt::format("{}: no output needs the input '{}'; the outputs are '{}'", name_, input,
                                          fmt::join(outputs_, "', '")));
        }
        if (inputs_.empty()) {
            for (const onnx::ValueInfoProto& input : model_.graph().input()) {
                if (reached_ends_.contains(input.name())) inputs_.push_back(input.name());
            }
        }
        if (changes_nothing()) return std::string(bytes_);
        rebuild();
        std::string cut;
        if (!model_.SerializeToString(&cut)) throw ModelError(name_ + ": the part cannot be written");
        return cut;
    }

private:
    [[nodiscard]] std::vector<std::string> resolve(const std::vector<std::string>& words, const char* what) const {
        std::vector<std::string> found;
        for (const std::string& word : words) {
            const auto name = names_.find(word);
            if (!name) {
                throw ConfigError(fmt::format("{}: the model has no tensor '{}' that could be an {}; {}", name_, word,
                                              what, names_.near(word)));
            }
            if (std::find(found.begin(), found.end(), *name) != found.end()) {
                throw ConfigError(fmt::format("{}: the {} '{}' is named twice", name_, what, word));
            }
            found.push_back(*name);
        }
        return found;
    }

    /// Collects the nodes that the outputs need, up to the inputs.
    void walk_back() {
        std::vector<std::string> wanted(outputs_);
        std::set<std::string> seen;
        while (!wanted.empty()) {
            const std::string name = wanted.back();
            wanted.pop_back();
            if (!seen.insert(name).second) continue;
            if (std::find(inputs_.begin(), inputs_.end(), name) != inputs_.end()) {
                reached_ends_.insert(name);
                continue;
            }
            if (names_.inputs.contains(name)) {
                if (!inputs_.empty()) {
                    throw ConfigError(
                        fmt::format("{}: the outputs need the input '{}' as well as '{}'; name it among "
                                    "the inputs, or a tensor that lies behind it",
                                    name_, name, fmt::join(inputs_, "', '")));
                }
                reached_ends_.insert(name);
                continue;
            }
            needed_values_.insert(name);
            const auto producer = names_.producers.find(name);
            if (producer == names_.producers.end() || !needed_nodes_.insert(producer->second).second) continue;
            add_reads(model_.graph().node(producer->second), wanted);
        }
    }

    /// Whether the ends are those of the model, in its order.
    [[nodiscard]] bool changes_nothing() const {
        std::vector<std::string> inputs;
        std::vector<std::string> outputs;
        for (const onnx::ValueInfoProto& input : model_.graph().input()) {
            if (names_.inputs.contains(input.name())) inputs.push_back(input.name());
        }
        for (const onnx::ValueInfoProto& output : model_.graph().output()) outputs.push_back(output.name());
        return inputs == inputs_ && outputs == outputs_;
    }

    void rebuild() {
        const onnx::GraphProto whole = model_.graph();
        onnx::GraphProto& part = *model_.mutable_graph();
        part.clear_input();
        part.clear_output();
        part.clear_node();
        part.clear_initializer();
        part.clear_value_info();
        for (const std::string& name : inputs_) *part.add_input() = input_info(whole, name);
        for (const std::string& name : outputs_) {
            // The importer finds types itself; a name is enough where the file declares none.
            const onnx::ValueInfoProto* info = declared(whole, name);
            if (info != nullptr) *part.add_output() = *info;
            if (info == nullptr) part.add_output()->set_name(name);
        }
        for (const int i : needed_nodes_) *part.add_node() = whole.node(i);
        for (const onnx::TensorProto& tensor : whole.initializer()) {
            if (needed_values_.contains(tensor.name())) *part.add_initializer() = tensor;
        }
        for (const onnx::ValueInfoProto& info : whole.value_info()) {
            if (needed_values_.contains(info.name())) *part.add_value_info() = info;
        }
    }

    /// The type of an input: as the file declares it, else open where the user gives sizes, else as types follow.
    [[nodiscard]] onnx::ValueInfoProto input_info(const onnx::GraphProto& whole, const std::string& name) {
        const onnx::ValueInfoProto* info = declared(whole, name);
        if (info != nullptr && has_shape(*info)) return *info;
        const auto given = sizes_.shapes.find(name);
        const std::optional<TensorType> type = inferred(name);
        if (given != sizes_.shapes.end()) {
            // Only the number of dimensions is taken: the part must be the same file, with the same hash, whatever
            // sizes it is used with. They are bound later, as those of any open dimension.
            const std::vector<std::int64_t> dims(given->second.size(), kSymbolic);
            onnx::ValueInfoProto made = info_of(name, {type ? type->dtype : DType::f32, Shape(dims)});
            if (info != nullptr && info->type().has_tensor_type()) {
                made.mutable_type()->mutable_tensor_type()->set_elem_type(info->type().tensor_type().elem_type());
            }
            return made;
        }
        if (type) return info_of(name, *type);
        throw ModelError(
            fmt::format("{}: the shape of '{}' is not known, which shall be an input; give it in a config "
                        "with model.input_shapes, else with --shape {}=1,3,224,224",
                        name_, name, name));
    }

    /// Types follow from those of the model's own inputs, with the sizes that are given for these.
    [[nodiscard]] std::optional<TensorType> inferred(const std::string& name) {
        try {
            if (!typed_) {
                InputSizes own{.dims = sizes_.dims};
                for (const auto& [input, shape] : sizes_.shapes) {
                    if (names_.inputs.contains(input)) own.shapes.emplace(input, shape);
                }
                typed_ = infer_types(bind_sizes(import_onnx(bytes_, name_, ops_), own), ops_);
            }
            const auto value = typed_->find_value(name);
            if (value) return typed_->value(*value).type;
        } catch (const Error&) {
            // The rest of the model may be what cannot be imported: that may be why somebody wants this part.
            return std::nullopt;
        }
        return std::nullopt;
    }

    std::string_view bytes_;
    std::string name_;
    const InputSizes& sizes_;
    const OpLibrary& ops_;
    onnx::ModelProto model_;
    TensorNames names_;
    std::vector<std::string> inputs_, outputs_;
    std::set<int> needed_nodes_;
    std::set<std::string> needed_values_;  ///< that the nodes of the part read or make
    std::set<std::string> reached_ends_;   ///< where walking back ended
    std::optional<Graph> typed_;           ///< the whole model; made when the first type is asked for
};

}  // namespace

std::string cut_onnx(std::string_view bytes, const std::string& name, const ModelEnds& ends, const InputSizes& sizes,
                     const OpLibrary& ops) {
    if (ends.is_empty()) return std::string(bytes);
    return Cutter(bytes, name, ends, sizes, ops).run();
}

std::vector<std::string> unknown_ends(std::string_view bytes, const std::string& name, const ModelEnds& ends) {
    std::vector<std::string> unknown;
    if (ends.is_empty()) return unknown;
    const onnx::ModelProto model = parsed_model(bytes, name);
    const TensorNames names(model.graph());
    for (const auto* words : {&ends.inputs, &ends.outputs}) {
        for (const std::string& word : *words) {
            if (!names.find(word)) unknown.push_back(word);
        }
    }
    return unknown;
}

}  // namespace halftone
