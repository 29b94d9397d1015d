#pragma once
// Private to the readers of model files (this folder, and the room import): types and values that can be inferred while
// the file is still being read. A few nodes depend on them: which branch of an If is taken, over which axes an old
// Softmax normalizes, what MXNet's reshape codes mean.

#include <map>
#include <optional>
#include <string>

#include "graph/builder.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Infers the types and the small known tensors of what a builder holds so far. Each time costs a walk over all nodes
/// that were read, so it is done only when asked, and only a limited number of times for one file.
class PartialInference {
public:
    explicit PartialInference(const OpLibrary& ops) : ops_(ops) {}

    /// Returns the shape, or nothing if it cannot be inferred.
    [[nodiscard]] std::optional<Shape> shape_of(const GraphBuilder& builder, ValueId id);
    /// Returns the value, or nothing if it is not the same for every batch.
    [[nodiscard]] std::optional<Tensor> value_of(const GraphBuilder& builder, ValueId id);

private:
    void infer(const GraphBuilder& builder, ValueId id);

    const OpLibrary& ops_;
    std::map<std::string, Shape> shapes_;   ///< found so far, by name
    std::map<std::string, Tensor> values_;  ///< the same of known tensors that no node before them made constant
    std::size_t walked_nodes_ = 0;
};

}  // namespace halftone
