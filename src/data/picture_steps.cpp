// Steps on pictures, on masks and on boxes.
//
//   size_after          the size of the result
//   apply_step          pixels; crops, flips and pads only choose which pixel goes where (pick positions)
//   apply_step_to_mask  the same for a mask, which must never be interpolated: class 3 is not between 2 and 4
//   move_boxes          corners
#include "data/picture_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/error.hpp"
#include "data/convert.hpp"

namespace halftone {
namespace {

/// One place for std::visit, so that a further kind of step is an error of the compiler in each of the functions below.
/// Calls `body` with the step in its own type.
template <class Body>
auto visit_step(const PictureStep& step, Body body) {
    return std::visit(body, step);
}

/// The position of a pixel of a padded axis in the picture; -1 for a pixel that has a value of its own.
std::int64_t padded_position(std::int64_t i, std::int64_t before, std::int64_t size, PadMode mode) {
    const std::int64_t at = i - before;
    if (at >= 0 && at < size) return at;
    switch (mode) {
        case PadMode::edge:
            return std::clamp<std::int64_t>(at, 0, size - 1);
        case PadMode::reflect:
            return at < 0 ? -at : 2 * (size - 1) - at;
        case PadMode::symmetric:
            return at < 0 ? -at - 1 : 2 * size - 1 - at;
        default:
            return -1;
    }
}

/// Flips and pads are the same to this function: lists of the rows and columns that the result is made of.
/// Copies one pixel for each pair of positions; -1 takes `filling`, the bytes of a pixel.
Tensor pick_or_fill(const Tensor& picture, const std::vector<std::int64_t>& rows,
                    const std::vector<std::int64_t>& columns, const std::vector<std::byte>& filling) {
    const Shape& shape = picture.shape();
    Tensor result({picture.dtype(),
                   Shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size()), shape[2]}});
    const std::size_t pixel = filling.size();
    std::byte* to = result.mutable_view().data;
    for (const std::int64_t y : rows) {
        for (const std::int64_t x : columns) {
            const bool is_inside = y >= 0 && x >= 0;
            const std::byte* from =
                is_inside ? picture.view().data + static_cast<std::size_t>(y * shape[1] + x) * pixel : filling.data();
            std::memcpy(to, from, pixel);
            to += pixel;
        }
    }
    return result;
}

/// A pixel whose channels all have one value.
std::vector<std::byte> pixel_of(float value, const TensorType& type) {
    const auto channels = static_cast<std::size_t>(type.shape[2]);
    std::vector<std::byte> pixel(channels * size_of(type.dtype));
    for (std::size_t c = 0; c < channels; ++c) {
        if (type.dtype == DType::u8) {
            pixel[c] = static_cast<std::byte>(static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F)));
        } else {
            std::memcpy(pixel.data() + c * sizeof value, &value, sizeof value);
        }
    }
    return pixel;
}

/// Row by row, as a row of the part lies behind one another in the picture.
Tensor crop_picture(const Tensor& picture, const CropStep& step) {
    const Shape& shape = picture.shape();
    if (step.height == shape[0] && step.width == shape[1]) return picture;
    Tensor result({picture.dtype(), Shape{step.height, step.width, shape[2]}});
    const std::size_t pixel = static_cast<std::size_t>(shape[2]) * size_of(picture.dtype());
    const std::size_t row_bytes = static_cast<std::size_t>(step.width) * pixel;
    std::byte* to = result.mutable_view().data;
    for (std::int64_t y = 0; y < step.height; ++y, to += row_bytes) {
        const auto first = static_cast<std::size_t>((step.top + y) * shape[1] + step.left);
        std::copy_n(picture.view().data + first * pixel, row_bytes, to);
    }
    return result;
}

/// Only one of the two lists is reversed.
Tensor flip_picture(const Tensor& picture, const FlipStep& step) {
    const auto positions = [](std::int64_t size, bool is_reversed) {
        std::vector<std::int64_t> at;
        for (std::int64_t i = 0; i < size; ++i) at.push_back(is_reversed ? size - 1 - i : i);
        return at;
    };
    return pick_or_fill(picture, positions(picture.shape()[0], step.is_vertical),
                        positions(picture.shape()[1], !step.is_vertical), pixel_of(0, picture.type()));
}

Tensor pad_picture(const Tensor& picture, const PadStep& step) {
    const Shape& shape = picture.shape();
    const auto positions = [&](std::int64_t before, std::int64_t size, std::int64_t after) {
        // A mirrored part is no longer than the picture, as in NumPy's and torchvision's.
        const std::int64_t most = step.mode == PadMode::reflect ? size - 1 : size;
        if (step.mode != PadMode::constant && step.mode != PadMode::edge && std::max(before, after) > most) {
            throw DataError(fmt::format("{} pixels cannot be mirrored in the picture", std::max(before, after)));
        }
        std::vector<std::int64_t> at;
        for (std::int64_t i = 0; i < before + size + after; ++i)
            at.push_back(padded_position(i, before, size, step.mode));
        return at;
    };
    const PictureSize size = size_after(size_of_picture(picture.type()), step);
    if (size.height > kMostPixels / size.width) {
        throw DataError(fmt::format("{} x {} pixels are too many for the padded picture", size.height, size.width));
    }
    return pick_or_fill(picture, positions(step.top, shape[0], step.bottom), positions(step.left, shape[1], step.right),
                        pixel_of(step.value, picture.type()));
}

/// A division and no product with 1 / 255, for the bits that NumPy gives.
Tensor divide_pixels(const Tensor& picture, float divisor) {
    if (picture.dtype() == DType::f32) return picture;
    Tensor floats({DType::f32, picture.shape()});
    const auto values = floats.mutable_view().as<float>();
    write_floats(picture.view(), values);
    for (float& value : values) value /= divisor;
    return floats;
}

/// Two coordinates of a box along one axis, the lower one first.
struct BoxSide {
    float& low;
    float& high;
};

/// The higher corner becomes the lower one: a box stays one with low < high.
void flip_side(BoxSide side, std::int64_t size) {
    const float low = static_cast<float>(size) - side.high;
    side.high = static_cast<float>(size) - side.low;
    side.low = low;
}

void shift_side(BoxSide side, std::int64_t offset) {
    side.low += static_cast<float>(offset);
    side.high += static_cast<float>(offset);
}

/// In double: COCO's coordinates have two decimals, and stay as exact as fp32 holds them.
void scale_side(BoxSide side, std::int64_t from, std::int64_t to) {
    const double factor = static_cast<double>(to) / static_cast<double>(from);
    side.low = static_cast<float>(static_cast<double>(side.low) * factor);
    side.high = static_cast<float>(static_cast<double>(side.high) * factor);
}

/// Mirrored padding repeats objects, but a box stays with the original one: detectors are told of real objects only.
void move_box(BoxSide y, BoxSide x, PictureSize size, const PictureStep& step) {
    visit_step(step, [&](const auto& known) {
        using Step = std::decay_t<decltype(known)>;
        if constexpr (std::is_same_v<Step, CropStep>) {
            shift_side(y, -known.top);
            shift_side(x, -known.left);
        } else if constexpr (std::is_same_v<Step, PadStep>) {
            shift_side(y, known.top);
            shift_side(x, known.left);
        } else if constexpr (std::is_same_v<Step, ResizeStep>) {
            scale_side(y, size.height, known.size.height);
            scale_side(x, size.width, known.size.width);
        } else if constexpr (std::is_same_v<Step, FlipStep>) {
            known.is_vertical ? flip_side(y, size.height) : flip_side(x, size.width);
        }
    });
}

}  // namespace

PictureSize size_after(PictureSize size, const PictureStep& step) {
    return visit_step(step, [&](const auto& known) -> PictureSize {
        using Step = std::decay_t<decltype(known)>;
        if constexpr (std::is_same_v<Step, CropStep>) return {known.height, known.width};
        if constexpr (std::is_same_v<Step, ResizeStep>) return known.size;
        if constexpr (std::is_same_v<Step, PadStep>) {
            return {known.top + size.height + known.bottom, known.left + size.width + known.right};
        }
        return size;
    });
}

Tensor apply_step(const Tensor& picture, const PictureStep& step) {
    return visit_step(step, [&](const auto& known) {
        using Step = std::decay_t<decltype(known)>;
        if constexpr (std::is_same_v<Step, CropStep>) {
            return crop_picture(picture, known);
        } else if constexpr (std::is_same_v<Step, ResizeStep>) {
            return resample(picture, known.size.height, known.size.width, known.method);
        } else if constexpr (std::is_same_v<Step, FlipStep>) {
            return flip_picture(picture, known);
        } else if constexpr (std::is_same_v<Step, PadStep>) {
            return pad_picture(picture, known);
        } else {
            return divide_pixels(picture, known.divisor);
        }
    });
}

Tensor apply_step_to_mask(const Tensor& mask, const PictureStep& step) {
    // The sizes are those of the picture, so the same code runs on a picture of one channel.
    constexpr float kNoClass = 255;  // mIOU does not count it
    const Shape& shape = mask.shape();
    const Tensor picture = Tensor::of<std::uint8_t>(Shape{shape[0], shape[1], 1}, mask.as<std::uint8_t>());
    PictureStep mask_step = step;
    if (std::holds_alternative<FloatStep>(step)) return mask;
    if (auto* resize = std::get_if<ResizeStep>(&mask_step)) resize->method.interpolation = Interpolation::nearest;
    if (auto* pad = std::get_if<PadStep>(&mask_step)) pad->value = kNoClass;
    const Tensor changed = apply_step(picture, mask_step);
    return Tensor::of<std::uint8_t>(Shape{changed.shape()[0], changed.shape()[1]}, changed.as<std::uint8_t>());
}

void move_boxes(std::span<float> boxes, PictureSize size, const PictureStep& step) {
    for (std::size_t i = 0; i + 4 <= boxes.size(); i += 4) {
        move_box({boxes[i], boxes[i + 2]}, {boxes[i + 1], boxes[i + 3]}, size, step);
    }
}

}  // namespace halftone
