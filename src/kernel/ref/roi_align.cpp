// Pools regions of pictures to one size: x [N, C, H, W] and regions [R, 4] (left, top, right, bottom), each of the
// picture that batch_indices names, give [R, C, output_height, output_width]. A bin is sampled at points between
// pixels, evenly spaced; their average or their largest value is the result. Source: ONNX operator RoiAlign, opset 16;
// before it there is no half pixel (the importer writes the default of opset 16 down), and `max` takes the largest
// weighted neighbour, as onnx's reference evaluator and ONNX Runtime do.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/indices.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

// Of points in a row of a bin. The regions are data: a region of any size must not take any time.
constexpr double kMaxRoiPoints = 4096;

/// The four pixels around a point, with their weights. No pixels: the point is outside.
struct RoiPoint {
    std::array<std::int64_t, 4> places{};
    std::array<float, 4> weights{};
};

RoiPoint roi_point(float y, float x, std::int64_t height, std::int64_t width) {
    const auto h = static_cast<float>(height);
    const auto w = static_cast<float>(width);
    if (!(y >= -1 && y <= h && x >= -1 && x <= w)) return {};  // a NaN is outside, too
    // Up to one pixel outside, a point takes the nearest pixel's value; there is no fading out.
    y = std::max(y, 0.0F);
    x = std::max(x, 0.0F);
    std::int64_t top = static_cast<std::int64_t>(y);
    std::int64_t left = static_cast<std::int64_t>(x);
    const std::int64_t bottom = std::min(top + 1, height - 1);
    const std::int64_t right = std::min(left + 1, width - 1);
    if (top >= height - 1) y = static_cast<float>(top = height - 1);
    if (left >= width - 1) x = static_cast<float>(left = width - 1);
    const float down = y - static_cast<float>(top);
    const float across = x - static_cast<float>(left);
    return {{top * width + left, top * width + right, bottom * width + left, bottom * width + right},
            {(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across}};
}

struct RoiRule {
    std::int64_t height = 1, width = 1, sampling = 0;
    float scale = 1, offset = 0;
    bool is_max = false;
};

RoiRule roi_rule(const OpContext& op) {
    const std::string mode = string_attribute(op.node, "mode", "avg");
    if (mode != "avg" && mode != "max") refuse(op, "mode '" + mode + "' is neither avg nor max");
    const std::string place = string_attribute(op.node, "coordinate_transformation_mode", "output_half_pixel");
    if (place != "half_pixel" && place != "output_half_pixel")
        refuse(op, "coordinate_transformation_mode '" + place + "'");
    const RoiRule rule{.height = int_attribute(op.node, "output_height", 1),
                       .width = int_attribute(op.node, "output_width", 1),
                       .sampling = int_attribute(op.node, "sampling_ratio", 0),
                       .scale = float_attribute(op.node, "spatial_scale", 1.0F),
                       .offset = place == "half_pixel" ? 0.5F : 0.0F,
                       .is_max = mode == "max"};
    const bool fits = rule.height >= 1 && rule.width >= 1 && rule.height < kMaxElements && rule.width < kMaxElements &&
                      rule.sampling >= 0 && static_cast<double>(rule.sampling) <= kMaxRoiPoints;
    if (!fits) refuse(op, "a size or sampling_ratio is out of range");
    return rule;
}

class RoiAlignOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        check_dtype(op, 1, {DType::f32});
        check_dtype(op, 2, {DType::s64});
        check_rank(op, 0, 4, 4);
        const Shape& x = op.inputs[0].shape;
        const Shape& regions = op.inputs[1].shape;
        if (x[2] < 1 || x[3] < 1) refuse(op, "input 0 " + x.to_text() + " has no pixels");
        if (regions.rank() != 2 || regions[1] != 4 || op.inputs[2].shape != Shape{regions[0]}) {
            refuse(op, "regions " + regions.to_text() + " and batch_indices " + op.inputs[2].shape.to_text() +
                           " do not fit");
        }
        const RoiRule rule = roi_rule(op);
        return {{DType::f32, Shape{regions[0], x[1], rule.height, rule.width}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const RoiRule rule = roi_rule(op);
        const Shape& shape = inputs[0].type.shape;
        const std::vector<std::int64_t> pictures = indices_of(op, inputs[2], shape[0]);
        const float* region = inputs[1].as<float>().data();
        float* y = outputs[0].as<float>().data();
        const std::int64_t bins = rule.height * rule.width;
        // Where the points of a region lie is the same for all channels, so it is found once.
        std::vector<RoiPoint> points;
        for (const std::int64_t picture : pictures) {
            const std::int64_t in_bin = place_points(op, rule, region, shape, points);
            const float* plane = inputs[0].as<float>().data() + picture * shape[1] * shape[2] * shape[3];
            for (std::int64_t c = 0; c < shape[1]; ++c, plane += shape[2] * shape[3]) {
                for (std::int64_t bin = 0; bin < bins; ++bin)
                    *y++ = pool(points.data() + bin * in_bin, in_bin, plane, rule.is_max);
            }
            region += 4;
        }
    }

private:
    /// The points of all bins of one region, bin by bin. Returns how many there are in a bin.
    static std::int64_t place_points(const OpContext& op, const RoiRule& rule, const float* region, const Shape& shape,
                                     std::vector<RoiPoint>& points) {
        const auto edge = [&](std::size_t i) { return region[i] * rule.scale - rule.offset; };
        const float left = edge(0);
        const float top = edge(1);
        float width = edge(2) - left;
        float height = edge(3) - top;
        if (rule.offset == 0) {  // without the half pixel, a region is at least one pixel large
            width = std::max(width, 1.0F);
            height = std::max(height, 1.0F);
        }
        const float bin_width = width / static_cast<float>(rule.width);
        const float bin_height = height / static_cast<float>(rule.height);
        // Without a sampling_ratio there is about one point for each pixel that a bin covers.
        const auto count = [&](float size) {
            if (rule.sampling > 0) return rule.sampling;
            const double wanted = std::ceil(static_cast<double>(size));
            if (!(wanted <= kMaxRoiPoints)) refuse(op, "a region is too large to be sampled");
            return static_cast<std::int64_t>(std::max(wanted, 0.0));
        };
        const std::int64_t rows = count(bin_height);
        const std::int64_t columns = count(bin_width);
        points.clear();
        for (std::int64_t bin = 0; bin < rule.height * rule.width; ++bin) {
            const float y0 = top + static_cast<float>(bin / rule.width) * bin_height;
            const float x0 = left + static_cast<float>(bin % rule.width) * bin_width;
            for (std::int64_t r = 0; r < rows; ++r) {
                const float y = y0 + (static_cast<float>(r) + 0.5F) * bin_height / static_cast<float>(rows);
                for (std::int64_t c = 0; c < columns; ++c) {
                    const float x = x0 + (static_cast<float>(c) + 0.5F) * bin_width / static_cast<float>(columns);
                    points.push_back(roi_point(y, x, shape[2], shape[3]));
                }
            }
        }
        return rows * columns;
    }

    static float pool(const RoiPoint* points, std::int64_t count, const float* plane, bool is_max) {
        double sum = 0;
        float largest = 0;
        for (std::int64_t i = 0; i < count; ++i) {
            for (std::size_t n = 0; n < 4; ++n) {
                const float value = points[i].weights[n] * plane[points[i].places[n]];
                sum += static_cast<double>(value);
                largest = i == 0 && n == 0 ? value : std::max(largest, value);
            }
        }
        return is_max ? largest : static_cast<float>(sum / static_cast<double>(std::max<std::int64_t>(count, 1)));
    }
};

}  // namespace

const RefOp& roi_align_op() {
    static const RoiAlignOp op;
    return op;
}

}  // namespace halftone::ref
