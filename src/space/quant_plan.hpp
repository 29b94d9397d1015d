#pragma once
// Which tensors a choice of unit configurations quantizes, and whose configuration decides each tensor.
//
// Rules. (1) An int8 unit reads its data input and its residual quantized; with a residual, its main output is
// quantized too. No other value is: a unit's output has Q/DQ only if an int8 unit reads it. (2) Where the value read is
// the result of a chain of code-transparent nodes (MaxPool, Flatten, Reshape) that starts at an int8 unit's output,
// that output is the quantized tensor and the chain carries its codes. (3) A tensor's parameters come from the int8
// unit that produces it, else from the int8 unit with the lowest index that reads it. Order of rules or of ranks plays
// no part.

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"

namespace halftone {

/// A graph's connections as rules 1 to 3 need them, so that plans need no graph walk.
class PlanTopology {
public:
    PlanTopology() = default;  ///< no tensors: for toy spaces
    PlanTopology(const Graph& graph, const std::vector<Unit>& units);

    /// @pre one configuration per unit
    [[nodiscard]] std::vector<TensorPlan> tensors(const std::vector<UnitConfig>& units) const;
    /// Every value that some plan could quantize: what calibration must observe. By value id; the configurations in it
    /// mean nothing.
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
    std::vector<Read> reads_;
    std::vector<Inner> inners_;
    std::map<ValueId, std::string> names_;
};

}  // namespace halftone
