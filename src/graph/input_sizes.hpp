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

/// The sizes of a model's inputs that a user, a config or a data set gives.
struct InputSizes {
    /// By name of graph input, one number for each dimension. -1 leaves the dimension as it is.
    std::map<std::string, std::vector<std::int64_t>> shapes = {};
    /// By name of a dimension that the model leaves open.
    std::map<std::string, std::int64_t> dims = {};

    /// The fields of a data set's sample: rows of the inputs, or whole inputs with the batch. They give the dimensions
    /// after the batch that nothing else gives. Empty: there is no data set.
    std::vector<Field> sample = {};
};

/// Reads the options --shape NAME=1,3,320,320 (a dimension may be '?', which means -1) and --dim NAME=320.
/// @throws ConfigError naming the option's text and what is allowed
[[nodiscard]] InputSizes parse_input_sizes(const std::vector<std::string>& shapes,
                                           const std::vector<std::string>& dims);

/// Returns the graph with sizes instead of its inputs' open dimensions. A dimension without a size gets the size of
/// another dimension that has the same name in the model. A first dimension without a size stays open.
/// ModelInfo::bound_dims lists the bound dimensions, so that an export can leave them open again. Types of other values
/// are not inferred.
/// @throws ModelError listing every open dimension without a size, and how to give one
/// @throws ConfigError listing every size that fits no input or contradicts the model or another size
[[nodiscard]] Graph bind_sizes(const Graph& graph, const InputSizes& sizes);

}  // namespace halftone
