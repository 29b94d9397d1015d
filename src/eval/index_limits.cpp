#include "eval/index_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.hpp"
#include "data/convert.hpp"

namespace halftone {
namespace {

/// Whether the node's only result holds the elements of its first input, in another shape or integer type.
bool keeps_elements(const Node& node) {
    constexpr std::array<std::string_view, 7> kOps{"Cast",    "Identity", "Reshape",  "Unsqueeze",
                                                   "Squeeze", "Flatten",  "Transpose"};
    return std::find(kOps.begin(), kOps.end(), node.op) != kOps.end();
}

/// Whether the table belongs to the model: a constant, or the real values of constant codes. Another one is computed
/// from the sample itself, and so may its indices be.
bool is_constant_table(const Graph& graph, ValueId table) {
    if (graph.value(table).is_constant()) return true;
    const NodeId producer = graph.producer(table);
    return producer.is_valid() && graph.node(producer).op == "DequantizeLinear" &&
           graph.value(graph.node(producer).inputs.at(0)).is_constant();
}

/// Lowers the limit by every table whose rows this value numbers. A chain of reshapes may be as long as the model, so
/// that what is still to be looked at stands in a list and not on the program's stack.
void add_limits_of(const Graph& graph, ValueId indices, IndexLimit& limit) {
    std::vector<ValueId> open{indices};
    while (!open.empty()) {
        const ValueId value = open.back();
        open.pop_back();
        for (const Use& use : graph.uses(value)) {
            const Node& node = graph.node(use.node);
            if (keeps_elements(node) && use.input == 0) open.push_back(node.outputs.at(0));
            if (node.op != "Gather" || use.input != 1 || int_attribute(node, "axis", 0) != 0) continue;
            const ValueId table = node.inputs.at(0);
            const Shape& shape = graph.value(table).type.shape;
            if (!is_constant_table(graph, table) || shape.rank() == 0 || shape[0] < 1) continue;
            if (limit.rows == 0 || shape[0] < limit.rows) {
                limit.rows = shape[0];
                limit.node = node.name.empty() ? graph.value(node.outputs.at(0)).name : node.name;
            }
        }
    }
}

}  // namespace

std::vector<IndexLimit> index_limits(const Graph& graph) {
    std::vector<IndexLimit> limits;
    for (const ValueId input : graph.inputs()) {
        IndexLimit& limit = limits.emplace_back();
        limit.input = graph.value(input).name;
        add_limits_of(graph, input, limit);
    }
    return limits;
}

void check_indices(const Sample& sample, const InputFields& fields, const std::vector<IndexLimit>& limits,
                   const Pipeline& data) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const IndexLimit& limit = limits[i];
        if (limit.rows == 0) continue;
        const std::size_t field = fields.empty() ? i : fields[i];
        const Tensor ids = cast_values(std::get<Tensor>(sample.inputs.at(field)), DType::s64);
        for (const std::int64_t id : ids.as<std::int64_t>()) {
            if (id >= -limit.rows && id < limit.rows) continue;
            throw DataError(fmt::format(
                "{}: the input '{}' holds {}, but the table that the model's node '{}' reads has {} rows; were the "
                "samples made for another model (texts with its tokenizer)?",
                data.input_place(sample.id, field), limit.input, id, limit.node, limit.rows));
        }
    }
}

}  // namespace halftone
