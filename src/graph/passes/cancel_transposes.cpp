// cancel_transposes: a Transpose, elementwise operators and the inverse Transposes become the operators alone.
// Exporters of TensorFlow and JAX wrap each convolution in a pair of Transposes, from NHWC and back; what stands
// between two convolutions is then between two Transposes, and no activation can become part of a unit.
//
//   Region::grow     all values that depend on the Transpose through elementwise operators; it fails where a reader is
//                    anything else but the inverse Transpose
//   Region::apply    operators read what was there before the Transpose; constants are transposed once, here
//
// Of a broadcast operand only constants and values with the same Transpose are followed, so a region needs no Transpose
// that was not there before.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

using Permutation = std::vector<std::int64_t>;

// A region that grows further is left alone, so that a graph full of Transposes takes linear time.
constexpr std::size_t kLargestRegion = 256;

// Dropout counts: remove_identity takes it out later, and a second import must find nothing more to do.
constexpr std::array<std::string_view, 40> kElementwise{
    "Abs",     "Add",   "Cast",     "Ceil",        "Celu",      "Clip",       "Div",  "Elu",   "Erf",
    "Exp",     "Floor", "Gelu",     "HardSigmoid", "HardSwish", "LeakyRelu",  "Log",  "Max",   "Min",
    "Mish",    "Mul",   "Neg",      "PRelu",       "Pow",       "Reciprocal", "Relu", "Round", "Selu",
    "Sigmoid", "Sign",  "Softplus", "Softsign",    "Sqrt",      "Sub",        "Sum",  "Tanh",  "ThresholdedRelu",
    "Sin",     "Cos",   "Identity", "Dropout"};

bool is_elementwise(const Node& node) {
    return node.outputs.size() == 1 &&
           std::find(kElementwise.begin(), kElementwise.end(), node.op) != kElementwise.end();
}

/// The permutation of a Transpose; without an attribute it turns the axes around.
Permutation permutation_of(const Graph& graph, const Node& transpose) {
    const std::size_t rank = graph.value(transpose.inputs[0]).type.shape.rank();
    Permutation reversed(rank);
    for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<std::int64_t>(rank - 1 - i);
    return ints_attribute(transpose, "perm", reversed);
}

Permutation inverse_of(const Permutation& permutation) {
    Permutation inverse(permutation.size());
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
    }
    return inverse;
}

/// Values behind one or more equal Transposes, up to the inverse ones.
class Region {
public:
    Region(const Graph& graph, NodeId first) : graph_(graph), permutation_(permutation_of(graph, graph.node(first))) {
        add_source(first);
    }

    /// @return whether every value of the region is read by elementwise operators and inverse Transposes only
    [[nodiscard]] bool grow() {
        while (!open_.empty()) {
            const ValueId value = open_.back();
            open_.pop_back();
            if (graph_.is_output(value) || sources_.size() + inner_.size() > kLargestRegion) return false;
            for (const Use& use : graph_.uses(value)) {
                if (!add_reader(use.node)) return false;
            }
        }
        // Operands that only came to the region later, by way of another node.
        return !sinks_.empty() && std::all_of(inner_.begin(), inner_.end(), [&](NodeId id) { return is_closed(id); });
    }

    [[nodiscard]] const std::set<NodeId>& inner() const { return inner_; }
    [[nodiscard]] const std::set<NodeId>& sources() const { return sources_; }
    [[nodiscard]] const std::set<NodeId>& sinks() const { return sinks_; }

    void apply(GraphBuilder& builder, const OpLibrary& ops) const {
        for (const NodeId id : inner_) {
            const Node& node = graph_.node(id);
            for (std::size_t i = 0; i < node.inputs.size(); ++i) {
                if (!node.inputs[i].is_valid()) continue;
                if (const auto source = sources_by_output_.find(node.inputs[i]); source != sources_by_output_.end()) {
                    builder.node(id).inputs[i] = source->second;
                } else if (graph_.value(node.inputs[i]).is_constant()) {
                    const ValueId turned = turned_constant(builder, ops, node.inputs[i]);
                    builder.node(id).inputs[i] = turned;
                }
            }
        }
        for (const NodeId id : sinks_) apply_sink(builder, id);
    }

private:
    void add_source(NodeId id) {
        const Node& node = graph_.node(id);
        if (!sources_.insert(id).second) return;
        sources_by_output_.emplace(node.outputs[0], node.inputs[0]);
        add_value(node.outputs[0]);
    }

    void add_value(ValueId value) {
        if (values_.insert(value).second) open_.push_back(value);
    }

    [[nodiscard]] bool is_transpose(NodeId id, const Permutation& permutation) const {
        return id.is_valid() && graph_.node(id).op == "Transpose" &&
               permutation_of(graph_, graph_.node(id)) == permutation;
    }

    bool add_reader(NodeId id) {
        if (is_transpose(id, inverse_of(permutation_))) {
            sinks_.insert(id);
            return true;
        }
        const Node& node = graph_.node(id);
        const std::size_t rank = permutation_.size();
        if (!is_elementwise(node) || graph_.value(node.outputs[0]).type.shape.rank() != rank) return false;
        if (!inner_.insert(id).second) return true;
        for (const ValueId input : node.inputs) {
            if (!input.is_valid() || values_.contains(input)) continue;
            const Value& value = graph_.value(input);
            if (value.is_constant()) continue;
            const NodeId producer = graph_.producer(input);
            if (is_transpose(producer, permutation_)) add_source(producer);
        }
        add_value(node.outputs[0]);
        return true;
    }

    /// Are all operands constants or values of the region, with as many axes as it has?
    [[nodiscard]] bool is_closed(NodeId id) const {
        const auto& inputs = graph_.node(id).inputs;
        return std::all_of(inputs.begin(), inputs.end(), [&](ValueId input) {
            return !input.is_valid() || values_.contains(input) || graph_.value(input).is_constant();
        });
    }

    /// The constant as it is before the Transpose: with all axes, in their old order.
    [[nodiscard]] ValueId turned_constant(GraphBuilder& builder, const OpLibrary& ops, ValueId id) const {
        const Value& value = graph_.value(id);
        // A single element has the same value along every axis. It may also be a limit of Clip, which is a scalar.
        if (value.constant.elements() == 1) return id;
        const Shape& shape = value.constant.shape();
        std::vector<std::int64_t> dims(permutation_.size() - shape.rank(), 1);
        for (std::size_t i = 0; i < shape.rank(); ++i) dims.push_back(shape[i]);
        Tensor wide(TensorType{value.constant.dtype(), Shape(dims)});
        std::copy_n(value.constant.view().data, value.constant.bytes(), wide.mutable_view().data);
        const Node transpose{.name = "",
                             .op = "Transpose",
                             .inputs = {id},
                             .outputs = {id},
                             .attributes = {{"perm", inverse_of(permutation_)}}};
        const OpContext op{.node = transpose, .inputs = {wide.type()}, .constants = {nullptr}};
        return builder.add_constant(builder.fresh_value_name(value.name), ops.evaluate(op, {wide})[0]);
    }

    void apply_sink(GraphBuilder& builder, NodeId id) const {
        const Node& sink = graph_.node(id);
        const auto source = sources_by_output_.find(sink.inputs[0]);
        const ValueId value = source != sources_by_output_.end() ? source->second : sink.inputs[0];
        // remove_identity cannot see it in this run, and a graph output keeps its name by it.
        builder.node(id) =
            Node{.name = sink.name, .op = "Identity", .inputs = {value}, .outputs = sink.outputs, .attributes = {}};
    }

    const Graph& graph_;
    Permutation permutation_;
    std::set<NodeId> sources_;
    std::map<ValueId, ValueId> sources_by_output_;  ///< to the value before the Transpose
    std::set<NodeId> inner_;
    std::set<NodeId> sinks_;
    std::set<ValueId> values_;
    std::vector<ValueId> open_;
};

}  // namespace

/// Transposes that elementwise operators separate from their inverse go away. Each inverse leaves an Identity, which
/// remove_identity takes out.
Graph cancel_transposes(const Graph& graph, const OpLibrary& ops) {
    GraphBuilder builder(graph);
    std::set<NodeId> done;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        if (graph.node(id).op != "Transpose" || done.contains(id)) continue;
        Region region(graph, id);
        const bool is_whole = region.grow();
        // Regions of one run share no node: an edited node no longer is what the graph says.
        const auto is_free = [&](const std::set<NodeId>& nodes) {
            return std::none_of(nodes.begin(), nodes.end(), [&](NodeId node) { return done.contains(node); });
        };
        const bool is_fresh = is_free(region.inner()) && is_free(region.sources()) && is_free(region.sinks());
        if (is_whole && is_fresh) region.apply(builder, ops);
        if (is_whole && is_fresh) {
            done.insert(region.inner().begin(), region.inner().end());
            done.insert(region.sinks().begin(), region.sinks().end());
        }
        done.insert(region.sources().begin(), region.sources().end());
    }
    return std::move(builder).build();
}

}  // namespace halftone
