#include "graph/passes/common_inference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace halftone {
namespace {

// No tensor of a network that fits this machine has more elements; keeps products of dimensions from overflowing.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

// Shape arithmetic is done at each of these batch sizes; what is equal at all of them is taken to be a number, and what
// equals the probe each time to be the batch. Primes, so that no dimension of the model is met by accident; 1 shows
// what clamping or comparing would hide at large sizes only; below 2^24, so that a detour through float is exact.
constexpr std::array<std::int64_t, 3> kProbes{1, 10007, 1000003};

// What is computed from shapes is small; larger tensors are left to fold_constants.
constexpr std::int64_t kMaxKnownElements = 4096;

std::string output_name(const Graph& graph, const Node& node) {
    for (const ValueId id : node.outputs) {
        if (id.is_valid()) return graph.value(id).name;
    }
    return "";
}

/// describe(), made findable for nodes without a name.
std::string where(const Graph& graph, const Node& node) {
    if (!node.name.empty()) return describe(node);
    return fmt::format("{} (output '{}')", describe(node), output_name(graph, node));
}

void check_shape(const Shape& shape, const std::string& owner) {
    std::int64_t product = 1;
    for (const std::int64_t dim : shape.dims()) {
        if (dim == kSymbolic) continue;
        if (dim < 0) throw ModelError(fmt::format("{}: a dimension is {}", owner, dim));
        if (dim == 0) return;
        if (dim > kMaxElements / product) {
            throw ModelError(fmt::format("{}: shape {} has more than 2^40 elements", owner, shape.to_text()));
        }
        product *= dim;
    }
}

bool may_be_known(const TensorType& type) {
    if (!type.shape.is_static()) return false;
    std::int64_t elements = 1;
    for (const std::int64_t dim : type.shape.dims()) {
        if (dim > kMaxKnownElements || (elements *= dim) > kMaxKnownElements) return false;
    }
    return true;
}

bool is_equal(const Tensor& a, const Tensor& b) {
    return a.type() == b.type() && std::equal(a.view().data, a.view().data + a.bytes(), b.view().data);
}

/// Integers of any width; nothing for other element types.
std::optional<std::vector<std::int64_t>> integers(const Tensor& tensor) {
    std::vector<std::int64_t> values;
    if (tensor.dtype() == DType::s64) {
        const auto elements = tensor.as<std::int64_t>();
        values.assign(elements.begin(), elements.end());
    } else if (tensor.dtype() == DType::s32) {
        const auto elements = tensor.as<std::int32_t>();
        values.assign(elements.begin(), elements.end());
    } else {
        return std::nullopt;
    }
    return values;
}

/// One value per probe as what is known. Nothing if even the shape depends on the batch.
std::optional<KnownTensor> known_of(std::vector<Tensor> at_probe) {
    const auto same_type = [&](const Tensor& tensor) { return tensor.type() == at_probe[0].type(); };
    if (!std::all_of(at_probe.begin(), at_probe.end(), same_type)) return std::nullopt;
    const auto same = [&](const Tensor& tensor) { return is_equal(tensor, at_probe[0]); };
    if (std::all_of(at_probe.begin(), at_probe.end(), same)) return KnownTensor{{at_probe[0]}, {}};

    KnownTensor known{std::move(at_probe), {}};
    std::vector<std::vector<std::int64_t>> columns;
    for (const Tensor& tensor : known.at_probe) {
        if (auto values = integers(tensor)) columns.push_back(std::move(*values));
    }
    if (columns.empty()) return known;
    for (std::size_t i = 0; i < columns[0].size(); ++i) {
        bool is_number = true;
        bool is_batch = true;
        for (std::size_t p = 0; p < kProbes.size(); ++p) {
            is_number = is_number && columns[p][i] == columns[0][i];
            is_batch = is_batch && columns[p][i] == kProbes[p];
        }
        if (is_number)
            known.partial.push_back({PartialInt::Kind::number, columns[0][i]});
        else
            known.partial.push_back({is_batch ? PartialInt::Kind::batch : PartialInt::Kind::unknown, 0});
    }
    return known;
}

/// Shape and Size, which read the type alone: their value at a batch size.
Tensor value_of_type(const Node& node, const Shape& input, const TensorType& output, std::int64_t batch) {
    std::vector<std::int64_t> dims = input.dims();
    std::replace(dims.begin(), dims.end(), kSymbolic, batch);
    if (node.op == "Size") {
        std::int64_t count = 1;
        for (const std::int64_t dim : dims) count *= dim;  // at most 2^40 * 2^20: check_shape
        return Tensor::scalar(count);
    }
    const auto rank = static_cast<std::int64_t>(dims.size());
    const std::int64_t start = int_attribute(node, "start", 0);
    const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + rank : start, 0, rank);
    dims.erase(dims.begin(), dims.begin() + first);
    dims.resize(static_cast<std::size_t>(output.shape[0]));
    return Tensor::of<std::int64_t>(output.shape, dims);
}

class Inferrer {
public:
    Inferrer(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types)
        : graph_(graph), ops_(ops), result_{std::move(types), {}} {
        result_.known.resize(graph.values().size());
        for (std::size_t i = 0; i < result_.known.size(); ++i) {
            const Tensor& constant = graph.values()[i].constant;
            if (!constant.is_empty() && may_be_known(constant.type())) result_.known[i] = KnownTensor{{constant}, {}};
        }
    }

    Inference run() {
        for (const Node& node : graph_.nodes()) visit(node);
        return std::move(result_);
    }

private:
    [[nodiscard]] const std::optional<KnownTensor>& known(ValueId id) const { return result_.known[id.index()]; }

    void visit(const Node& node) {
        const OpContext op = context_of(node);
        const std::vector<TensorType> outputs = infer_node(op);
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (!node.outputs[i].is_valid()) continue;
            if (i >= outputs.size()) {
                throw ModelError(fmt::format("{} has {} outputs; supported: {}", where(graph_, node),
                                             node.outputs.size(), outputs.size()));
            }
            check_shape(outputs[i].shape, where(graph_, node));
            result_.types[node.outputs[i].index()] = outputs[i];
        }
        if (std::all_of(outputs.begin(), outputs.end(), may_be_known)) follow(op, outputs);
    }

    [[nodiscard]] OpContext context_of(const Node& node) const {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        for (const ValueId id : node.inputs) {
            op.inputs.push_back(id.is_valid() ? result_.types[id.index()] : TensorType{});
            op.constants.push_back(nullptr);
            op.partials.push_back(nullptr);
            if (!id.is_valid()) continue;
            if (graph_.value(id).is_constant()) op.constants.back() = &graph_.value(id).constant;
            if (!known(id)) continue;
            if (known(id)->is_fixed())
                op.constants.back() = &known(id)->at_probe[0];
            else if (!known(id)->partial.empty())
                op.partials.back() = &known(id)->partial;
        }
        return op;
    }

    [[nodiscard]] std::vector<TensorType> infer_node(const OpContext& op) const {
        if (ops_.knows(op.node.op)) return ops_.infer(op);
        if (op.node.op == "Identity" || op.node.op == "Dropout") return infer_structural(op);
        throw ModelError(describe(op.node) + ": the operator is not supported");
    }

    /// Types of ops that only shape the graph; passes remove them, so no kernel library needs to know them.
    [[nodiscard]] static std::vector<TensorType> infer_structural(const OpContext& op) {
        if (!op.has_input(0)) throw ModelError(describe(op.node) + " has no input");
        std::vector<TensorType> types{op.inputs[0]};
        if (op.node.op == "Dropout") types.push_back({DType::boolean, op.inputs[0].shape});
        return types;
    }

    /// Values of the node's outputs, if they follow from types and known inputs.
    void follow(const OpContext& op, const std::vector<TensorType>& outputs) {
        const Node& node = op.node;
        if (node.op == "Shape" || node.op == "Size") {
            std::vector<Tensor> at_probe;
            for (const std::int64_t probe : kProbes) {
                at_probe.push_back(value_of_type(node, op.inputs[0].shape, outputs.at(0), probe));
            }
            if (node.outputs[0].is_valid()) result_.known[node.outputs[0].index()] = known_of(std::move(at_probe));
            return;
        }
        if (node.op == "Identity" && node.outputs[0].is_valid()) {
            result_.known[node.outputs[0].index()] = known(node.inputs[0]);
            return;
        }
        if (!may_fold_op(node, ops_)) return;
        bool is_fixed = true;
        for (const ValueId id : node.inputs) {
            if (!id.is_valid()) continue;
            if (!known(id)) return;
            is_fixed = is_fixed && known(id)->is_fixed();
        }
        evaluate(node, is_fixed ? 1 : kProbes.size());
    }

    void evaluate(const Node& node, std::size_t probes) {
        std::vector<std::vector<Tensor>> results(node.outputs.size());
        for (std::size_t p = 0; p < probes; ++p) {
            const auto outputs = evaluate_at(node, p);
            if (!outputs) return;
            for (std::size_t i = 0; i < results.size() && i < outputs->size(); ++i) {
                results[i].push_back((*outputs)[i]);
            }
        }
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!node.outputs[i].is_valid() || results[i].size() != probes) continue;
            result_.known[node.outputs[i].index()] =
                probes == 1 ? KnownTensor{std::move(results[i]), {}} : known_of(std::move(results[i]));
        }
    }

    [[nodiscard]] std::optional<std::vector<Tensor>> evaluate_at(const Node& node, std::size_t probe) const {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> inputs;
        for (const ValueId id : node.inputs) {
            if (!id.is_valid()) {
                inputs.emplace_back();
                op.inputs.emplace_back();
                op.constants.push_back(nullptr);
                continue;
            }
            const KnownTensor& known_input = *known(id);
            const Tensor& tensor = known_input.at_probe[known_input.is_fixed() ? 0 : probe];
            inputs.push_back(tensor);
            op.inputs.push_back(tensor.type());
            op.constants.push_back(&tensor);
        }
        try {
            const std::vector<TensorType> types = ops_.infer(op);
            if (!std::all_of(types.begin(), types.end(), may_be_known)) return std::nullopt;
            return ops_.evaluate(op, inputs);
        } catch (const ModelError&) {
            return std::nullopt;  // has no value at this batch size: then it is not known, and whoever needs it says so
        }
    }

    [[nodiscard]] static bool may_fold_op(const Node& node, const OpLibrary& ops) {
        return node.op != "DequantizeLinear" && node.op != "Dropout" && !node.inputs.empty() && ops.knows(node.op);
    }

    const Graph& graph_;
    const OpLibrary& ops_;
    Inference result_;
};

}  // namespace

Inference infer_values(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types) {
    return Inferrer(graph, ops, std::move(types)).run();
}

std::vector<TensorType> source_types(const Graph& graph) {
    std::vector<TensorType> types(graph.values().size());
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (graph.values()[i].is_constant()) types[i] = graph.values()[i].constant.type();
    }
    for (const ValueId id : graph.inputs()) {
        if (!graph.value(id).has_type) throw ModelError("graph input '" + graph.value(id).name + "' has no type");
        types[id.index()] = graph.value(id).type;
        check_shape(types[id.index()].shape, "graph input '" + graph.value(id).name + "'");
    }
    return types;
}

std::vector<TensorType> source_types(const Graph& graph, std::int64_t batch) {
    std::vector<TensorType> types = source_types(graph);
    for (const ValueId id : graph.inputs()) {
        Shape& shape = types[id.index()].shape;
        if (shape.rank() > 0 && shape[0] == kSymbolic) shape[0] = batch;
    }
    return types;
}

bool may_fold(const Graph& graph, const Node& node, const OpLibrary& ops) {
    if (node.op == "DequantizeLinear" || node.op == "Identity" || node.op == "Dropout" || !ops.knows(node.op))
        return false;
    const auto is_output = [&](ValueId id) { return id.is_valid() && graph.is_output(id); };
    return !node.inputs.empty() && std::none_of(node.outputs.begin(), node.outputs.end(), is_output);
}

}  // namespace halftone
