#pragma once
// Private to this room. Assembly: the nodes and values of a GraphBuilder while build() checks and sorts them.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/node.hpp"

namespace halftone {

/// Indices are those of the builder, whose lists it reads and does not change. Call the functions in the order below.
class Assembly {
public:
    Assembly(const std::vector<Node>& nodes, const std::vector<bool>& removed, const std::vector<Value>& values,
             const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs)
        : nodes_(nodes), removed_(removed), values_(values), inputs_(inputs), outputs_(outputs) {}

    /// Returns all values sorted by name. @throws ModelError when two values have one name
    [[nodiscard]] std::vector<ValueId> sorted_names() const;
    /// Finds what defines each value. @throws ModelError when a value is defined twice
    void find_producers();
    /// @throws ModelError when a node or a graph output reads a value that nothing defines
    void check_reads() const;
    /// Returns the nodes that were not removed, sorted: each node follows those whose outputs it reads. If several
    /// nodes may come next, the one that was added first comes first. @throws ModelError on a cycle
    [[nodiscard]] std::vector<std::size_t> sorted_nodes() const;
    /// Returns for each node whether a graph output depends on it.
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

}  // namespace halftone
