// Resampling as Pillow's Image.resize does it. Source: Pillow, src/libImaging/Resample.c (filters, coefficients,
// rounding) and Geometry.c (nearest).
//
//   find_weights   for each position of a result row: which pixels count, and how much
//   resample_axis  one pass along one axis; a picture takes two, first along its rows
//   resample_both  the two passes; for uint8 with integer weights of 22 bits, as Pillow rounds

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/resample/resamplers.hpp"

namespace halftone {
namespace {

/// Bits behind the point of an integer weight: 32 bits less 8 for the pixel and 2 for sums that overshoot.
constexpr int kWeightBits = 32 - 8 - 2;

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys' cubic with a = -0.5.
double cubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/// The pixels that count for one position, and their weights, whose sum is 1.
struct Contribution {
    std::int64_t first = 0;
    std::vector<double> weights;
};

std::vector<Contribution> find_weights(std::int64_t from, std::int64_t to, Interpolation method) {
    const bool is_cubic = method == Interpolation::bicubic;
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double widening = std::max(scale, 1.0);
    const double support = (is_cubic ? 2.0 : 1.0) * widening;
    std::vector<Contribution> contributions;
    for (std::int64_t i = 0; i < to; ++i) {
        const double center = (static_cast<double>(i) + 0.5) * scale;
        // The casts cut off, as they do in C: the half before makes them round.
        const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(center - support + 0.5), 0);
        const auto last = std::min(static_cast<std::int64_t>(center + support + 0.5), from);
        Contribution found{.first = first, .weights = {}};
        double sum = 0;
        for (std::int64_t x = first; x < last; ++x) {
            // Pillow multiplies with the inverse; a division would differ in the last bit.
            const double at = (static_cast<double>(x) - center + 0.5) * (1.0 / widening);
            found.weights.push_back(is_cubic ? cubic(at) : triangle(at));
            sum += found.weights.back();
        }
        for (double& weight : found.weights) weight = sum == 0 ? weight : weight / sum;
        contributions.push_back(std::move(found));
    }
    return contributions;
}

/// What differs between the types: how a weight is stored, and how a sum becomes a pixel.
struct BytePixels {
    using Pixel = std::uint8_t;
    using Weight = std::int64_t;
    static Weight weight(double exact) {
        const double scaled = exact * static_cast<double>(1 << kWeightBits);
        return static_cast<Weight>(exact < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    static constexpr Weight kStart = Weight{1} << (kWeightBits - 1);  // half a unit: the shift then rounds
    static Pixel pixel(Weight sum) { return static_cast<Pixel>(std::clamp<Weight>(sum >> kWeightBits, 0, 255)); }
};
struct FloatPixels {
    using Pixel = float;
    using Weight = double;
    static Weight weight(double exact) { return exact; }
    static constexpr Weight kStart = 0;
    static Pixel pixel(Weight sum) { return static_cast<float>(sum); }
};

/// A picture as [outer, along, inner]: the middle axis gets another size.
struct Extents {
    std::int64_t outer, along, inner;
};

template <class Kind>
Tensor resample_axis(const Tensor& picture, Extents extents, std::int64_t to, Interpolation method,
                     const Shape& result_shape) {
    Tensor result({picture.dtype(), result_shape});
    const auto in = picture.as<typename Kind::Pixel>();
    auto out = result.mutable_view().as<typename Kind::Pixel>().begin();
    const std::vector<Contribution> contributions = find_weights(extents.along, to, method);
    std::vector<std::vector<typename Kind::Weight>> weights;
    for (const Contribution& contribution : contributions) {
        auto& stored = weights.emplace_back();
        for (const double weight : contribution.weights) stored.push_back(Kind::weight(weight));
    }
    for (std::int64_t o = 0; o < extents.outer; ++o) {
        for (std::size_t i = 0; i < contributions.size(); ++i) {
            const std::int64_t begin = (o * extents.along + contributions[i].first) * extents.inner;
            for (std::int64_t c = 0; c < extents.inner; ++c) {
                auto sum = Kind::kStart;
                auto at = static_cast<std::size_t>(begin + c);
                for (const auto weight : weights[i]) {
                    sum += static_cast<typename Kind::Weight>(in[at]) * weight;
                    at += static_cast<std::size_t>(extents.inner);
                }
                *out++ = Kind::pixel(sum);
            }
        }
    }
    return result;
}

template <class Kind>
Tensor resample_both(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    const Shape& shape = picture.shape();
    Tensor result = picture;
    // An axis that keeps its size is left alone, as in Pillow: a pass over it would change nothing but take time.
    if (shape[1] != width) {
        result = resample_axis<Kind>(result, {shape[0], shape[1], shape[2]}, width, method,
                                     Shape{shape[0], width, shape[2]});
    }
    if (shape[0] != height) {
        result = resample_axis<Kind>(result, {1, shape[0], width * shape[2]}, height, method,
                                     Shape{height, width, shape[2]});
    }
    return result;
}

/// For each position of a result axis, the position that it is taken from. The step is added up, and not multiplied:
/// so does Pillow, and the last bit decides about a pixel where a position lies on the border of two.
std::vector<std::int64_t> nearest_positions(std::int64_t from, std::int64_t to) {
    const double step = static_cast<double>(from) / static_cast<double>(to);
    std::vector<std::int64_t> positions;
    double at = step * 0.5;
    for (std::int64_t i = 0; i < to; ++i, at += step)
        positions.push_back(std::min(static_cast<std::int64_t>(at), from - 1));
    return positions;
}

}  // namespace

Tensor resample_as_pillow(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    if (method == Interpolation::nearest) {
        return pick_pixels(picture, nearest_positions(picture.shape()[0], height),
                           nearest_positions(picture.shape()[1], width));
    }
    return picture.dtype() == DType::u8 ? resample_both<BytePixels>(picture, height, width, method)
                                        : resample_both<FloatPixels>(picture, height, width, method);
}

}  // namespace halftone
