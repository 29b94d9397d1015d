// The checks of a whole graph, after which no later code needs to ask: every value has a name of its own (sorted_names)
// and one definition (find_producers), everything that is read is defined (check_reads), and there is no cycle
// (sorted_nodes). needed_nodes finds what the outputs depend on.
#include "graph/assembly.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>

#include "base/error.hpp"

namespace halftone {

// swap_names and edits through value() can give two values one name, so the names are checked once more at the end.
std::vector<ValueId> Assembly::sorted_names() const {
    // The first eight bytes of a name as a number decide most comparisons, without a look at the text elsewhere in
    // memory. Bytes that a short name does not have are zeros, as in the order of texts.
    struct Key {
        std::uint64_t start = 0;
        ValueId id;
    };
    std::vector<Key> keys;
    keys.reserve(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const std::string& name = values_[i].name;
        std::uint64_t start = 0;
        for (std::size_t c = 0; c < sizeof(start); ++c)
            start = start << 8U | (c < name.size() ? static_cast<std::uint8_t>(name[c]) : 0U);
        keys.push_back({start, make_id<ValueId>(i)});
    }
    std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
        return a.start != b.start ? a.start < b.start : name_of(a.id) < name_of(b.id);
    });
    std::vector<ValueId> ids;
    ids.reserve(keys.size());
    for (const Key& key : keys) {
        if (!ids.empty() && name_of(ids.back()) == name_of(key.id)) {
            throw ModelError("two values are named '" + name_of(key.id) + "'");
        }
        ids.push_back(key.id);
    }
    return ids;
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

// A value has one definition (static single assignment, as ONNX demands): a constant, a graph input or one node.
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
    // Outputs are found by name from outside. One that is listed twice would make two results of one name.
    std::map<ValueId, bool> seen;
    for (const ValueId id : outputs_) {
        if (producers_[id.index()] == kNobody) {
            throw ModelError("graph output '" + name_of(id) + "' is not produced by anything");
        }
        if (!seen.emplace(id, true).second) throw ModelError("graph output '" + name_of(id) + "' is listed twice");
    }
}

// Kahn's algorithm: a node is ready when all nodes whose outputs it reads stand in the order. Nodes of a cycle never
// get ready, so fewer nodes in the order than alive ones mean a cycle. Source: Kahn, "Topological sorting of large
// networks", Communications of the ACM 5, 1962.
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

// A walk from the graph's outputs to what they are made of. It keeps its own stack, because a hostile file may have a
// chain of nodes that is longer than the program's stack is deep.
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

}  // namespace halftone
