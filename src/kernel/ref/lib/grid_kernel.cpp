// Source: ONNX operator GridSample, opset 20, and PyTorch's GridSampler.h, which it follows: the point is moved inside
// first (border, reflection), then the neighbours are.
#include "kernel/ref/lib/grid_kernel.hpp"

#include <algorithm>
#include <cmath>

namespace halftone::ref {
namespace {

// Beyond this a position is far outside anyway, and its place would not fit an integer.
constexpr double kFarthest = 1e15;

/// Mirrors a position at `low` and `high` until it lies between them.
double reflected(double x, double low, double high) {
    const double width = high - low;
    if (width <= 0) return low;
    if (x >= low && x <= high) return x;
    const double distance = x < low ? low - x : x - high;
    // After an even number of turns the point runs in its old direction, after an odd one backwards.
    const double turns = std::floor(distance / width);
    const double rest = distance - turns * width;
    const bool is_even = std::fmod(turns, 2.0) == 0;
    if (x < low) return is_even ? low + rest : high - rest;
    return is_even ? high - rest : low + rest;
}

/// Keys' convolution with a = -0.75: weights of the samples at -1, 0, 1 and 2.
std::array<double, 4> cubic_weights(double x) {
    constexpr double a = -0.75;
    const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    return {far(x + 1), near(x), near(1 - x), far(2 - x)};
}

struct GridLine {
    std::int64_t size;
    GridPadding padding;
    double low;  ///< where reflection turns
    double high;

    [[nodiscard]] std::int64_t place(double x) const {
        const auto last = static_cast<double>(size - 1);
        if (padding == GridPadding::border) return static_cast<std::int64_t>(std::clamp(x, 0.0, last));
        if (padding == GridPadding::reflection) {
            return static_cast<std::int64_t>(std::clamp(reflected(x, low, high), 0.0, last));
        }
        return x >= 0 && x <= last ? static_cast<std::int64_t>(x) : -1;
    }
};

}  // namespace

GridTaps grid_taps(double position, std::int64_t size, GridMode mode, GridPadding padding, bool align_corners) {
    const auto length = static_cast<double>(size);
    GridLine line{size, padding, align_corners ? 0.0 : -0.5, align_corners ? length - 1 : length - 0.5};
    // In fp32, as everybody computes it: at the middle between two pixels the nearest one depends on the rounding.
    const auto p = static_cast<float>(position);
    const auto l = static_cast<float>(size);
    float real = align_corners ? (p + 1) / 2 * (l - 1) : ((p + 1) * l - 1) / 2;
    if (std::isnan(real)) real = -1;  // PyTorch's choice; any place would do
    double x = std::clamp(static_cast<double>(real), -kFarthest, kFarthest);
    if (mode == GridMode::nearest) x = std::nearbyint(x);
    // First the point itself is moved inside; the neighbours beyond the edge are moved in place().
    if (x < line.low || x > line.high) {
        if (padding == GridPadding::border) x = std::clamp(x, 0.0, length - 1);
        if (padding == GridPadding::reflection) x = reflected(x, line.low, line.high);
    }
    if (mode == GridMode::nearest) return {1, {line.place(std::nearbyint(x))}, {1.0}};
    const double floor = std::floor(x);
    const double part = x - floor;
    if (mode == GridMode::linear) return {2, {line.place(floor), line.place(floor + 1)}, {1 - part, part}};
    return {4,
            {line.place(floor - 1), line.place(floor), line.place(floor + 1), line.place(floor + 2)},
            cubic_weights(part)};
}

}  // namespace halftone::ref
