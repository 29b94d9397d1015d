#pragma once
// The attribute `blocksize` of DepthToSpace and SpaceToDepth.

#include <cstdint>
#include <string>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// Returns the edge of a block in pixels, from 1 to 65535, so that its square fits into 32 bits.
/// @throws ModelError when the attribute is missing or outside these bounds
[[nodiscard]] inline std::int64_t block_size(const OpContext& op) {
    const std::int64_t block = int_attribute(op.node, "blocksize", 0);
    if (block < 1 || block > 65535) refuse(op, "blocksize " + std::to_string(block) + " is outside 1 to 65535");
    return block;
}

}  // namespace halftone::ref
