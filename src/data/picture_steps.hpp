#pragma once
// What transforms do to a picture, in steps: cut out, resize, flip, pad. A step moves pixels, and the same step moves
// the boxes and the mask that belong to the picture.

#include <cstdint>
#include <span>
#include <variant>

#include "data/picture_size.hpp"

namespace halftone {

/// The part of the picture that stays. It lies inside.
struct CropStep {
    std::int64_t top = 0, left = 0, height = 0, width = 0;
};
struct ResizeStep {
    PictureSize size{};
    ResampleMethod method{};
};
/// Upside down, or else left and right exchanged.
struct FlipStep {
    bool is_vertical = false;
};
/// What new pixels are: a value; the border's pixel; the picture mirrored with its border left out (reflect) or
/// repeated.
enum class PadMode : std::uint8_t { constant, edge, reflect, symmetric };
/// Rows and columns to add on each side.
struct PadStep {
    std::int64_t top = 0, left = 0, bottom = 0, right = 0;
    float value = 0;
    PadMode mode = PadMode::constant;
};
/// Pixels as fp32: bytes are divided by a number, and pixels that are fp32 already are taken as they are. Nothing
/// moves.
struct FloatStep {
    float divisor = 255;
};
using PictureStep = std::variant<CropStep, ResizeStep, FlipStep, PadStep, FloatStep>;

/// Returns the size of a picture after the step.
[[nodiscard]] PictureSize size_after(PictureSize size, const PictureStep& step);

/// Returns the changed picture [height, width, channels], which shares the pixels if nothing changes.
/// @throws DataError when the picture would be too large, or is smaller than the mirrored part of a PadStep
[[nodiscard]] Tensor apply_step(const Tensor& picture, const PictureStep& step);

/// Returns the changed mask [height, width] of uint8: resized by nearest, with 255 ("no class") for padding by a value.
[[nodiscard]] Tensor apply_step_to_mask(const Tensor& mask, const PictureStep& step);

/// Moves boxes of four numbers each (y1, x1, y2, x2 in pixels) with the step. They are not cut off at the border.
/// @param size  of the picture before the step
void move_boxes(std::span<float> boxes, PictureSize size, const PictureStep& step);

}  // namespace halftone
