#pragma once
// Sizes and places of ScaledAttention, the operator of ours that is a whole block of attention: how rows of queries,
// keys and values lie in memory for each head. Its reference loops and its fast kernel share them.

#include <vector>

#include "graph/op_library.hpp"

namespace halftone::ref {

/// Steps in elements from one row to the next, and within a row.
struct RowSteps {
    std::int64_t row = 0;
    std::int64_t column = 0;
};

/// Where the operands of one head begin, in elements.
struct AttentionHead {
    std::int64_t q = 0, k = 0, v = 0, mask = 0, y = 0;
};

struct AttentionSizes {
    std::int64_t rows = 0;   ///< M: queries
    std::int64_t keys = 0;   ///< N
    std::int64_t inner = 0;  ///< D: of a query and of a key
    std::int64_t width = 0;  ///< E: of a value and of a result
    float scale = 1.0F;      ///< of the scores, before the mask is added
    bool has_mask = false;
    RowSteps q{}, k{}, v{}, mask{}, y{};  ///< a step of the mask is 0 where it is repeated
    std::vector<AttentionHead> heads{};   ///< empty while a dimension is symbolic
    Shape output{};                       ///< as it is stored
};

/// @throws ModelError where the operands do not fit together
[[nodiscard]] AttentionSizes attention_sizes(const OpContext& op);

}  // namespace halftone::ref
