// Graph: look-ups, and hash_of, the identity of a network. The hash covers what a file says and leaves out what is
// derived or incidental: inferred types, the order in which values were made, metadata, the operator set.
#include "graph/graph.hpp"

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "base/hash.hpp"

namespace halftone {
namespace {

/// Counts stand before their items. Without them the end of one list and the start of the next could change places.
void add_shape(Hasher& hasher, const TensorType& type) {
    hasher.add(type.dtype).add(static_cast<std::uint64_t>(type.shape.rank()));
    for (const std::int64_t dim : type.shape.dims()) hasher.add(dim);
}

/// Constants count with all their bytes: two models that differ in one weight are two models.
void add_tensor(Hasher& hasher, const Tensor& tensor) {
    add_shape(hasher, tensor.type());
    hasher.add_bytes({tensor.view().data, tensor.bytes()});
}

template <class Item>
void add_attribute_value(Hasher& hasher, const Item& item) {
    hasher.add(item);
}

void add_attribute_value(Hasher& hasher, const std::string& text) { hasher.add(std::string_view(text)); }

void add_attribute_value(Hasher& hasher, const Tensor& tensor) { add_tensor(hasher, tensor); }

template <class Item>
void add_attribute_value(Hasher& hasher, const std::vector<Item>& items) {
    hasher.add(static_cast<std::uint64_t>(items.size()));
    for (const Item& item : items) add_attribute_value(hasher, item);
}

/// Values are hashed by name: ids depend on the order in which a graph was built. Attributes are sorted by their map.
void add_node(Hasher& hasher, const Graph& graph, const Node& node) {
    hasher.add(std::string_view(node.name)).add(std::string_view(node.op));
    for (const auto* ids : {&node.inputs, &node.outputs}) {
        hasher.add(static_cast<std::uint64_t>(ids->size()));
        for (const ValueId id : *ids) {
            hasher.add(id.is_valid() ? std::string_view(graph.value(id).name) : std::string_view());
        }
    }
    hasher.add(static_cast<std::uint64_t>(node.attributes.size()));
    for (const auto& [name, attribute] : node.attributes) {
        hasher.add(std::string_view(name)).add(static_cast<std::uint64_t>(attribute.index()));
        std::visit([&](const auto& value) { add_attribute_value(hasher, value); }, attribute);
    }
    if (node.bodies == nullptr) return;  // models without control flow keep the hashes that they always had
    hasher.add(static_cast<std::uint64_t>(node.bodies->captured));
    for (const auto& [name, body] : node.bodies->graphs) hasher.add(std::string_view(name)).add(hash_of(*body));
}

}  // namespace

std::optional<ValueId> Graph::find_value(std::string_view name) const {
    const std::vector<ValueId>& by_name = data_->by_name;
    const auto found = std::lower_bound(by_name.begin(), by_name.end(), name,
                                        [this](ValueId id, std::string_view text) { return value(id).name < text; });
    if (found == by_name.end() || value(*found).name != name) return std::nullopt;
    return *found;
}

// No GraphBuilder: types change neither names nor order, so nothing must be sorted and checked again. Inference runs
// after every pass, and for a graph of 100,000 nodes building it again would be most of the time of an import.
Graph with_types(const Graph& graph, const std::vector<TensorType>& types) {
    HALFTONE_CHECK(types.size() == graph.values().size(), "one type for each value");
    const bool has_them =
        std::equal(types.begin(), types.end(), graph.values().begin(),
                   [](const TensorType& type, const Value& value) { return value.has_type && value.type == type; });
    if (has_them) return graph;
    const auto typed = std::make_shared<Graph::Data>(*graph.data_);
    for (std::size_t i = 0; i < types.size(); ++i) {
        typed->values[i].type = types[i];
        typed->values[i].has_type = true;
    }
    return Graph(typed);
}

std::uint64_t hash_of(const Graph& graph) {
    Hasher hasher;
    hasher.add(static_cast<std::uint64_t>(graph.inputs().size()));
    for (const ValueId id : graph.inputs()) {
        hasher.add(std::string_view(graph.value(id).name));
        add_shape(hasher, graph.value(id).type);
    }
    hasher.add(static_cast<std::uint64_t>(graph.outputs().size()));
    for (const ValueId id : graph.outputs()) hasher.add(std::string_view(graph.value(id).name));
    // By name, because ids only reflect the order in which values were made.
    std::map<std::string_view, const Tensor*> constants;
    for (const Value& value : graph.values()) {
        if (value.is_constant()) constants.emplace(value.name, &value.constant);
    }
    hasher.add(static_cast<std::uint64_t>(constants.size()));
    for (const auto& [name, tensor] : constants) {
        hasher.add(name);
        add_tensor(hasher, *tensor);
    }
    hasher.add(static_cast<std::uint64_t>(graph.nodes().size()));
    for (const Node& node : graph.nodes()) add_node(hasher, graph, node);
    if (graph.info().tail != nullptr) hasher.add(hash_of(*graph.info().tail));
    return hasher.digest();
}

}  // namespace halftone
