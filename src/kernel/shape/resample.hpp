#pragma once
// One dimension of Resize: which input places make an output place, with which weights.
// Source: ONNX operator Resize, opset 19, its text and formulas.

#include <string>
#include <vector>

#include "graph/op_library.hpp"

namespace halftone::ref {

/// Attributes of a Resize node. @throws ModelError for words that it does not know
struct ResizeMode {
    std::string mode = "nearest";
    std::string coordinates = "half_pixel";
    std::string nearest = "round_prefer_floor";
    double cubic_a = -0.75;
    double extrapolation = 0.0;
    bool excludes_outside = false;
    bool is_antialiased = false;
};
[[nodiscard]] ResizeMode resize_mode(const OpContext& op);

struct Dimension {
    std::int64_t input = 1;
    std::int64_t output = 1;
    double scale = 1.0;
    double roi_start = 0.0;
    double roi_end = 1.0;
};

/// y = sum of weight * x[place]; no taps: the extrapolation value.
struct Taps {
    std::vector<std::int64_t> places;
    std::vector<double> weights;
};
[[nodiscard]] Taps taps_at(const ResizeMode& mode, const Dimension& dimension, std::int64_t place);

}  // namespace halftone::ref
