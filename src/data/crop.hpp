#pragma once
// Parts that transforms cut out of pictures, and sizes that keep the ratio of the sides.

#include "base/rng.hpp"
#include "data/picture_steps.hpp"

namespace halftone {

/// Checks that a part of this size lies in the picture. An open size may be large enough or not: each picture tells.
/// @throws DataError naming the part; PictureTransform adds its own name and the picture's shape
void require_room(PictureSize picture, PictureSize part);

/// Returns the part in the middle. Where the rest cannot be halved, the smaller half is above and to the left.
/// @pre the part fits
[[nodiscard]] CropStep middle_of(PictureSize picture, PictureSize part);

/// Returns a part at a random position, each with the same probability. @pre the part fits
[[nodiscard]] CropStep random_part_of(PictureSize picture, PictureSize part, Rng& random);

/// Returns the part in the middle that has this share of each side, as tf.image.central_crop chooses it: what is left
/// out above and below is rounded down, and equal. kSymbolic sides stay. @pre 0 < fraction <= 1
[[nodiscard]] PictureSize central_size(PictureSize picture, double fraction);

}  // namespace halftone
