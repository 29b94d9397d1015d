// Resampling as cv2.resize does it. Source: OpenCV 4, modules/imgproc/src/resize.cpp (the plain paths, whose results
// the vector paths share except for bicubic).
//
//   find_taps            for each position of a result's axis: two or four pixels with their weights
//   resample_with_taps   one pass along the rows, then one down the columns; bytes with integer weights of 11 bits
//   average_whole_blocks `area` where both sides shrink by whole factors
//   average_parts        `area` where they shrink by others: pixels count with the part that lies in the cell
//   resample_as_opencv   chooses
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "data/resample/resamplers.hpp"

namespace halftone {
namespace {

/// The pixels that one position of a result is made of. Positions beyond the border are those of the border's pixel.
struct Taps {
    std::array<std::size_t, 4> index{};
    std::array<float, 4> weight{};
};

/// Weights of bytes have 11 bits behind the point (INTER_RESIZE_COEF_BITS).
constexpr float kTapUnit = 2048;

/// Keys' cubic with a = -0.75, at 1 + x, x, 1 - x and 2 - x. The last one makes the sum 1.
std::array<float, 4> cubic_taps(float x) {
    constexpr float a = -0.75F;
    const float first = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
    const float second = ((a + 2) * x - (a + 3)) * x * x + 1;
    const float third = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
    return {first, second, third, 1.0F - first - second - third};
}

/// Which axis: OpenCV sets the weights at the border anew along rows, and only repeats the pixel along columns.
enum class Axis : std::uint8_t { row, column };

/// The pixel before a position, and how far the position is behind it.
struct TapPosition {
    std::int64_t first = 0;
    float part = 0;
};

TapPosition find_position(std::int64_t i, std::int64_t from, std::int64_t to, Interpolation method) {
    // Both as OpenCV computes them: the inverse of the inverse is not always the quotient.
    const double inverse = static_cast<double>(to) / static_cast<double>(from);
    const double scale = 1.0 / inverse;
    if (method == Interpolation::area) {
        // Only where the picture grows: most results are copies, and a few lie between two pixels.
        const auto first = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * scale));
        const auto part = static_cast<float>(static_cast<double>(i + 1) - static_cast<double>(first + 1) * inverse);
        return {first, part <= 0 ? 0.0F : part - std::floor(part)};
    }
    const auto at = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    const float first = std::floor(at);
    return {static_cast<std::int64_t>(first), at - first};
}

std::vector<Taps> find_taps(std::int64_t from, std::int64_t to, Interpolation method, Axis axis) {
    const bool is_cubic = method == Interpolation::bicubic;
    std::vector<Taps> taps;
    for (std::int64_t i = 0; i < to; ++i) {
        TapPosition position = find_position(i, from, to, method);
        const bool is_beyond = position.first < 0 || position.first >= from - 1;
        if (axis == Axis::row && !is_cubic && is_beyond) {
            position = {std::clamp<std::int64_t>(position.first, 0, from - 1), 0.0F};
        }
        Taps found{.weight = is_cubic ? cubic_taps(position.part)
                                      : std::array{1.0F - position.part, position.part, 0.0F, 0.0F}};
        const std::int64_t start = position.first - (is_cubic ? 1 : 0);
        for (std::size_t k = 0; k < 4; ++k) {
            const std::int64_t at = start + static_cast<std::int64_t>(k);
            found.index[k] = static_cast<std::size_t>(std::clamp<std::int64_t>(at, 0, from - 1));
        }
        taps.push_back(found);
    }
    return taps;
}

/// How bytes and floats are weighted and rounded.
struct OpencvBytes {
    using Pixel = std::uint8_t;
    using Sum = std::int32_t;
    static Sum weight(float exact) { return static_cast<Sum>(std::nearbyint(exact * kTapUnit)); }
    /// Two rows: the sums lose 4 bits, the products 16, and the last 2 are rounded.
    static Pixel of_two(Sum top, Sum bottom, const std::array<Sum, 4>& weight) {
        const Sum sum = ((weight[0] * (top >> 4)) >> 16) + ((weight[1] * (bottom >> 4)) >> 16);
        return static_cast<Pixel>((sum + 2) >> 2);
    }
    static Pixel of_four(std::int64_t sum) {
        return static_cast<Pixel>(std::clamp<std::int64_t>((sum + (1 << 21)) >> 22, 0, 255));
    }
};
struct OpencvFloats {
    using Pixel = float;
    using Sum = float;
    static Sum weight(float exact) { return exact; }
    static Pixel of_two(Sum top, Sum bottom, const std::array<Sum, 4>& weight) {
        return top * weight[0] + bottom * weight[1];
    }
    static Pixel of_four(float sum) { return sum; }
};

template <class Kind>
std::array<typename Kind::Sum, 4> weights_of(const Taps& taps) {
    std::array<typename Kind::Sum, 4> weights{};
    std::transform(taps.weight.begin(), taps.weight.end(), weights.begin(), Kind::weight);
    return weights;
}

/// The first pass: every row of the picture gets its new width.
template <class Kind>
Tensor resample_rows(const Tensor& picture, std::int64_t width, Interpolation method) {
    using Sum = typename Kind::Sum;
    const Shape& shape = picture.shape();
    const auto channels = static_cast<std::size_t>(shape[2]);
    const auto row = static_cast<std::size_t>(shape[1]) * channels;
    const std::vector<Taps> taps = find_taps(shape[1], width, method, Axis::row);
    std::vector<std::array<Sum, 4>> weights;  // rounded once, and used in every row
    for (const Taps& tap : taps) weights.push_back(weights_of<Kind>(tap));
    const std::size_t count = method == Interpolation::bicubic ? 4 : 2;
    Tensor result({dtype_of<Sum>(), Shape{shape[0], width, shape[2]}});
    auto out = result.mutable_view().as<Sum>().begin();
    const auto in = picture.as<typename Kind::Pixel>();
    for (std::size_t y = 0; y < static_cast<std::size_t>(shape[0]); ++y) {
        for (std::size_t x = 0; x < taps.size(); ++x) {
            for (std::size_t c = 0; c < channels; ++c) {
                Sum sum = 0;
                for (std::size_t k = 0; k < count; ++k) {
                    sum += static_cast<Sum>(in[y * row + taps[x].index[k] * channels + c]) * weights[x][k];
                }
                *out++ = sum;
            }
        }
    }
    return result;
}

/// Both passes. The rows' sums stay wide in between: rounding them to bytes would show as banding, and OpenCV does not.
template <class Kind>
Tensor resample_with_taps(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    using Sum = typename Kind::Sum;
    const Tensor rows = resample_rows<Kind>(picture, width, method);
    const auto sums = rows.as<Sum>();
    const auto row = static_cast<std::size_t>(width * picture.shape()[2]);
    Tensor result({picture.dtype(), Shape{height, width, picture.shape()[2]}});
    auto out = result.mutable_view().as<typename Kind::Pixel>().begin();
    for (const Taps& tap : find_taps(picture.shape()[0], height, method, Axis::column)) {
        const auto weight = weights_of<Kind>(tap);
        const auto line = [&](std::size_t k) { return sums.subspan(tap.index[k] * row, row); };
        for (std::size_t x = 0; x < row; ++x) {
            if (method != Interpolation::bicubic) {
                *out++ = Kind::of_two(line(0)[x], line(1)[x], weight);
                continue;
            }
            // A byte's sums have 22 bits behind the point and may overshoot: four of them need more than 32 bits.
            using Wide = std::conditional_t<std::is_same_v<Sum, float>, float, std::int64_t>;
            Wide sum = 0;
            for (std::size_t k = 0; k < 4; ++k) sum += static_cast<Wide>(line(k)[x]) * static_cast<Wide>(weight[k]);
            *out++ = Kind::of_four(sum);
        }
    }
    return result;
}

/// A half goes to the even number, as cvRound and the processor do it.
std::uint8_t rounded_pixel(float value, std::uint8_t) {
    return static_cast<std::uint8_t>(std::clamp(std::nearbyint(value), 0.0F, 255.0F));
}
float rounded_pixel(float value, float) { return value; }

/// `area` where `rows` x `columns` pixels become one: their mean.
template <class Pixel>
Tensor average_whole_blocks(const Tensor& picture, std::int64_t rows, std::int64_t columns) {
    using Sum = std::conditional_t<std::is_same_v<Pixel, float>, float, std::int32_t>;
    const Shape& shape = picture.shape();
    const auto in = picture.as<Pixel>();
    Tensor result({picture.dtype(), Shape{shape[0] / rows, shape[1] / columns, shape[2]}});
    auto out = result.mutable_view().as<Pixel>().begin();
    const float share = 1.0F / static_cast<float>(rows * columns);
    // Blocks of 2 x 2 bytes round a half up, all others to even: OpenCV has a path of its own for them, if there are
    // 1, 3 or 4 channels.
    const bool is_half_up =
        std::is_same_v<Pixel, std::uint8_t> && rows == 2 && columns == 2 && shape[2] != 2 && shape[2] < 5;
    for (std::int64_t y = 0; y < result.shape()[0]; ++y) {
        for (std::int64_t x = 0; x < result.shape()[1] * shape[2]; ++x) {
            Sum sum = 0;
            for (std::int64_t block = 0; block < rows * columns; ++block) {
                const std::int64_t from_row = y * rows + block / columns;
                const std::int64_t from_column = x / shape[2] * columns + block % columns;
                sum += static_cast<Sum>(
                    in[static_cast<std::size_t>((from_row * shape[1] + from_column) * shape[2] + x % shape[2])]);
            }
            *out++ = is_half_up ? static_cast<Pixel>((static_cast<std::int32_t>(sum) + 2) >> 2)
                                : rounded_pixel(static_cast<float>(sum) * share, Pixel{});
        }
    }
    return result;
}

/// A pixel that lies in a result's cell, as a whole or in part.
struct CellPart {
    std::int64_t from = 0;
    float weight = 0;
};

/// The cell of a result's pixel is `scale` pixels long; its first and last pixel may be shared with its neighbours.
std::vector<CellPart> find_cell(std::int64_t i, std::int64_t from, double scale) {
    const double begin = static_cast<double>(i) * scale;
    const double end = begin + scale;
    const double width = std::min(scale, static_cast<double>(from) - begin);
    const auto last = std::min(static_cast<std::int64_t>(std::floor(end)), from - 1);
    const auto first = std::min(static_cast<std::int64_t>(std::ceil(begin)), last);
    constexpr double kLeast = 1e-3;  // of a pixel; less is taken for an error of rounding
    std::vector<CellPart> parts;
    const double before = static_cast<double>(first) - begin;
    if (before > kLeast) parts.push_back({first - 1, static_cast<float>(before / width)});
    for (std::int64_t x = first; x < last; ++x) parts.push_back({x, static_cast<float>(1.0 / width)});
    const double behind = end - static_cast<double>(last);
    if (behind > kLeast) {
        parts.push_back({last, static_cast<float>(std::min({behind, 1.0, width}) / width)});
    }
    return parts;
}

/// Adds a row of the picture to the sums of a result's row, each pixel with its part of the cell and of the row.
template <class Pixel>
void add_row(std::span<const Pixel> row, const std::vector<std::vector<CellPart>>& columns, float weight,
             std::span<float> sums) {
    const std::size_t channels = sums.size() / columns.size();
    auto out = sums.begin();
    for (const std::vector<CellPart>& column : columns) {
        for (std::size_t c = 0; c < channels; ++c) {
            float sum = 0;
            for (const CellPart& part : column) {
                sum += static_cast<float>(row[static_cast<std::size_t>(part.from) * channels + c]) * part.weight;
            }
            *out++ += sum * weight;
        }
    }
}

/// Row by row of the result, with one row of sums: memory does not grow with the picture.
template <class Pixel>
Tensor average_parts(const Tensor& picture, std::int64_t height, std::int64_t width) {
    const Shape& shape = picture.shape();
    const auto row = static_cast<std::size_t>(shape[1] * shape[2]);
    const auto scale_of = [](std::int64_t from, std::int64_t to) {
        return 1.0 / (static_cast<double>(to) / static_cast<double>(from));
    };
    std::vector<std::vector<CellPart>> columns;
    for (std::int64_t x = 0; x < width; ++x) columns.push_back(find_cell(x, shape[1], scale_of(shape[1], width)));
    Tensor result({picture.dtype(), Shape{height, width, shape[2]}});
    auto out = result.mutable_view().as<Pixel>().begin();
    std::vector<float> sums(static_cast<std::size_t>(width * shape[2]));
    for (std::int64_t y = 0; y < height; ++y) {
        std::fill(sums.begin(), sums.end(), 0.0F);
        for (const CellPart& part : find_cell(y, shape[0], scale_of(shape[0], height))) {
            add_row(picture.as<Pixel>().subspan(static_cast<std::size_t>(part.from) * row, row), columns, part.weight,
                    std::span<float>(sums));
        }
        out = std::transform(sums.begin(), sums.end(), out, [](float sum) { return rounded_pixel(sum, Pixel{}); });
    }
    return result;
}

std::vector<std::int64_t> nearest_of_opencv(std::int64_t from, std::int64_t to) {
    // The pixel's corner decides, not its centre: OpenCV keeps this for old results' sake.
    const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
    std::vector<std::int64_t> positions;
    for (std::int64_t i = 0; i < to; ++i) {
        positions.push_back(std::min(static_cast<std::int64_t>(std::floor(static_cast<double>(i) * scale)), from - 1));
    }
    return positions;
}

/// The choice of the path is OpenCV's own, and part of the result: the paths round differently.
template <class Kind>
Tensor resample_kind(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    const Shape& shape = picture.shape();
    const bool is_whole = shape[0] % height == 0 && shape[1] % width == 0;
    const bool shrinks = shape[0] >= height && shape[1] >= width;
    const bool is_half = is_whole && shape[0] / height == 2 && shape[1] / width == 2;
    // Bilinear at half the size reads the same four pixels with equal weights, and OpenCV takes the faster way.
    if ((method == Interpolation::area && is_whole) || (method == Interpolation::bilinear && is_half)) {
        return average_whole_blocks<typename Kind::Pixel>(picture, shape[0] / height, shape[1] / width);
    }
    if (method == Interpolation::area && shrinks) return average_parts<typename Kind::Pixel>(picture, height, width);
    return resample_with_taps<Kind>(picture, height, width, method);
}

}  // namespace

Tensor resample_as_opencv(const Tensor& picture, std::int64_t height, std::int64_t width, Interpolation method) {
    const Shape& shape = picture.shape();
    if (shape[0] == height && shape[1] == width) return picture;  // cv2.resize copies
    if (method == Interpolation::nearest) {
        return pick_pixels(picture, nearest_of_opencv(shape[0], height), nearest_of_opencv(shape[1], width));
    }
    return picture.dtype() == DType::u8 ? resample_kind<OpencvBytes>(picture, height, width, method)
                                        : resample_kind<OpencvFloats>(picture, height, width, method);
}

}  // namespace halftone
