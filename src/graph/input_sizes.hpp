#pragma once
// Sizes for the dimensions that a model leaves open. Shapes are inferred on concrete sizes: the inputs are bound first,
// then types follow. Only a first dimension may stay open; it is the batch, which a session binds.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// What a user, a config or a data set says about the sizes of a model's inputs.
struct InputSizes {
    /// By name of graph input, one number for each dimension. -1 says nothing about its dimension.
    std::map<std::string, std::vector<std::int64_t>> shapes = {};
    /// By name of a dimension that the model leaves open.
    std::map<std::string, std::int64_t> dims = {};

    /// What a sample of the data set holds for the model: rows of its inputs, or whole inputs with the batch. It
    /// answers for the dimensions behind the batch, where nothing else does. Empty: there is no data set.
    std::vector<Field> sample = {};
};

/// Reads the options --shape NAME=1,3,320,320 (a dimension may be '?', which means -1) and --dim NAME=320.
/// @throws ConfigError naming the option's text and what is allowed
[[nodiscard]] InputSizes parse_input_sizes(const std::vector<std::string>& shapes,
                                           const std::vector<std::string>& dims);

/// Returns the graph with sizes in the place of its inputs' open dimensions. A dimension without a size of its own gets
/// the size of another one that the model calls by the same name. A first dimension without a size stays open. What was
/// bound is written down in ModelInfo::bound_dims, so that an export can leave it open again. Types of other values are
/// not inferred.
/// @throws ModelError listing every open dimension without a size, and how to give one
/// @throws ConfigError listing every size that fits no input or contradicts the model or another size
[[nodiscard]] Graph bind_sizes(const Graph& graph, const InputSizes& sizes);

}  // namespace halftone
