// What one output place of Resize reads along one dimension: the input places and their weights. The coordinate of the
// output place in the input (coordinate) decides where, the mode (nearest, linear, cubic) with which weights (taps_at).
#include "kernel/shape/resample.hpp"

#include <algorithm>
#include <cmath>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

std::string word_of(const OpContext& op, const char* name, const std::string& fallback,
                    std::initializer_list<const char*> allowed) {
    std::string word = string_attribute(op.node, name, fallback);
    if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return word;
    std::string list;
    for (const char* known : allowed) list += std::string(" ") + known;
    refuse(op, std::string(name) + " '" + word + "' is unknown; allowed:" + list);
}

/// Input coordinate of an output place.
double coordinate(const ResizeMode& mode, const Dimension& d, double place) {
    const auto input = static_cast<double>(d.input);
    // The number of output places. ONNX's Python reference takes scale * input here, which need not be a whole number;
    // the operator's text, PyTorch and ONNX Runtime take the length of the result, so that its corners are the input's.
    const auto resized = static_cast<double>(d.output);
    if (mode.coordinates == "align_corners") return resized == 1.0 ? 0.0 : place * (input - 1.0) / (resized - 1.0);
    if (mode.coordinates == "asymmetric") return place / d.scale;
    if (mode.coordinates == "tf_crop_and_resize") {
        if (d.output == 1) return 0.5 * (d.roi_start + d.roi_end) * (input - 1.0);
        return d.roi_start * (input - 1.0) + place * (d.roi_end - d.roi_start) * (input - 1.0) / (resized - 1.0);
    }
    // The operator's text and ONNX Runtime; ONNX's Python reference has -0.5.
    if (mode.coordinates == "pytorch_half_pixel" && resized == 1.0) return 0.0;
    const double half_pixel = (place + 0.5) / d.scale - 0.5;
    if (mode.coordinates != "half_pixel_symmetric") return half_pixel;
    const double adjustment = resized / (d.scale * input);
    return input / 2.0 * (1.0 - adjustment) + half_pixel;
}

/// The nearest whole coordinate. The four words differ only where x lies exactly in the middle, or always round one
/// way.
std::int64_t nearest_place(const std::string& rounding, double x) {
    const double low = std::floor(x);
    const double rest = x - low;
    if (rest == 0.0 || rounding == "floor") return static_cast<std::int64_t>(low);
    const bool goes_up = rounding == "ceil" || rest > 0.5 || (rest == 0.5 && rounding == "round_prefer_ceil");
    return static_cast<std::int64_t>(low) + (goes_up ? 1 : 0);
}

/// A triangle of width 2: the two neighbours share the weight by their distance.
double linear_weight(double distance) { return std::max(0.0, 1.0 - std::abs(distance)); }

/// Keys' cubic convolution.
double cubic_weight(double distance, double a) {
    const double x = std::abs(distance);
    if (x <= 1.0) return (a + 2.0) * x * x * x - (a + 3.0) * x * x + 1.0;
    if (x < 2.0) return a * x * x * x - 5.0 * a * x * x + 8.0 * a * x - 4.0 * a;
    return 0.0;
}

}  // namespace

ResizeMode resize_mode(const OpContext& op) {
    ResizeMode mode;
    mode.mode = word_of(op, "mode", "nearest", {"nearest", "linear", "cubic"});
    mode.coordinates = word_of(op, "coordinate_transformation_mode", "half_pixel",
                               {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                                "asymmetric", "tf_crop_and_resize"});
    mode.nearest =
        word_of(op, "nearest_mode", "round_prefer_floor", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
    mode.cubic_a = static_cast<double>(float_attribute(op.node, "cubic_coeff_a", -0.75F));
    mode.extrapolation = static_cast<double>(float_attribute(op.node, "extrapolation_value", 0.0F));
    mode.excludes_outside = int_attribute(op.node, "exclude_outside", 0) != 0;
    mode.is_antialiased = int_attribute(op.node, "antialias", 0) != 0;
    return mode;
}

Taps taps_at(const ResizeMode& mode, const Dimension& d, std::int64_t place) {
    // Nothing to resample: one tap, so that the element passes without rounding.
    if (d.input == d.output && d.scale == 1.0 && mode.coordinates != "tf_crop_and_resize") return {{place}, {1.0}};
    const double x = coordinate(mode, d, static_cast<double>(place));
    const std::int64_t last = d.input - 1;
    if (mode.coordinates == "tf_crop_and_resize" && (x < 0.0 || x > static_cast<double>(last))) return {};
    if (mode.mode == "nearest") return {{std::clamp<std::int64_t>(nearest_place(mode.nearest, x), 0, last)}, {1.0}};
    // Antialiasing stretches the kernel over all inputs that an output covers when it is smaller.
    const double stretch = mode.is_antialiased ? std::min(d.scale, 1.0) : 1.0;
    // How many places on each side the kernel touches: 1 for linear, 2 for cubic, more when it is stretched.
    const auto reach = static_cast<std::int64_t>(std::ceil((mode.mode == "linear" ? 1.0 : 2.0) / stretch));
    const auto base = static_cast<std::int64_t>(std::floor(x));
    Taps taps;
    double total = 0;
    for (std::int64_t at = base - reach + 1; at <= base + reach; ++at) {
        const double distance = (static_cast<double>(at) - x) * stretch;
        double weight = mode.mode == "linear" ? linear_weight(distance) : cubic_weight(distance, mode.cubic_a);
        // Places outside of the input either do not count, or count as the border element (clamp below).
        if (mode.excludes_outside && (at < 0 || at > last)) weight = 0;
        total += weight;
        taps.places.push_back(std::clamp<std::int64_t>(at, 0, last));
        taps.weights.push_back(weight);
    }
    // Both leave a total that is not 1, so the weights are scaled to it.
    if (mode.excludes_outside || mode.is_antialiased) {
        for (double& weight : taps.weights) weight /= total;
    }
    return taps;
}

}  // namespace halftone::ref
