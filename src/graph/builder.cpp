// GraphBuilder: values and nodes are added, edited and removed by their ids; build() makes an immutable Graph of them.
//
//   add_value, add_constant, value_named   values, each with a name of its own
//   add_node, remove_node, replace_uses    nodes, and who reads what (replace_all_uses: many values at once)
//   build                                  checks and sorts (assembly.cpp)
//   compact_ids                            drops what no output needs
//   link                                   notes the producer and the readers of each value
#include "graph/builder.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"
#include "graph/assembly.hpp"

namespace halftone {
namespace {

/// Hands out new ids without gaps, in the old order, to the values that survive. Others get an invalid id.
std::vector<ValueId> compact_ids(const std::vector<bool>& used) {
    std::vector<ValueId> new_ids(used.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) new_ids[i] = make_id<ValueId>(next++);
    }
    return new_ids;
}

/// An invalid id is an input or output that is left out, and stays one.
void renumber(std::vector<ValueId>& ids, const std::vector<ValueId>& new_ids) {
    for (ValueId& id : ids) {
        if (id.is_valid()) id = new_ids[id.index()];
    }
}

/// Gives the nodes their new ids, and notes for each value who writes it and who reads it.
void link(std::vector<Node>& nodes, const std::vector<ValueId>& new_ids, std::vector<NodeId>& producers,
          std::vector<std::vector<Use>>& uses) {
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        renumber(nodes[n].inputs, new_ids);
        renumber(nodes[n].outputs, new_ids);
        for (std::size_t i = 0; i < nodes[n].inputs.size(); ++i) {
            const ValueId read = nodes[n].inputs[i];
            if (read.is_valid()) uses[read.index()].push_back({make_id<NodeId>(n), i});
        }
        for (const ValueId written : nodes[n].outputs) {
            if (written.is_valid()) producers[written.index()] = make_id<NodeId>(n);
        }
    }
}

}  // namespace

// Tensors are shared by the copy, but nodes and names are not, and a search for something to edit mostly finds nothing.
GraphBuilder& GraphBuilder::begin_edit() {
    if (!is_source_) return *this;
    is_source_ = false;
    nodes_ = source_.nodes();
    removed_.assign(nodes_.size(), false);
    values_ = source_.values();
    inputs_ = source_.inputs();
    outputs_ = source_.outputs();
    info_ = source_.info();
    // In the order of the names, so that each one goes to the end of the map.
    for (const ValueId id : source_.data_->by_name) by_name_.emplace_hint(by_name_.end(), source_.value(id).name, id);
    return *this;
}

// Names are the identity of values outside of one graph, so every value has one and no two share one.
ValueId GraphBuilder::add_value(std::string name) {
    begin_edit();
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
    begin_edit();
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? found->second : add_value(name);
}

// Numbers from 1 on, so that the same edits give the same names in every run. A name that is taken stays taken, so
// counting goes on where it stopped: a file with 100,000 equal names would else be counted through 100,000 times.
std::string GraphBuilder::fresh_value_name(const std::string& name) {
    begin_edit();
    if (!by_name_.contains(name)) return name;
    int& n = next_number_.try_emplace(name, 1).first->second;
    std::string candidate = name + "_" + std::to_string(n);
    while (by_name_.contains(candidate)) candidate = name + "_" + std::to_string(++n);
    return candidate;
}

std::string GraphBuilder::fresh_node_name(const std::string& name) {
    begin_edit();
    if (!node_names_) {
        node_names_.emplace();
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!removed_[i]) ++(*node_names_)[nodes_[i].name];
        }
    }
    std::string candidate = name;
    if (node_names_->contains(name)) {
        int& n = next_node_number_.try_emplace(name, 1).first->second;
        candidate = name + "_" + std::to_string(n);
        while (node_names_->contains(candidate)) candidate = name + "_" + std::to_string(++n);
    }
    // Counted at once: the caller may give it to a node through node(), of which the index would not hear.
    ++(*node_names_)[candidate];
    promised_names_.insert(candidate);
    return candidate;
}

// Nodes may come in any order: a pass adds them where it stands, and build() sorts.
NodeId GraphBuilder::add_node(Node node) {
    begin_edit();
    // A name that fresh_node_name gave is counted already.
    if (node_names_ && promised_names_.erase(node.name) == 0) ++(*node_names_)[node.name];
    nodes_.push_back(std::move(node));
    removed_.push_back(false);
    return make_id<NodeId>(nodes_.size() - 1);
}

// Only marked: ids are indices, and those of other nodes must not move while a pass holds them.
void GraphBuilder::remove_node(NodeId id) {
    begin_edit();
    if (node_names_ && !removed_[id.index()]) free_node_name(nodes_[id.index()].name);
    removed_[id.index()] = true;
}

/// The name of a removed node can be given again; where it is a numbered one, counting must not pass it by.
void GraphBuilder::free_node_name(const std::string& name) {
    const auto entry = node_names_->find(name);
    if (entry == node_names_->end() || --entry->second > 0) return;
    node_names_->erase(entry);
    const std::size_t mark = name.rfind('_');
    const auto number = mark == std::string::npos ? std::nullopt : parse_int(std::string_view(name).substr(mark + 1));
    const auto counter = number ? next_node_number_.find(name.substr(0, mark)) : next_node_number_.end();
    if (counter != next_node_number_.end())
        counter->second = static_cast<int>(std::clamp<std::int64_t>(*number, 1, counter->second));
}

// Also where the value is a graph output: then the graph gives the other value, under the other's name.
void GraphBuilder::replace_uses(ValueId from, ValueId to) {
    begin_edit();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!removed_[i]) std::replace(nodes_[i].inputs.begin(), nodes_[i].inputs.end(), from, to);
    }
    std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void GraphBuilder::replace_all_uses(const std::vector<ValueId>& replacements) {
    HALFTONE_CHECK(replacements.size() == value_count(), "one replacement for each value");
    bool is_any = false;
    for (std::size_t i = 0; i < replacements.size(); ++i) is_any = is_any || replacements[i] != make_id<ValueId>(i);
    if (!is_any) return;
    begin_edit();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!removed_[i]) renumber(nodes_[i].inputs, replacements);
    }
    renumber(outputs_, replacements);
}

// The graph's outputs are found by name from outside. A pass that replaces the node in front of one moves the name.
void GraphBuilder::swap_names(ValueId a, ValueId b) {
    begin_edit();
    std::swap(values_[a.index()].name, values_[b.index()].name);
    by_name_[values_[a.index()].name] = a;
    by_name_[values_[b.index()].name] = b;
}

Graph GraphBuilder::build() && {
    // A graph is sorted and holds nothing that no output needs, so building it again would give the same.
    if (is_source_) return source_;
    Assembly assembly(nodes_, removed_, values_, inputs_, outputs_);
    std::vector<ValueId> by_name = assembly.sorted_names();
    assembly.find_producers();
    assembly.check_reads();
    const std::vector<std::size_t> order = assembly.sorted_nodes();
    const std::vector<bool> needed = assembly.needed_nodes();

    // What no output needs is dropped, with the values that only it used. Graph inputs stay: callers give all of them.
    const auto graph = std::make_shared<Graph::Data>();
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
        graph->nodes.push_back(std::move(nodes_[i]));
    }
    const std::vector<ValueId> new_ids = compact_ids(used);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (used[i]) graph->values.push_back(std::move(values_[i]));
    }
    graph->producers.resize(graph->values.size());
    graph->uses.resize(graph->values.size());
    link(graph->nodes, new_ids, graph->producers, graph->uses);
    renumber(inputs_, new_ids);
    renumber(outputs_, new_ids);
    graph->is_output.resize(graph->values.size(), false);
    for (const ValueId id : outputs_) graph->is_output[id.index()] = true;
    std::erase_if(by_name, [&](ValueId id) { return !used[id.index()]; });
    renumber(by_name, new_ids);
    graph->by_name = std::move(by_name);
    graph->inputs = std::move(inputs_);
    graph->outputs = std::move(outputs_);
    graph->info = std::move(info_);
    return Graph(graph);
}

}  // namespace halftone
