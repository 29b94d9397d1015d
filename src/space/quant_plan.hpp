#pragma once
// Which tensors a choice of unit configurations quantizes, and whose configuration decides each tensor.
//
// Rules. (1) An int8 unit reads its data input and its residual quantized; with a residual, its main output is
// quantized too. An int8 Conv's output is quantized whoever reads it, because other runtimes have no int8 convolution
// that writes reals; a graph output, or another unit's output, only if an int8 unit reads it. (2) If an int8 unit reads
// the end of a chain of code-transparent nodes (MaxPool, Flatten, Reshape) that starts at an int8 unit's output, that
// output is the quantized tensor and the chain carries its codes. (3) A tensor's parameters come from the int8 unit
// that produces it, else from the int8 unit with the lowest index that reads it. (4) Scale propagation: a Concat that
// an int8 unit reads and whose inputs all come from int8 Convs moves codes: it and its inputs share one range, the
// union of theirs, and the configuration of the first of those units. Order of rules or of ranks plays no part.

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// The connections of a graph that the rules need, so that a plan can be made without the graph.
class PlanTopology {
public:
    PlanTopology() = default;  ///< has no tensors; for the toy spaces of tests
    /// @param joins_concats  whether rule 4 applies
    PlanTopology(const Graph& graph, const std::vector<Unit>& units, bool joins_concats = true);

    /// Returns the values that are quantized, by value id, each with the configuration that decides its parameters.
    /// @pre one configuration per unit
    [[nodiscard]] std::vector<TensorPlan> tensors(const std::vector<UnitConfig>& units) const;
    /// Returns groups of values, by name, that share one range (rule 4).
    [[nodiscard]] std::vector<std::vector<std::string>> shared(const std::vector<UnitConfig>& units) const;
    /// Returns every value that some plan could quantize, by value id: what calibration must observe. The
    /// configurations in the result mean nothing.
    [[nodiscard]] std::vector<TensorPlan> observable() const;
    [[nodiscard]] bool is_empty() const { return reads_.empty(); }

private:
    struct Read {
        std::size_t unit = 0;
        ValueId value;      ///< as read
        ValueId chain_top;  ///< start of its chain of transparent nodes; == value without a chain
        std::size_t top_unit = 0;
        bool has_top_unit = false;  ///< chain_top is the output of top_unit
    };
    struct Inner {
        std::size_t unit = 0;
        ValueId value;  ///< main output before the residual add
    };
    /// A Concat of convolutions' outputs.
    struct Join {
        ValueId output;
        std::vector<std::size_t> producers;  ///< units, one for each input
        std::vector<std::size_t> readers;    ///< units that read the output, also behind a chain
        std::vector<ValueId> values;  ///< the values that share one range: the output, and those of the producers
    };
    [[nodiscard]] static bool is_active(const Join& join, const std::vector<UnitConfig>& units);
    /// Returns the groups of shared() by value id.
    [[nodiscard]] std::vector<std::vector<ValueId>> groups(const std::vector<UnitConfig>& units) const;
    /// @param tops  by value: the start of the chain of code-transparent nodes that ends in it
    void add_joins(const Graph& graph, const std::vector<ValueId>& tops,
                   const std::map<ValueId, std::size_t>& unit_of_output, const std::vector<Unit>& units);

    std::vector<Read> reads_;
    std::map<ValueId, std::size_t> outputs_;  ///< outputs of Convs that are quantized with them, with the unit
    std::vector<Join> joins_;
    std::vector<Inner> inners_;
    std::map<ValueId, std::string> names_;
};

}  // namespace halftone
