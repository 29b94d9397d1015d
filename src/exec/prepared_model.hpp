#pragma once
// A model as every rank holds it: imported, simplified, its units found. All ranks make it from the same bytes.

#include <cstdint>
#include <string>
#include <vector>

#include "base/shared_bytes.hpp"
#include "graph/given.hpp"
#include "graph/graph.hpp"
#include "graph/input_sizes.hpp"
#include "graph/unit.hpp"

namespace halftone {

struct PreparedModel {
    Graph graph;
    std::vector<Unit> units;
    std::uint64_t hash = 0;  ///< of the file's bytes
    bool is_lifted = false;  ///< the file is quantized, and `graph` is what it stands for in real values
    GivenNumbers given{};    ///< what the file says of values and units; empty unless is_lifted
};

/// Imports a model, binds its open dimensions, simplifies it and finds its units.
/// @param name  of the file, for messages
/// @param sizes  of the dimensions that the model leaves open, but for the batch
/// @throws ModelError, also where a size is missing; ConfigError when a size does not fit the model; IoError when a
///         mapped file of its weights was changed meanwhile
[[nodiscard]] PreparedModel prepare_model(const SharedBytes& onnx_bytes, const std::string& name,
                                          const InputSizes& sizes = {});

/// The same for tuning: a model that is quantized already is read as a float model with given encodings
/// (exec/lift_quantized.hpp), so that it has units. Any other model is as prepare_model() makes it.
[[nodiscard]] PreparedModel prepare_for_tuning(const SharedBytes& onnx_bytes, const std::string& name,
                                               const InputSizes& sizes = {});

}  // namespace halftone
