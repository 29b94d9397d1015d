#pragma once
// How a tensor splits into slices along an axis, and a walk over their blocks in memory order.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "tensor/shape.hpp"

namespace halftone {

/// `outer` blocks of `channels` slices of `inner` contiguous elements.
struct Slices {
    std::size_t outer = 1;
    std::size_t channels = 1;
    std::size_t inner = 1;
};

/// @pre the axis lies in the shape
[[nodiscard]] inline Slices slices_of(const Shape& shape, std::int64_t axis) {
    HALFTONE_CHECK(axis >= 0 && static_cast<std::size_t>(axis) < shape.rank(), "the axis lies in " + shape.to_text());
    Slices slices;
    for (std::size_t i = 0; i < shape.rank(); ++i) {
        const auto dim = static_cast<std::size_t>(shape[i]);
        const auto place = static_cast<std::int64_t>(i);
        (place < axis ? slices.outer : place == axis ? slices.channels : slices.inner) *= dim;
    }
    return slices;
}

/// body(channel, offset of the slice's block in elements) in memory order.
template <class Body>
void for_each_block(const Slices& slices, Body body) {
    for (std::size_t block = 0; block < slices.outer * slices.channels; ++block) {
        body(block % slices.channels, block * slices.inner);
    }
}

}  // namespace halftone
