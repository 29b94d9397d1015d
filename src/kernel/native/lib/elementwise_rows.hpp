#pragma once
// The inner loops of ElementwiseOp, compiled for each instruction set and found once for each step.

#include "kernel/native/lib/elementwise.hpp"
#include "kernel/native/lib/strided_walk.hpp"

namespace halftone::native {

/// A tile of rows x columns elements. `y` is dense within a row; its rows are `columns` elements apart.
struct BroadcastTile {
    std::array<const std::byte*, kMostOperands> operands{};
    Steps row_steps{};     ///< of each operand, in elements
    Steps column_steps{};  ///< likewise
    std::byte* y = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    Clamp clamp{};
};
using BroadcastLoop = void (*)(const BroadcastTile&);

/// Returns the loop for operands of this element type; null where there is none. The last operand decides the type,
/// because the first of Where is bool. `is_clamped`: the loop applies BroadcastTile::clamp, only for fp32 arithmetic.
[[nodiscard]] BroadcastLoop find_broadcast_loop(Function function, DType dtype, bool is_clamped);

}  // namespace halftone::native
