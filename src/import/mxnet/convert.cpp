// import_mxnet: an MXNet network becomes a Graph, node by node, by the rules of its operators.
//
//   mark_needed       nodes that the outputs need; labels of losses are none of them
//   check_operators   all operators without a rule are named at once
//   add_variable      a weight of the .params file, or an input of the network
//   add_node          a rule of *_rules.cpp turns the node into ONNX nodes
//   add_outputs       names of the results; a result that is an input or a constant gets an Identity
//
// A file is untrusted. Nodes only read nodes before them (parse_mxnet_symbol checks it), so one walk is enough.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "graph/onnx/partial_inference.hpp"
#include "graph/passes/passes.hpp"
#include "import/mxnet/layer.hpp"
#include "import/mxnet/mxnet_model.hpp"
#include "import/mxnet/params.hpp"

namespace halftone {
namespace {

// The operator forms of *_rules.cpp are valid from 13 to 17; LayerNormalization begins at 17.
constexpr std::int64_t kMxnetOpset = 17;
constexpr std::int64_t kMxnetIr = 8;

const MxnetRule* find_rule(std::string_view op) {
    for (const auto rules :
         {mxnet_layer_rules(), mxnet_activation_rules(), mxnet_arithmetic_rules(), mxnet_shape_rules()}) {
        const auto found =
            std::find_if(rules.begin(), rules.end(), [&](const MxnetRule& rule) { return rule.op == op; });
        if (found != rules.end()) return &*found;
    }
    return nullptr;
}

/// Losses read a label behind their data, which exists only while the net is trained.
bool is_loss(std::string_view op) {
    constexpr std::string_view kLosses[] = {"SoftmaxOutput", "Softmax", "LogisticRegressionOutput",
                                            "LinearRegressionOutput", "MAERegressionOutput"};
    return std::find(std::begin(kLosses), std::end(kLosses), op) != std::end(kLosses);
}

/// Walks over the nodes once and keeps the value of each output of each node.
class MxnetConverter final : public MxnetContext {
public:
    MxnetConverter(MxnetSymbol symbol, std::map<std::string, Tensor> params, const InputSizes& sizes,
                   const MxnetFiles& files, const OpLibrary& ops, MxnetBatch batch)
        : symbol_(std::move(symbol)),
          params_(std::move(params)),
          sizes_(sizes),
          files_(files),
          batch_(batch),
          inference_(ops) {}

    [[nodiscard]] Graph run() {
        mark_needed();
        check_operators();
        builder_.info().opset = kMxnetOpset;
        builder_.info().ir_version = kMxnetIr;
        builder_.info().graph_name = "mxnet";
        for (std::size_t i = 0; i < symbol_.nodes.size(); ++i) {
            values_.emplace_back();
            if (!is_needed_[i]) continue;
            values_[i] = symbol_.nodes[i].is_variable() ? std::vector{add_variable(symbol_.nodes[i])}
                                                        : add_node(symbol_.nodes[i]);
        }
        check_sizes_are_used();
        add_outputs();
        return std::move(builder_).build();
    }

    [[nodiscard]] GraphBuilder& builder() override { return builder_; }
    [[nodiscard]] std::optional<Shape> shape_of(ValueId id) override { return inference_.shape_of(builder_, id); }
    [[nodiscard]] ValueId parameter(const std::string& name) override;

private:
    void mark_needed();
    void check_operators() const;
    [[nodiscard]] ValueId add_variable(const MxnetNode& node);
    [[nodiscard]] ValueId add_input(const MxnetNode& node);
    [[nodiscard]] std::vector<ValueId> add_node(const MxnetNode& node);
    [[nodiscard]] ValueId value_of(const MxnetEdge& edge) const;
    void check_sizes_are_used();
    void add_outputs();

    MxnetSymbol symbol_;
    std::map<std::string, Tensor> params_;
    const InputSizes& sizes_;
    const MxnetFiles& files_;
    MxnetBatch batch_;
    PartialInference inference_;
    GraphBuilder builder_;
    std::vector<bool> is_needed_;               ///< by node
    std::vector<std::vector<ValueId>> values_;  ///< by node and output
    std::map<std::string, ValueId> constants_;  ///< weights that are in the graph already
};

// From the outputs back: a node stands behind all that it reads, so one walk from the last node to the first is enough.
void MxnetConverter::mark_needed() {
    is_needed_.assign(symbol_.nodes.size(), false);
    for (const MxnetEdge& output : symbol_.outputs) is_needed_[output.node] = true;
    for (std::size_t i = symbol_.nodes.size(); i-- > 0;) {
        if (!is_needed_[i]) continue;
        const MxnetNode& node = symbol_.nodes[i];
        // What only a label needs is not needed either, so it becomes no input of the model.
        const std::size_t read = is_loss(node.op) ? std::min<std::size_t>(1, node.inputs.size()) : node.inputs.size();
        for (std::size_t k = 0; k < read; ++k) is_needed_[node.inputs[k].node] = true;
    }
}

// A user should see at once all that is missing, not one operator after the other.
void MxnetConverter::check_operators() const {
    struct Missing {
        std::int64_t count = 0;
        std::string first;
    };
    std::map<std::string, Missing> missing;
    for (std::size_t i = 0; i < symbol_.nodes.size(); ++i) {
        const MxnetNode& node = symbol_.nodes[i];
        if (!is_needed_[i] || node.is_variable() || find_rule(node.op) != nullptr) continue;
        if (node.op.starts_with("_contrib_quantize") || node.op.starts_with("_sg_") ||
            node.op.starts_with("_contrib_requantize")) {
            throw ModelError(
                fmt::format("{}: is quantized already ({} node '{}'); import the network that it was made "
                            "from",
                            files_.symbol_name, node.op, node.name));
        }
        Missing& entry = missing[node.op];
        if (entry.count++ == 0) entry.first = node.name;
    }
    if (missing.empty()) return;
    std::vector<std::string> parts;
    for (const auto& [op, entry] : missing) {
        parts.push_back(fmt::format("{} ({} times, first: '{}')", op, entry.count, entry.first));
    }
    throw ModelError(
        fmt::format("{}: operators that are not supported: {}", files_.symbol_name, fmt::join(parts, ", ")));
}

// A weight that two layers share becomes one constant.
ValueId MxnetConverter::parameter(const std::string& name) {
    const auto known = constants_.find(name);
    if (known != constants_.end()) return known->second;
    const auto found = params_.find(name);
    if (found == params_.end()) {
        throw ModelError(fmt::format("{}: has no array '{}', which the network needs", files_.params_name, name));
    }
    const ValueId id = builder_.add_constant(builder_.fresh_value_name(name), found->second);
    constants_.emplace(name, id);
    return id;
}

// symbol.json does not say whether a variable is a weight or an input: it is a weight if the other file has it.
ValueId MxnetConverter::add_variable(const MxnetNode& node) {
    return params_.contains(node.name) ? parameter(node.name) : add_input(node);
}

ValueId MxnetConverter::add_input(const MxnetNode& node) {
    const MxnetAttributes attributes(node);
    std::vector<std::int64_t> dims;
    const auto given = sizes_.shapes.find(node.name);
    if (given != sizes_.shapes.end()) {
        dims = given->second;
    } else {
        dims = attributes.integers("__shape__");
    }
    // A 0 in __shape__ stands for a size that was not known when the network was written.
    const bool is_open =
        std::any_of(dims.begin() + (dims.empty() ? 0 : 1), dims.end(), [](auto dim) { return dim < 1; });
    if (dims.empty() || is_open) {
        throw ConfigError(fmt::format(
            "the shape of the input '{}' is not known: give --shape {}=1,3,224,224 (in a config: model.input_shapes). "
            "If "
            "it is a weight, {} lacks it; for a net that Gluon saved with save_parameters, use net.export(\"NAME\") "
            "instead",
            node.name, node.name, files_.params_name));
    }
    // The first dimension of every input is taken for the batch, as MXNet's own modules do.
    if (batch_ == MxnetBatch::open || dims[0] < 1) dims[0] = kSymbolic;
    constexpr std::int64_t kInt32 = 4;
    constexpr std::int64_t kInt64 = 6;
    const std::int64_t type = attributes.integer("__dtype__", 0);
    const DType dtype = type == kInt32 ? DType::s32 : type == kInt64 ? DType::s64 : DType::f32;
    const ValueId id = builder_.add_value(builder_.fresh_value_name(node.name), {dtype, Shape(dims)});
    builder_.add_input(id);
    return id;
}

ValueId MxnetConverter::value_of(const MxnetEdge& edge) const {
    const std::vector<ValueId>& outputs = values_[edge.node];
    if (edge.output < outputs.size()) return outputs[edge.output];
    const MxnetNode& node = symbol_.nodes[edge.node];
    // A variable's output 1 and the like mark states that a layer changes while it is trained.
    if (node.is_variable()) return outputs.at(0);
    throw ModelError(fmt::format("{}: output {} of {} node '{}' is read, which is not supported", files_.symbol_name,
                                 edge.output, node.op, node.name));
}

std::vector<ValueId> MxnetConverter::add_node(const MxnetNode& node) {
    std::vector<ValueId> inputs;
    for (const MxnetEdge& edge : node.inputs) {
        if (is_loss(node.op) && !inputs.empty()) break;
        inputs.push_back(value_of(edge));
    }
    const MxnetRule& rule = *find_rule(node.op);
    MxnetLayer layer(node, std::move(inputs), rule.argument, *this);
    rule.convert(layer);
    return layer.outputs();
}

// A misspelt name in --shape would otherwise only be seen by what it did not do.
void MxnetConverter::check_sizes_are_used() {
    for (const auto& [name, dims] : sizes_.shapes) {
        const auto& inputs = builder_.inputs();
        const bool is_input = std::any_of(inputs.begin(), inputs.end(),
                                          [&, &key = name](ValueId id) { return builder_.value(id).name == key; });
        if (is_input) continue;
        std::vector<std::string> names;
        for (const ValueId id : inputs) names.push_back(builder_.value(id).name);
        throw ConfigError(
            fmt::format("a shape is given for '{}', but the network's inputs are: {}", name, fmt::join(names, ", ")));
    }
}

// A graph output must be the result of a node of its own, and each has a name of its own.
void MxnetConverter::add_outputs() {
    std::set<std::size_t> taken;
    for (const ValueId id : builder_.inputs()) taken.insert(id.index());
    for (const MxnetEdge& edge : symbol_.outputs) {
        ValueId id = value_of(edge);
        if (builder_.value(id).is_constant() || !taken.insert(id.index()).second) {
            const std::string name = symbol_.nodes[edge.node].name + "/output";
            const ValueId copy = builder_.add_value(builder_.fresh_value_name(name));
            builder_.add_node({.name = name, .op = "Identity", .inputs = {id}, .outputs = {copy}, .attributes = {}});
            id = copy;
        }
        builder_.add_output(id);
    }
}

}  // namespace

Graph import_mxnet(const MxnetFiles& files, const InputSizes& sizes, const OpLibrary& ops, MxnetBatch batch) {
    MxnetSymbol symbol = parse_mxnet_symbol(files.symbol, files.symbol_name);
    try {
        MxnetConverter converter(std::move(symbol), read_mxnet_params(files.params, files.params_name), sizes, files,
                                 ops, batch);
        return infer_types(converter.run(), ops);
    } catch (ModelError& error) {
        const std::string message = error.what();
        if (!message.starts_with(files.symbol_name) && !message.starts_with(files.params_name)) {
            error.add_context(files.symbol_name);
        }
        throw;
    }
}

}  // namespace halftone
