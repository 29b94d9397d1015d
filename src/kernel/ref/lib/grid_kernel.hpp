#pragma once
// GridSample: weights and places of the samples around one point of one dimension.

#include <array>
#include <cstdint>

namespace halftone::ref {

enum class GridMode : std::uint8_t { nearest, linear, cubic };
enum class GridPadding : std::uint8_t { zeros, border, reflection };

/// Up to four neighbours along one dimension. A place of -1 lies in the padding of zeros.
struct GridTaps {
    std::size_t count = 0;
    std::array<std::int64_t, 4> places{};
    std::array<double, 4> weights{};
};

/// @param position  normalized: -1 and 1 are the ends    @param size  of the dimension, at least 1
[[nodiscard]] GridTaps grid_taps(double position, std::int64_t size, GridMode mode, GridPadding padding,
                                 bool align_corners);

}  // namespace halftone::ref
