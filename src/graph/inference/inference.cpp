// Inference: one walk over the nodes, in graph order.
//
//   visit        types of a node's outputs by its operator's shape rule (infer_node), checked against overflow
//   context_of   what the rule may look at: input types, and the values of inputs that are constant or known
//   follow       values of small outputs: Shape and Size from types, others by running the operator (evaluate)
//
// Shape rules such as Reshape's need values, and these values come from nodes before it: so both are found in one walk.
#include "graph/inference/inference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "graph/inference/work.hpp"

namespace halftone {
namespace {

// No tensor of a network that fits this machine has more elements; keeps products of dimensions from overflowing.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

/// A node is found by what it produces where it has no name.
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

/// Called for every shape that a rule gives, so that no later product of dimensions can overflow. @param owner  returns
/// whose shape it is, for messages
template <class Owner>
void check_shape(const Shape& shape, const Owner& owner) {
    std::int64_t product = 1;
    for (const std::int64_t dim : shape.dims()) {
        if (dim == kSymbolic) continue;
        if (dim < 0) throw ModelError(fmt::format("{}: a dimension is {}", owner(), dim));
        if (dim == 0) return;
        if (dim > kMaxElements / product) {
            throw ModelError(fmt::format("{}: shape {} has more than 2^40 elements", owner(), shape.to_text()));
        }
        product *= dim;
    }
}

class Inferrer {
public:
    Inferrer(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types, std::uint64_t work)
        : graph_(graph),
          ops_(ops),
          result_{.types = std::move(types), .known = {}, .is_of_bound_size = {}, .has_bound_type = {}},
          budget_({.work = work}) {
        result_.known.resize(graph.values().size());
        result_.is_of_bound_size.resize(graph.values().size(), false);
        result_.has_bound_type.resize(graph.values().size(), false);
        for (const std::string& key : graph.info().bound_dims) {
            const auto input = graph.find_value(key.substr(0, key.rfind(':')));
            if (input) result_.has_bound_type[input->index()] = true;
        }
        // Small constants are known from the start: an axis or a size that is added to a shape is one of them.
        for (std::size_t i = 0; i < result_.known.size(); ++i) {
            const Tensor& constant = graph.values()[i].constant;
            if (!constant.is_empty() && may_be_known(constant.type())) result_.known[i] = KnownTensor{{constant}, {}};
        }
    }

    Inference run() {
        for (const Node& node : graph_.nodes()) visit(node);
        return std::move(result_);
    }

    HeadInference run_head() {
        std::vector<bool> is_unknown(graph_.values().size(), false);
        std::vector<bool> found;
        const auto reads_unknown = [&](ValueId id) { return id.is_valid() && is_unknown[id.index()]; };
        for (const Node& node : graph_.nodes()) {
            found.push_back(std::any_of(node.inputs.begin(), node.inputs.end(), reads_unknown) || !try_visit(node));
            if (!found.back()) continue;
            for (const ValueId id : node.outputs) {
                if (id.is_valid()) is_unknown[id.index()] = true;
            }
        }
        return {std::move(result_), std::move(found)};
    }

private:
    [[nodiscard]] const std::optional<KnownTensor>& known(ValueId id) const { return result_.known[id.index()]; }

    bool try_visit(const Node& node) {
        try {
            visit(node);
            return true;
        } catch (const DataDependentShape&) {
            return false;
        }
    }

    void visit(const Node& node) {
        const OpContext op = context_of(node);
        const std::vector<TensorType> outputs = infer_node(op);
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (!node.outputs[i].is_valid()) continue;
            // A rule gives as many types as the operator has outputs. More of them in the file mean another operator.
            if (i >= outputs.size()) {
                throw ModelError(fmt::format("{} has {} outputs; supported: {}", where(graph_, node),
                                             node.outputs.size(), outputs.size()));
            }
            check_shape(outputs[i].shape, [&] { return where(graph_, node); });
            result_.types[node.outputs[i].index()] = outputs[i];
        }
        follow_bound_sizes(node);
        if (std::all_of(outputs.begin(), outputs.end(), may_be_known)) follow(op, outputs);
    }

    /// Whatever is computed from a tensor of a bound size, or from a number that follows from one, may depend on it.
    /// More is marked than must be (a pooled value has one size for all inputs): then a node stays that could go.
    void follow_bound_sizes(const Node& node) {
        bool type = false;
        bool value = false;
        for (const ValueId id : node.inputs) {
            if (!id.is_valid()) continue;
            type = type || result_.has_bound_type[id.index()];
            value = value || result_.is_of_bound_size[id.index()];
        }
        // Shape and Size have a type that no size changes, and a value that is the size itself.
        const bool reads_sizes = node.op == "Shape" || node.op == "Size";
        for (const ValueId id : node.outputs) {
            if (!id.is_valid()) continue;
            result_.has_bound_type[id.index()] = !reads_sizes && (type || value);
            result_.is_of_bound_size[id.index()] = type || value;
        }
    }

    /// What the shape rule may know: a value that is the same for every batch counts as a constant.
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
        if (op.node.bodies != nullptr) throw DataDependentShape(describe(op.node) + ": how often it runs is data");
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
            for (const std::int64_t probe : kProbeBatches) {
                at_probe.push_back(value_of_type(node, op.inputs[0].shape, outputs.at(0), probe));
            }
            const bool is_known =
                std::none_of(at_probe.begin(), at_probe.end(), [](const Tensor& t) { return t.is_empty(); });
            if (is_known && node.outputs[0].is_valid())
                result_.known[node.outputs[0].index()] = known_of(std::move(at_probe));
            return;
        }
        if (node.op == "Identity" && node.outputs[0].is_valid()) {
            result_.known[node.outputs[0].index()] = known(node.inputs[0]);
            return;
        }
        // Operators without inputs, and those that are meaning rather than work, are not evaluated.
        if (!may_fold_op(node, ops_)) return;
        bool is_fixed = true;
        for (const ValueId id : node.inputs) {
            if (!id.is_valid()) continue;
            if (!known(id)) return;
            is_fixed = is_fixed && known(id)->is_fixed();
        }
        evaluate(node, is_fixed ? 1 : kProbeBatches.size());
    }

    /// Runs the operator once per probe, or once when none of its inputs depends on the batch.
    void evaluate(const Node& node, std::size_t probes) {
        // By output, then by probe.
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

    [[nodiscard]] std::optional<std::vector<Tensor>> evaluate_at(const Node& node, std::size_t probe) {
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
            // Beyond the limit a value is not known, and whoever needs it says so.
            if (!budget_.try_take_work(work_of(op, types))) return std::nullopt;
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
    Budget budget_;
};

}  // namespace

Inference infer_values(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types) {
    return Inferrer(graph, ops, std::move(types), kFollowedWork).run();
}

HeadInference infer_head(const Graph& graph, const OpLibrary& ops, std::uint64_t work) {
    return Inferrer(graph, ops, source_types(graph), work).run_head();
}

// Graph inputs carry the only types of a file that are believed. All others are found from them.
std::vector<TensorType> source_types(const Graph& graph) {
    std::vector<TensorType> types(graph.values().size());
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (graph.values()[i].is_constant()) types[i] = graph.values()[i].constant.type();
    }
    for (const ValueId id : graph.inputs()) {
        if (!graph.value(id).has_type) throw ModelError("graph input '" + graph.value(id).name + "' has no type");
        types[id.index()] = graph.value(id).type;
        check_shape(types[id.index()].shape, [&] { return "graph input '" + graph.value(id).name + "'"; });
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

bool may_evaluate(const Node& node, const OpLibrary& ops) {
    return node.op != "DequantizeLinear" && node.op != "Identity" && node.op != "Dropout" && !node.inputs.empty() &&
           ops.knows(node.op);
}

bool may_fold(const Graph& graph, const Node& node, const OpLibrary& ops) {
    const auto is_output = [&](ValueId id) { return id.is_valid() && graph.is_output(id); };
    return may_evaluate(node, ops) && std::none_of(node.outputs.begin(), node.outputs.end(), is_output);
}

}  // namespace halftone
