// Grows a graph node by node: an operator is drawn, its recipe proposes inputs and attributes, and the operator's own
// shape rule decides whether the node is kept. So every operator of the registry takes part, without a second copy of
// its rules here.
#include "fuzz/graphs/random_graph.hpp"

#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "fuzz/graphs/node_recipes.hpp"
#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::fuzz {
namespace {

class GraphGrower {
public:
    GraphGrower(ByteSource& source, const std::vector<std::string>& ops, const GraphLimits& limits)
        : source_(source), ops_(ops), limits_(limits) {
        const auto inputs = static_cast<std::size_t>(source_.between(1, limits_.most_inputs));
        for (std::size_t i = 0; i < inputs; ++i) add_input("x" + std::to_string(i));
    }

    Graph grow() {
        for (int tries = 0; tries < limits_.tries && nodes_ < limits_.nodes && !source_.is_empty(); ++tries) {
            try_node(source_.any(ops_));
        }
        for (const Known& known : known_) {
            if (known.is_result && !known.is_read) builder_.add_output(known.id);
        }
        if (builder_.outputs().empty()) builder_.add_output(known_.front().id);
        return infer_types(std::move(builder_).build(), reference_ops());
    }

private:
    struct Known {
        ValueId id;
        TensorType type;
        bool is_result = false;  ///< of a node
        bool is_read = false;
    };

    void add_input(const std::string& name) {
        Shape shape{source_.between(1, 3)};
        const std::int64_t rank = source_.between(1, 4);
        for (std::int64_t d = 1; d < rank; ++d) {
            shape = Shape(with(shape.dims(), source_.between(1, d == 1 ? limits_.channels : limits_.width)));
        }
        const ValueId id = builder_.add_value(name, TensorType{DType::f32, shape});
        builder_.add_input(id);
        known_.push_back({id, {DType::f32, shape}});
    }

    static std::vector<std::int64_t> with(std::vector<std::int64_t> dims, std::int64_t dim) {
        dims.push_back(dim);
        return dims;
    }

    /// The newest values are drawn more often, so that graphs become deep and not only wide.
    Known& any_known() {
        if (source_.chance(2)) return known_.back();
        return known_[static_cast<std::size_t>(source_.below(known_.size()))];
    }

    ValueId any_of(DType dtype) {
        for (int tries = 0; tries < 4; ++tries) {
            const Known& known = any_known();
            if (known.type.dtype == dtype) return known.id;
        }
        for (const Known& known : known_) {
            if (known.type.dtype == dtype) return known.id;
        }
        return known_.front().id;  // the shape rule refuses what does not fit
    }

    const TensorType& type_of(ValueId id) const {
        for (const Known& known : known_) {
            if (known.id == id) return known.type;
        }
        return builder_type(id);
    }
    const TensorType& builder_type(ValueId id) const { return constants_.at(id).type(); }

    RecipeContext context() {
        return {.source = source_,
                .any_value = [this] { return any_known().id; },
                .any_of = [this](DType dtype) { return any_of(dtype); },
                .type_of = [this](ValueId id) -> const TensorType& { return type_of(id); },
                .constant =
                    [this](Tensor tensor) {
                        const ValueId id = builder_.add_constant("c" + std::to_string(count_++), tensor);
                        constants_.emplace(id, std::move(tensor));
                        return id;
                    }};
    }

    /// Types of the node's outputs; nothing if the node is not valid, or its outputs are too large or empty.
    std::optional<std::vector<TensorType>> types_of(const Node& node) const {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        for (const ValueId id : node.inputs) {
            op.inputs.push_back(id.is_valid() ? type_of(id) : TensorType{});
            const auto constant = constants_.find(id);
            op.constants.push_back(constant == constants_.end() ? nullptr : &constant->second);
        }
        try {
            std::vector<TensorType> types = reference_ops().infer(op);
            for (const TensorType& type : types) {
                if (!type.shape.is_static() || type.shape.elements() > limits_.elements) return std::nullopt;
            }
            return types;
        } catch (const ModelError&) {
            return std::nullopt;
        }
    }

    void try_node(const std::string& op) {
        RecipeContext recipe_context = context();
        const Recipe recipe = make_recipe(op, recipe_context);
        Node node{.name = "n" + std::to_string(count_++),
                  .op = op,
                  .inputs = recipe.inputs,
                  .outputs = {},
                  .attributes = recipe.attributes};
        node.outputs.resize(recipe.outputs);
        for (std::size_t i = 0; i < recipe.outputs; ++i) node.outputs[i] = ValueId{0};  // counted by shape rules
        const auto types = types_of(node);
        if (!types || types->size() < recipe.outputs) return;
        for (std::size_t i = 0; i < recipe.outputs; ++i) {
            node.outputs[i] = builder_.add_value("v" + std::to_string(count_++), (*types)[i]);
        }
        for (Known& known : known_) {
            for (const ValueId input : node.inputs) known.is_read = known.is_read || known.id == input;
        }
        for (std::size_t i = 0; i < recipe.outputs; ++i) known_.push_back({node.outputs[i], (*types)[i], true});
        builder_.add_node(std::move(node));
        ++nodes_;
    }

    ByteSource& source_;
    const std::vector<std::string>& ops_;
    const GraphLimits& limits_;
    GraphBuilder builder_;
    std::vector<Known> known_;
    std::map<ValueId, Tensor> constants_;
    int nodes_ = 0;
    int count_ = 0;
};

}  // namespace

Graph random_graph(ByteSource& source, const std::vector<std::string>& ops, const GraphLimits& limits) {
    return GraphGrower(source, ops, limits).grow();
}

std::vector<Tensor> random_inputs(ByteSource& source, const Graph& graph, bool has_odd_numbers) {
    std::vector<Tensor> inputs;
    const bool is_odd = has_odd_numbers && source.chance(3);
    for (const ValueId id : graph.inputs()) {
        Tensor tensor(graph.value(id).type);
        std::size_t i = 0;
        for (float& element : tensor.mutable_view().as<float>()) {
            // Bytes for the first elements; the others follow from their position, so that inputs can be short.
            const auto phase = static_cast<float>(i);
            element = i < 8 ? source.number() : std::sin(phase * 1.7F + phase * phase * 0.01F) * 1.5F;
            if (is_odd && i < 8 && source.chance(4)) element = source.odd_number();
            ++i;
        }
        inputs.push_back(tensor);
    }
    return inputs;
}

}  // namespace halftone::fuzz
