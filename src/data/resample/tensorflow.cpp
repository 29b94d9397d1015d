// Resampling as tf.image.resize does it without antialiasing. Source: TensorFlow, core/kernels/image
// (resize_bilinear_op.cc, resize_bicubic_op.cc, resize_nearest_neighbor_op.cc), with half_pixel_centers. All of it is
// computed in fp32, positions and weights included, in the order of the source: so the results are equal.
//
//   bilinear_as_tensorflow  two pixels of two rows
//   bicubic_as_tensorflow   four pixels of four rows, weights from a table of 1024 steps
//   resample_as_tensorflow  chooses, and picks pixels for `nearest`
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "data/resample/resamplers.hpp"

namespace halftone {
namespace {

/// Where the centre of the result's pixel lies among the picture's pixels, whose own centres are whole numbers.
float tensorflow_position(std::int64_t i, float scale) { return (static_cast<float>(i) + 0.5F) * scale - 0.5F; }

float tensorflow_scale(std::int64_t from, std::int64_t to) { return static_cast<float>(from) / static_cast<float>(to); }

/// The two pixels between which a result lies, and how far it is from the first one.
struct PixelPair {
    std::int64_t lower = 0, upper = 0;
    float part = 0;
};

std::vector<PixelPair> find_pairs(std::int64_t from, std::int64_t to) {
    const float scale = tensorflow_scale(from, to);
    std::vector<PixelPair> pairs;
    for (std::int64_t i = 0; i < to; ++i) {
        const float at = tensorflow_position(i, scale);
        const float below = std::floor(at);
        PixelPair pair{.lower = std::max<std::int64_t>(static_cast<std::int64_t>(below), 0),
                       .upper = std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(at)), from - 1),
                       .part = at - below};
        pair.lower = std::min(pair.lower, pair.upper);
        pairs.push_back(pair);
    }
    return pairs;
}

void bilinear_as_tensorflow(const Tensor& picture, Tensor& result) {
    const Shape& shape = picture.shape();
    const auto in = picture.as<float>();
    const auto channels = static_cast<std::size_t>(shape[2]);
    const auto row = static_cast<std::size_t>(shape[1]) * channels;
    const std::vector<PixelPair> columns = find_pairs(shape[1], result.shape()[1]);
    auto out = result.mutable_view().as<float>().begin();
    for (const PixelPair& y : find_pairs(shape[0], result.shape()[0])) {
        const auto top = in.subspan(static_cast<std::size_t>(y.lower) * row, row);
        const auto bottom = in.subspan(static_cast<std::size_t>(y.upper) * row, row);
        for (const PixelPair& x : columns) {
            const std::size_t left = static_cast<std::size_t>(x.lower) * channels;
            const std::size_t right = static_cast<std::size_t>(x.upper) * channels;
            for (std::size_t c = 0; c < channels; ++c) {
                // This form, and not a weighted sum of four, is TensorFlow's: another one rounds differently in the
                // last bit.
                const float above = top[left + c] + (top[right + c] - top[left + c]) * x.part;
                const float below = bottom[left + c] + (bottom[right + c] - bottom[left + c]) * x.part;
                *out++ = above + (below - above) * y.part;
            }
        }
    }
}

/// Four neighbouring pixels with their weights.
struct PixelQuad {
    std::array<std::size_t, 4> index{};
    std::array<float, 4> weight{};
};

/// Keys' cubic with a = -0.5, of the distance that the table's step stands for.
float tensorflow_cubic(double distance) {
    constexpr double a = -0.5;
    if (distance <= 1) return static_cast<float>(((a + 2) * distance - (a + 3)) * distance * distance + 1);
    return static_cast<float>(((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a);
}

std::vector<PixelQuad> find_quads(std::int64_t from, std::int64_t to) {
    constexpr float kSteps = 1024;  // TensorFlow looks weights up in a table, so positions are rounded to its steps
    const float scale = tensorflow_scale(from, to);
    std::vector<PixelQuad> quads;
    for (std::int64_t i = 0; i < to; ++i) {
        const float at = tensorflow_position(i, scale);
        const auto first = static_cast<std::int64_t>(std::floor(at));
        const double part = std::nearbyint((at - std::floor(at)) * kSteps) / static_cast<double>(kSteps);
        const std::array<double, 4> distance{1 + part, part, 1 - part, 2 - part};
        PixelQuad quad;
        float sum = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const std::int64_t wanted = first - 1 + static_cast<std::int64_t>(k);
            const std::int64_t there = std::clamp<std::int64_t>(wanted, 0, from - 1);
            quad.index[k] = static_cast<std::size_t>(there);
            // Pixels beyond the border count nothing, and the others make up for them.
            quad.weight[k] = wanted == there ? tensorflow_cubic(distance[k]) : 0.0F;
            sum += quad.weight[k];
        }
        // A product with the reciprocal, as in the source; a division would round otherwise.
        for (float& weight : quad.weight) weight *= 1.0F / sum;
        quads.push_back(quad);
    }
    return quads;
}

float weighted(const std::array<float, 4>& weight, float a, float b, float c, float d) {
    // Added from left to right; the project forbids the compiler to contract it to fused multiplications.
    return a * weight[0] + b * weight[1] + c * weight[2] + d * weight[3];
}

void bicubic_as_tensorflow(const Tensor& picture, Tensor& result) {
    const Shape& shape = picture.shape();
    const auto in = picture.as<float>();
    const auto channels = static_cast<std::size_t>(shape[2]);
    const auto row = static_cast<std::size_t>(shape[1]) * channels;
    const std::vector<PixelQuad> columns = find_quads(shape[1], result.shape()[1]);
    auto out = result.mutable_view().as<float>().begin();
    for (const PixelQuad& y : find_quads(shape[0], result.shape()[0])) {
        for (const PixelQuad& x : columns) {
            for (std::size_t c = 0; c < channels; ++c) {
                // First down each of the four columns, then along them.
                const auto down = [&](std::size_t k) {
                    const std::size_t at = x.index[k] * channels + c;
                    return weighted(y.weight, in[y.index[0] * row + at], in[y.index[1] * row + at],
                                    in[y.index[2] * row + at], in[y.index[3] * row + at]);
                };
                *out++ = weighted(x.weight, down(0), down(1), down(2), down(3));
            }
        }
    }
}

std::vector<std::int64_t> nearest_of_tensorflow(std::int64_t from, std::int64_t to) {
    const float scale = tensorflow_scale(from, to);
    std::vector<std::int64_t> positions;
    for (std::int64_t i = 0; i < to; ++i) {
        const float at = (static_cast<float>(i) + 0.5F) * scale;
        positions.push_back(std::min(static_cast<std::int64_t>(std::floor(at)), from - 1));
    }
    return positions;
}

/// Pixels as fp32; pictures are uint8 or fp32.
Tensor pixels_as_floats(const Tensor& picture) {
    if (picture.dtype() == DType::f32) return picture;
    Tensor floats({DType::f32, picture.shape()});
    const auto pixels = picture.as<std::uint8_t>();
    std::copy(pixels.begin(), pixels.end(), floats.mutable_view().as<float>().begin());
    return floats;
}

}  // namespace

Tensor resample_as_tensorflow(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    const Shape& shape = picture.shape();
    if (method == Interpolation::nearest) {
        return pick_pixels(picture, nearest_of_tensorflow(shape[0], height), nearest_of_tensorflow(shape[1], width));
    }
    const Tensor floats = pixels_as_floats(picture);
    // tf.image.resize returns a picture that has the size already without any arithmetic.
    if (shape[0] == height && shape[1] == width) return floats;
    Tensor result({DType::f32, Shape{height, width, shape[2]}});
    if (method == Interpolation::bicubic) {
        bicubic_as_tensorflow(floats, result);
    } else {
        bilinear_as_tensorflow(floats, result);
    }
    return result;
}

}  // namespace halftone
