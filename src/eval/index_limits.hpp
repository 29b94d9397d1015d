#pragma once
// Ids of words: which inputs of a model number the rows of a table, and whether a sample's numbers lie in it. A text
// that was tokenised for another model has ids that this one's table does not have.

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "eval/sample_feed.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// How many rows the table of an input has.
struct IndexLimit {
    std::int64_t rows = 0;  ///< 0: the input numbers no rows of a table
    std::string input{};    ///< the graph's name of the input
    std::string node{};     ///< the Gather that reads the table
};

/// Returns the limits by graph input. An input numbers rows where a Gather along axis 0 of a constant takes it as its
/// indices, directly or behind nodes that only change its shape or integer type. Of several tables the smallest counts.
[[nodiscard]] std::vector<IndexLimit> index_limits(const Graph& graph);

/// Checks a sample of `data` against the limits. Numbers from -rows to rows - 1 are right (ONNX counts negative ones
/// from the end).
/// @throws DataError "ids.npy: record 7: the input 'input_ids' holds 31000, but the table … has 30522 rows …"
void check_indices(const Sample& sample, const InputFields& fields, const std::vector<IndexLimit>& limits,
                   const Pipeline& data);

}  // namespace halftone
