#include "graph/unit.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace halftone {
namespace {

bool is_constant_or_absent(const Graph& graph, const Node& node, std::size_t i) {
    return !has_input(node, i) || graph.value(node.inputs[i]).is_constant();
}

/// Conv, Gemm, or MatMul by a matrix, over one data input, with constant fp32 weights and, if any, a constant bias.
bool is_main(const Graph& graph, const Node& node) {
    if (node.op != "Conv" && node.op != "Gemm" && node.op != "MatMul") return false;
    if (node.outputs.size() != 1) return false;
    if (node.op == "MatMul") {
        if (!has_input(node, 0) || !has_input(node, 1)) return false;
        const TensorType& weight = graph.value(node.inputs[1]).type;
        // A vector times a matrix has no rows to quantize one by one; kernels take stacks of rows only.
        const bool is_stack_of_rows = graph.value(node.inputs[0]).type.shape.rank() >= 2;
        if (weight.dtype != DType::f32 || weight.shape.rank() != 2 || !is_stack_of_rows) return false;
    }
    return has_input(node, 0) && has_input(node, 1) && !graph.value(node.inputs[0]).is_constant() &&
           graph.value(node.inputs[1]).is_constant() && is_constant_or_absent(graph, node, 2);
}

/// A Clip whose limits are computed cannot become a clamp of codes.
bool is_activation(const Graph& graph, const Node& node) {
    if (node.op == "Relu") return true;
    return node.op == "Clip" && is_constant_or_absent(graph, node, 1) && is_constant_or_absent(graph, node, 2);
}

/// Grows a unit from each main node along values that nobody else reads: bias Add, residual Add, activation, in this
/// order, because that is the order in which kernels apply them.
class UnitFinder {
public:
    explicit UnitFinder(const Graph& graph) : graph_(graph) {}

    [[nodiscard]] std::vector<Unit> find() const {
        std::vector<Unit> units;
        for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
            if (is_main(graph_, graph_.nodes()[n])) units.push_back(grow(make_id<NodeId>(n)));
        }
        return units;
    }

private:
    /// The node that alone reads the value, if the value can disappear inside a unit.
    [[nodiscard]] NodeId only_reader(ValueId id) const {
        // A value with a second reader must exist in memory, so no unit may swallow it.
        if (graph_.is_output(id) || graph_.uses(id).size() != 1) return {};
        return graph_.uses(id)[0].node;
    }

    /// Does the Add give a MatMul its bias: one constant row with a value for each column?
    [[nodiscard]] bool is_bias_add(const Node& add, ValueId product) const {
        if (add.op != "Add" || add.inputs.size() != 2) return false;
        const Value& row = graph_.value(add.inputs[0] == product ? add.inputs[1] : add.inputs[0]);
        const Shape& shape = graph_.value(product).type.shape;
        if (!row.is_constant() || row.constant.dtype() != DType::f32 || shape.rank() == 0) return false;
        const std::size_t rank = row.constant.shape().rank();
        const std::int64_t columns = shape[shape.rank() - 1];
        return rank >= 1 && rank <= shape.rank() && row.constant.elements() == columns &&
               row.constant.shape()[rank - 1] == columns;
    }

    /// May `add` join the unit that ends in `own`? Then its other operand, else an invalid id.
    [[nodiscard]] ValueId residual_of(const Node& add, ValueId own, NodeId own_producer) const {
        if (add.op != "Add" || add.inputs.size() != 2) return {};
        const ValueId other = add.inputs[0] == own ? add.inputs[1] : add.inputs[0];
        const Value& other_value = graph_.value(other);
        const Value& own_value = graph_.value(own);
        if (other == own || other_value.is_constant()) return {};
        if (!own_value.has_type || !other_value.has_type || own_value.type != other_value.type) return {};
        // The later producer takes the Add: when its unit runs, the other operand is there.
        if (graph_.producer(other) > own_producer) return {};
        return other;
    }

    [[nodiscard]] Unit grow(NodeId main) const {
        const Node& node = graph_.node(main);
        Unit unit;
        unit.op = node.op;
        // Rules of the config and reports need a name, and this one follows from the file alone.
        unit.name = node.name.empty() ? node.op + "_" + graph_.value(node.outputs[0]).name : node.name;
        unit.main = main;
        unit.nodes = {main};
        unit.input = node.inputs[0];
        unit.weight = node.inputs[1];
        if (has_input(node, 2)) unit.bias = node.inputs[2];
        unit.main_output = node.outputs[0];
        unit.output = unit.main_output;
        // Conv has its channels first. MatMul's weight is [K, N]; Gemm's too, unless it is transposed.
        if (node.op == "MatMul") unit.weight_channel_axis = 1;
        if (node.op == "Gemm") unit.weight_channel_axis = int_attribute(node, "transB", 0) != 0 ? 0 : 1;

        NodeId next = only_reader(unit.output);
        if (next.is_valid() && node.op == "MatMul" && is_bias_add(graph_.node(next), unit.output)) {
            unit.bias_add = next;
            unit.nodes.push_back(next);
            unit.output = graph_.node(next).outputs[0];
            next = only_reader(unit.output);
        }
        // A transformer's sums are real and stay so: what a MatMul adds to them is not rounded before.
        if (next.is_valid() && node.op != "MatMul") {
            unit.residual = residual_of(graph_.node(next), unit.output, main);
            if (unit.residual.is_valid()) {
                unit.residual_add = next;
                unit.nodes.push_back(next);
                unit.output = graph_.node(next).outputs[0];
                next = only_reader(unit.output);
            }
        }
        if (next.is_valid() && is_activation(graph_, graph_.node(next)) && graph_.node(next).inputs[0] == unit.output) {
            unit.activation = next;
            unit.nodes.push_back(next);
            unit.output = graph_.node(next).outputs[0];
        }
        return unit;
    }

    const Graph& graph_;
};

/// ONNX allows two nodes of one name; configs and reports need one name per unit. The first keeps it, the next ones
/// become name_1, name_2…, skipping names that other units have by themselves.
void make_names_unique(std::vector<Unit>& units) {
    std::set<std::string> own_names;
    for (const Unit& unit : units) own_names.insert(unit.name);
    // Names that nodes have by themselves are taken, also when their unit comes later.
    std::set<std::string> given;
    // Counting goes on where it stopped for the last unit of the name: names are only ever added, and a file may give
    // one name to all of its nodes.
    std::map<std::string, int> next_number;
    for (Unit& unit : units) {
        const std::string base = unit.name;
        int& n = next_number.try_emplace(base, 1).first->second;
        while (given.contains(unit.name) || (unit.name != base && own_names.contains(unit.name))) {
            unit.name = base + "_" + std::to_string(n++);
        }
        given.insert(unit.name);
    }
}

/// Returns why the unit cannot be written as a product of two matrices and the sum with a row.
std::string why_no_matrix_product(const Graph& graph, const Unit& unit, const std::string& what) {
    if (unit.op == "MatMul") return {};
    if (unit.op != "Gemm") return what + " is for MatMul and Gemm";
    const Node& main = graph.node(unit.main);
    if (int_attribute(main, "transA", 0) != 0) return what + ": the data input is transposed";
    if (float_attribute(main, "alpha", 1.0F) != 1.0F) return what + ": alpha is not 1";
    return {};
}

}  // namespace

std::vector<Unit> find_units(const Graph& graph) {
    std::vector<Unit> units = UnitFinder(graph).find();
    make_names_unique(units);
    return units;
}

std::string why_not_dynamic(const Graph& graph, const Unit& unit) {
    return why_no_matrix_product(graph, unit, "dynamic quantization");
}

std::string why_not_weight_only(const Graph& graph, const Unit& unit) {
    return why_no_matrix_product(graph, unit, "weight-only quantization");
}

bool is_code_transparent(const Node& node) {
    // The second output is the position of each maximum, which codes do not have.
    if (node.op == "MaxPool") return node.outputs.size() < 2 || !node.outputs[1].is_valid();
    return node.op == "Flatten" || node.op == "Reshape";
}

}  // namespace halftone
