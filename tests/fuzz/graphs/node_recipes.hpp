#pragma once
// How the generator of graphs makes a node of each operator: attributes and constant inputs that have a chance to fit.

#include <functional>
#include <string>
#include <vector>

#include "fuzz/graphs/byte_source.hpp"
#include "graph/node.hpp"

namespace halftone::fuzz {

/// What a recipe may use: the bytes, the types of values that exist, and a way to add constants.
struct RecipeContext {
    ByteSource& source;
    std::function<ValueId()> any_value;    ///< a value that exists, of any type
    std::function<ValueId(DType)> any_of;  ///< one of this element type, if there is one
    std::function<const TensorType&(ValueId)> type_of;
    std::function<ValueId(Tensor)> constant;  ///< adds one

    /// A constant of the shape, filled from the bytes.
    ValueId floats(const Shape& shape, float offset = 0.0F);
    ValueId int64s(const std::vector<std::int64_t>& values);
};

struct Recipe {
    std::vector<ValueId> inputs;
    Attributes attributes;
    std::size_t outputs = 1;
};

/// Returns a node's inputs and attributes. They need not fit: the caller asks the operator's shape rule.
[[nodiscard]] Recipe make_recipe(const std::string& op, RecipeContext& context);

}  // namespace halftone::fuzz
