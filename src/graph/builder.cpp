#include "graph/builder.hpp"

#include <algorithm>
#include <functional>
#include <queue>

#include "base/check.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

/// Nodes and values of a builder while build() checks and sorts them. Indices are the builder's.
class Assembly {
public:
    Assembly(const std::vector<Node>& nodes, const std::vector<bool>& removed, const std::vector<Value>& values,
             const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs)
        : nodes_(nodes), removed_(removed), values_(values), inputs_(inputs), outputs_(outputs) {}

    void check_names() const;
    void find_producers();
    void check_reads() const;
    /// Alive nodes in topological order. @throws ModelError on a cycle
    [[nodiscard]] std::vector<std::size_t> sorted_nodes() const;
    /// Per node: does some graph output depend on it?
    [[nodiscard]] std::vector<bool> needed_nodes() const;

private:
    static constexpr std::int64_t kNobody = -1;
    static constexpr std::int64_t kOutside = -2;  ///< graph input or constant

    [[nodiscard]] const std::string& name_of(ValueId id) const { return values_[id.index()].name; }
    [[nodiscard]] std::string who(std::int64_t producer, ValueId value) const;
    void set_producer(ValueId value, std::int64_t producer);

    const std::vector<Node>& nodes_;
    const std::vector<bool>& removed_;
    const std::vector<Value>& values_;
    const std::vector<ValueId>& inputs_;
    const std::vector<ValueId>& outputs_;
    std::vector<std::int64_t> producers_;
};

void Assembly::check_names() const {
    std::map<std::string_view, bool> seen;
    for (const Value& value : values_) {
        if (!seen.emplace(value.name, true).second) throw ModelError("two values are named '" + value.name + "'");
    }
}

std::string Assembly::who(std::int64_t producer, ValueId value) const {
    if (producer >= 0) return describe(nodes_[static_cast<std::size_t>(producer)]);
    return values_[value.index()].is_constant() ? "an initialiser" : "a graph input";
}

void Assembly::set_producer(ValueId value, std::int64_t producer) {
    std::int64_t& slot = producers_[value.index()];
    if (slot != kNobody) {
        throw ModelError("value '" + name_of(value) + "' is defined twice: by " + who(slot, value) + " and by " +
                         who(producer, value));
    }
    slot = producer;
}

void Assembly::find_producers() {
    producers_.assign(values_.size(), kNobody);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (values_[i].is_constant()) producers_[i] = kOutside;
    }
    for (const ValueId id : inputs_) set_producer(id, kOutside);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (removed_[i]) continue;
        for (const ValueId id : nodes_[i].outputs) {
            if (id.is_valid()) set_producer(id, static_cast<std::int64_t>(i));
        }
    }
}

void Assembly::check_reads() const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (removed_[i]) continue;
        for (const ValueId id : nodes_[i].inputs) {
            if (id.is_valid() && producers_[id.index()] == kNobody) {
                throw ModelError(describe(nodes_[i]) + " reads '" + name_of(id) + "', which nothing produces");
            }
        }
    }
    if (outputs_.empty()) throw ModelError("the graph has no outputs");
    std::map<ValueId, bool> seen;
    for (const ValueId id : outputs_) {
        if (producers_[id.index()] == kNobody) {
            throw ModelError("graph output '" + name_of(id) + "' is not produced by anything");
        }
        if (!seen.emplace(id, true).second) throw ModelError("graph output '" + name_of(id) + "' is listed twice");
    }
}

std::vector<std::size_t> Assembly::sorted_nodes() const {
    std::vector<std::vector<std::size_t>> readers(nodes_.size());
    std::vector<std::size_t> waiting_for(nodes_.size(), 0);
    // The smallest insertion index first, so that an order which is already topological stays as it is.
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    std::size_t alive = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (removed_[i]) continue;
        ++alive;
        for (const ValueId id : nodes_[i].inputs) {
            if (!id.is_valid() || producers_[id.index()] < 0) continue;
            readers[static_cast<std::size_t>(producers_[id.index()])].push_back(i);
            ++waiting_for[i];
        }
        if (waiting_for[i] == 0) ready.push(i);
    }
    std::vector<std::size_t> order;
    order.reserve(alive);
    while (!ready.empty()) {
        const std::size_t node = ready.top();
        ready.pop();
        order.push_back(node);
        for (const std::size_t reader : readers[node]) {
            if (--waiting_for[reader] == 0) ready.push(reader);
        }
    }
    if (order.size() != alive) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!removed_[i] && waiting_for[i] > 0) {
                throw ModelError(describe(nodes_[i]) + " is part of, or depends on, a cycle");
            }
        }
    }
    return order;
}

std::vector<bool> Assembly::needed_nodes() const {
    std::vector<bool> needed(nodes_.size(), false);
    std::vector<ValueId> pending = outputs_;
    while (!pending.empty()) {
        const ValueId id = pending.back();
        pending.pop_back();
        const std::int64_t producer = id.is_valid() ? producers_[id.index()] : kNobody;
        if (producer < 0 || needed[static_cast<std::size_t>(producer)]) continue;
        needed[static_cast<std::size_t>(producer)] = true;
        const Node& node = nodes_[static_cast<std::size_t>(producer)];
        pending.insert(pending.end(), node.inputs.begin(), node.inputs.end());
    }
    return needed;
}

/// Marks what survives and hands out new, dense ids in the old order.
std::vector<ValueId> compact_ids(const std::vector<bool>& used) {
    std::vector<ValueId> new_ids(used.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) new_ids[i] = make_id<ValueId>(next++);
    }
    return new_ids;
}

void renumber(std::vector<ValueId>& ids, const std::vector<ValueId>& new_ids) {
    for (ValueId& id : ids) {
        if (id.is_valid()) id = new_ids[id.index()];
    }
}

}  // namespace

GraphBuilder::GraphBuilder(const Graph& graph)
    : nodes_(graph.nodes()),
      removed_(graph.nodes().size(), false),
      values_(graph.values()),
      inputs_(graph.inputs()),
      outputs_(graph.outputs()),
      info_(graph.info()) {
    for (std::size_t i = 0; i < values_.size(); ++i) by_name_.emplace(values_[i].name, make_id<ValueId>(i));
}

ValueId GraphBuilder::add_value(std::string name) {
    if (name.empty()) name = fresh_value_name("value");
    const auto id = make_id<ValueId>(values_.size());
    const bool is_new = by_name_.emplace(name, id).second;
    HALFTONE_CHECK(is_new, "add_value needs a new name, '" + name + "' is taken");
    values_.push_back(Value{.name = std::move(name), .type = {}, .has_type = false, .constant = {}});
    return id;
}

ValueId GraphBuilder::add_value(std::string name, TensorType type) {
    const ValueId id = add_value(std::move(name));
    value(id).type = std::move(type);
    value(id).has_type = true;
    return id;
}

ValueId GraphBuilder::add_constant(std::string name, Tensor tensor) {
    const ValueId id = add_value(std::move(name), tensor.type());
    value(id).constant = std::move(tensor);
    return id;
}

ValueId GraphBuilder::value_named(const std::string& name) {
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? found->second : add_value(name);
}

std::string GraphBuilder::fresh_value_name(const std::string& name) const {
    std::string candidate = name;
    for (int n = 1; by_name_.contains(candidate); ++n) candidate = name + "_" + std::to_string(n);
    return candidate;
}

std::string GraphBuilder::fresh_node_name(const std::string& name) const {
    const auto is_taken = [this](const std::string& candidate) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!removed_[i] && nodes_[i].name == candidate) return true;
        }
        return false;
    };
    std::string candidate = name;
    for (int n = 1; is_taken(candidate); ++n) candidate = name + "_" + std::to_string(n);
    return candidate;
}

NodeId GraphBuilder::add_node(Node node) {
    nodes_.push_back(std::move(node));
    removed_.push_back(false);
    return make_id<NodeId>(nodes_.size() - 1);
}

void GraphBuilder::remove_node(NodeId id) { removed_[id.index()] = true; }

void GraphBuilder::replace_uses(ValueId from, ValueId to) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!removed_[i]) std::replace(nodes_[i].inputs.begin(), nodes_[i].inputs.end(), from, to);
    }
    std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void GraphBuilder::swap_names(ValueId a, ValueId b) {
    std::swap(values_[a.index()].name, values_[b.index()].name);
    by_name_[values_[a.index()].name] = a;
    by_name_[values_[b.index()].name] = b;
}

Graph GraphBuilder::build() && {
    Assembly assembly(nodes_, removed_, values_, inputs_, outputs_);
    assembly.check_names();
    assembly.find_producers();
    assembly.check_reads();
    const std::vector<std::size_t> order = assembly.sorted_nodes();
    const std::vector<bool> needed = assembly.needed_nodes();

    Graph graph;
    std::vector<bool> used(values_.size(), false);
    const auto mark = [&used](const std::vector<ValueId>& ids) {
        for (const ValueId id : ids) {
            if (id.is_valid()) used[id.index()] = true;
        }
    };
    mark(inputs_);
    mark(outputs_);
    for (const std::size_t i : order) {
        if (!needed[i]) continue;
        mark(nodes_[i].inputs);
        mark(nodes_[i].outputs);
        graph.nodes_.push_back(std::move(nodes_[i]));
    }
    const std::vector<ValueId> new_ids = compact_ids(used);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (used[i]) graph.values_.push_back(std::move(values_[i]));
    }
    graph.producers_.resize(graph.values_.size());
    graph.uses_.resize(graph.values_.size());
    for (std::size_t n = 0; n < graph.nodes_.size(); ++n) {
        Node& node = graph.nodes_[n];
        renumber(node.inputs, new_ids);
        renumber(node.outputs, new_ids);
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            if (node.inputs[i].is_valid()) graph.uses_[node.inputs[i].index()].push_back({make_id<NodeId>(n), i});
        }
        for (const ValueId id : node.outputs) {
            if (id.is_valid()) graph.producers_[id.index()] = make_id<NodeId>(n);
        }
    }
    renumber(inputs_, new_ids);
    renumber(outputs_, new_ids);
    graph.inputs_ = std::move(inputs_);
    graph.outputs_ = std::move(outputs_);
    graph.info_ = std::move(info_);
    return graph;
}

}  // namespace halftone
