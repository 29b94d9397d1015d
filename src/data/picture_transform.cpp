// PictureTransform: applies the steps of a transform to the picture and to what belongs to it.
//
//   output        the types of the picture, of the mask
//   apply         step by step: first the targets, which need the size before the step, then the picture
//   drop_boxes    what a crop leaves nothing of
#include "data/picture_transform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace halftone {
namespace {

enum class PictureTarget : std::uint8_t { none, boxes, mask, size };

/// What a target is to a picture, by its name and type.
PictureTarget kind_of(const Field& field) {
    if (field.is_text) return PictureTarget::none;
    const Shape& shape = field.type.shape;
    if (field.name == "boxes" && field.type.dtype == DType::f32 && shape.rank() == 2 && shape[1] == 4) {
        return PictureTarget::boxes;
    }
    if (field.name == "mask" && field.type.dtype == DType::u8 && shape.rank() == 2) return PictureTarget::mask;
    if (field.name == "size" && field.type == TensorType{DType::s64, Shape{2}}) return PictureTarget::size;
    return PictureTarget::none;
}

Tensor moved_boxes(const Tensor& boxes, PictureSize size, const PictureStep& step) {
    Tensor moved = boxes.clone();
    move_boxes(moved.mutable_view().as<float>(), size, step);
    return moved;
}

Tensor moved_mask(const Tensor& mask, PictureSize size, const PictureStep& step) {
    if (mask.shape() != Shape{size.height, size.width}) {
        throw DataError("the mask " + mask.shape().to_text() + " has not the size of the picture");
    }
    return apply_step_to_mask(mask, step);
}

/// Cuts boxes off at the border. Returns which of them have any pixels left.
std::vector<bool> clip_boxes(std::span<float> boxes, PictureSize size) {
    std::vector<bool> is_left;
    const std::array<float, 2> most{static_cast<float>(size.height), static_cast<float>(size.width)};
    for (std::size_t i = 0; i + 4 <= boxes.size(); i += 4) {
        for (std::size_t k = 0; k < 4; ++k) boxes[i + k] = std::clamp(boxes[i + k], 0.0F, most[k % 2]);
        is_left.push_back(boxes[i] < boxes[i + 2] && boxes[i + 1] < boxes[i + 3]);
    }
    return is_left;
}

/// The rows of a tensor that are to be kept.
Tensor kept_rows(const Tensor& rows, const std::vector<bool>& is_kept) {
    TensorType type = rows.type();
    type.shape[0] = std::count(is_kept.begin(), is_kept.end(), true);
    Tensor kept(type);
    const std::size_t row = rows.bytes() / is_kept.size();
    std::byte* to = kept.mutable_view().data;
    for (std::size_t i = 0; i < is_kept.size(); ++i) {
        if (!is_kept[i]) continue;
        std::memcpy(to, rows.view().data + i * row, row);
        to += row;
    }
    return kept;
}

/// Whether the target has a row for each box.
bool has_row_for_each_box(const Field& field, const Tensor& value, std::size_t boxes) {
    static constexpr std::array<std::string_view, 4> kNames{"boxes", "labels", "crowd", "area"};
    return std::find(kNames.begin(), kNames.end(), field.name) != kNames.end() && value.shape().rank() > 0 &&
           field.type.shape[0] == kSymbolic && value.shape()[0] == static_cast<std::int64_t>(boxes);
}

/// Cuts boxes off at the border of the picture, and drops those of which nothing is left: nobody can find an object
/// that is not in the picture. Where every sample has the same number of boxes by its schema, none is dropped.
void drop_boxes(Sample& sample, const Schema& schema, PictureSize size) {
    for (std::size_t t = 0; t < schema.targets.size(); ++t) {
        if (kind_of(schema.targets[t]) != PictureTarget::boxes) continue;
        auto& boxes = std::get<Tensor>(sample.targets[t]);
        boxes = boxes.clone();  // nobody else may see them change
        const std::vector<bool> is_left = clip_boxes(boxes.mutable_view().as<float>(), size);
        const bool are_all_left = std::find(is_left.begin(), is_left.end(), false) == is_left.end();
        if (are_all_left || schema.targets[t].type.shape[0] != kSymbolic) continue;
        for (std::size_t other = 0; other < schema.targets.size(); ++other) {
            auto* value = std::get_if<Tensor>(&sample.targets[other]);
            if (value != nullptr && has_row_for_each_box(schema.targets[other], *value, is_left.size())) {
                *value = kept_rows(*value, is_left);
            }
        }
    }
}

void move_targets(Sample& sample, const Schema& schema, PictureSize size, const PictureStep& step) {
    for (std::size_t t = 0; t < schema.targets.size(); ++t) {
        const PictureTarget kind = kind_of(schema.targets[t]);
        if (kind == PictureTarget::none) continue;
        auto& value = std::get<Tensor>(sample.targets[t]);
        if (kind == PictureTarget::boxes) value = moved_boxes(value, size, step);
        if (kind == PictureTarget::mask) value = moved_mask(value, size, step);
        if (kind == PictureTarget::size) {
            const PictureSize after = size_after(size, step);
            value = Tensor::of<std::int64_t>(Shape{2}, std::array{after.height, after.width});
        }
    }
    if (std::holds_alternative<CropStep>(step)) drop_boxes(sample, schema, size_after(size, step));
}

}  // namespace

PictureTransform::PictureTransform(Reader& reader, std::string name) : input_(reader), name_(std::move(name)) {
    // The path in the config, without what stands before `transform`: a transform that stands twice in a config draws
    // other numbers in each place, and the calibration's and the evaluation's draw the same.
    const std::string& path = reader.node().path;
    const std::size_t begin = path.find(".transform.");
    seed_ = Hasher().add(std::string_view(path).substr(begin == std::string::npos ? 0 : begin)).digest();
}

TensorType PictureTransform::output_type(const TensorType& picture) const {
    const PictureSize size = output_size(size_of_picture(picture));
    return {picture.dtype, Shape{size.height, size.width, picture.shape[2]}};
}

Tensor PictureTransform::finish(Tensor picture, std::int64_t) const { return picture; }

Rng PictureTransform::random_numbers(std::int64_t sample_id) const {
    return Rng(mix(seed_, static_cast<std::uint64_t>(sample_id)));
}

/// The type of the result. A refusal says which transform refuses which shape.
TensorType PictureTransform::checked_output_type(const TensorType& picture) const {
    require_picture(name_, picture);
    try {
        return output_type(picture);
    } catch (const DataError& error) {
        throw DataError(fmt::format("{}: {} {}", name_, error.what(), picture.shape.to_text()));
    }
}

Schema PictureTransform::output(const Schema& input) const {
    Schema changed = input;
    Field& field = changed.inputs[input_.find_numbers_in(input)];
    const PictureSize before = size_of_picture(field.type);
    field.type = checked_output_type(field.type);
    for (Field& target : changed.targets) {
        if (kind_of(target) != PictureTarget::mask) continue;
        const PictureSize size = output_size(before);
        target.type.shape = Shape{size.height, size.width};
    }
    return changed;
}

Tensor PictureTransform::changed(Tensor picture, Sample& sample, const Schema& schema) const {
    for (const PictureStep& step : steps(size_of_picture(picture.type()), sample.id)) {
        move_targets(sample, schema, size_of_picture(picture.type()), step);
        picture = apply_step(picture, step);
    }
    return finish(std::move(picture), sample.id);
}

Sample PictureTransform::apply(Sample sample, const Schema& input) const {
    const std::size_t position = input_.find_numbers_in(input);
    const Tensor picture = std::get<Tensor>(sample.inputs[position]);
    // Of a single picture more is known than of its schema: whether it is large enough, and has enough channels.
    static_cast<void>(checked_output_type(picture.type()));
    try {
        if (picture.elements() == 0) throw DataError("there are no pixels in the picture");
        sample.inputs[position] = changed(picture, sample, input);
    } catch (const DataError& error) {
        throw DataError(fmt::format("{}: {} {}", name_, error.what(), picture.shape().to_text()));
    }
    return sample;
}

}  // namespace halftone
