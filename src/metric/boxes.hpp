#pragma once
// Boxes around objects in pictures: the ways in which models write them, and how far two of them cover one another.

#include <span>

#include "base/enum_names.hpp"

namespace halftone {

/// What the four numbers of a box are.
enum class BoxFormat {
    xyxy,    ///< left, top, right, bottom
    yxyx,    ///< top, left, bottom, right
    xywh,    ///< left, top, width, height
    cxcywh,  ///< centre (x, y), width, height
};
inline constexpr EnumNames<BoxFormat, 4> kBoxFormatNames{
    {{{BoxFormat::xyxy, "xyxy"}, {BoxFormat::yxyx, "yxyx"}, {BoxFormat::xywh, "xywh"}, {BoxFormat::cxcywh, "cxcywh"}}}};

struct BoxLayout {
    BoxFormat format = BoxFormat::yxyx;
    bool is_normalized = true;  ///< shares of the picture's height and width; else pixels
    friend bool operator==(const BoxLayout&, const BoxLayout&) = default;
};

/// A box as COCO writes it. The origin is the picture's upper left corner.
struct Box {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;
    [[nodiscard]] double area() const { return width * height; }
};

/// Returns the box that four numbers of this format stand for, in the numbers' own unit.
[[nodiscard]] Box box_of(std::span<const double, 4> numbers, BoxFormat format);

/// Returns the box with each length multiplied: what lies across by `x`, what lies down by `y`.
[[nodiscard]] Box scaled(const Box& box, double x, double y);

/// Returns the area that both cover, in the order of operations of COCO's maskApi (bbIou): 0 where they only touch.
[[nodiscard]] double intersection(const Box& a, const Box& b);

/// Returns intersection / union, at most 1; 0 where they do not overlap.
[[nodiscard]] double intersection_over_union(const Box& a, const Box& b);

}  // namespace halftone
