#pragma once
// What runs fused behind a kernel of this folder, over a run of fp32 elements: an activation, then a clamp.

#include "graph/node.hpp"
#include "kernel/ops/request.hpp"

namespace halftone::native {

struct RowEpilogue;
using RowFunction = void (*)(const RowEpilogue&, float*, std::int64_t);

/// An activation and a clamp that are applied in place. NaN passes through all of them.
struct RowEpilogue {
    RowFunction activation = nullptr;  ///< null: none
    float alpha = 0.0F;                ///< slope of LeakyRelu, factor of Swish
    RowFunction clamping = nullptr;    ///< null: none
    Clamp clamp{};

    void apply(float* y, std::int64_t count) const {
        if (activation != nullptr) activation(*this, y, count);
        if (clamping != nullptr) clamping(*this, y, count);
    }
};

/// Returns whether the activation is one of HardSwish, LeakyRelu, Sigmoid, Swish and Tanh; true for null.
[[nodiscard]] bool has_row_function(const Node* activation);
/// @pre has_row_function(epilogue.activation)
[[nodiscard]] RowEpilogue row_epilogue(const Epilogue& epilogue);

}  // namespace halftone::native
