#include "metric/boxes.hpp"

#include <algorithm>
#include <tuple>

namespace halftone {

Box box_of(std::span<const double, 4> numbers, BoxFormat format) {
    const auto [a, b, c, d] = std::tuple(numbers[0], numbers[1], numbers[2], numbers[3]);
    // One subtraction for each side and nothing else, as programs do that write COCO's results: so both have equal
    // bits.
    switch (format) {
        case BoxFormat::xyxy:
            return {.x = a, .y = b, .width = c - a, .height = d - b};
        case BoxFormat::yxyx:
            return {.x = b, .y = a, .width = d - b, .height = c - a};
        case BoxFormat::xywh:
            return {.x = a, .y = b, .width = c, .height = d};
        case BoxFormat::cxcywh:
            break;
    }
    return {.x = a - c / 2, .y = b - d / 2, .width = c, .height = d};
}

Box scaled(const Box& box, double x, double y) {
    return {.x = box.x * x, .y = box.y * y, .width = box.width * x, .height = box.height * y};
}

double intersection(const Box& a, const Box& b) {
    // Ends are sums, because COCO stores a width; a box that was given by its ends has lost no more than it has there.
    const double width = std::min(a.width + a.x, b.width + b.x) - std::max(a.x, b.x);
    if (!(width > 0)) return 0;
    const double height = std::min(a.height + a.y, b.height + b.y) - std::max(a.y, b.y);
    return height > 0 ? width * height : 0;
}

double intersection_over_union(const Box& a, const Box& b) {
    const double both = intersection(a, b);
    // Boxes that do not overlap may have no area at all, so nothing is divided for them.
    return both > 0 ? both / (a.area() + b.area() - both) : 0;
}

}  // namespace halftone
