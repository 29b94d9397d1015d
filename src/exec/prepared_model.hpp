#pragma once
// A model as every rank holds it: imported, simplified, its units found. All ranks make it from the same bytes.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "graph/input_sizes.hpp"
#include "graph/unit.hpp"

namespace halftone {

struct PreparedModel {
    Graph graph;
    std::vector<Unit> units;
    std::uint64_t hash = 0;  ///< of the file's bytes
};

/// Imports a model, binds its open dimensions, simplifies it and finds its units.
/// @param name  of the file, for messages
/// @param sizes  of the dimensions that the model leaves open, but for the batch
/// @throws ModelError, also where a size is missing; ConfigError when a size does not fit the model
[[nodiscard]] PreparedModel prepare_model(std::string_view onnx_bytes, const std::string& name,
                                          const InputSizes& sizes = {});

}  // namespace halftone
