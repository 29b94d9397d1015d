// ColorJitter: brightness, contrast, saturation and hue changed by random factors, in a random order, which the
// sample's number decides. Source: torchvision.transforms.ColorJitter on pictures of Pillow (ImageEnhance, Blend.c,
// Convert.c), whose bytes the results are.
//
//   read_factors     v stands for [max(0, 1 - v), 1 + v]; [low, high] is taken as it is
//   blend            Pillow's mixture of two pictures: the enhancers mix with black, with grey, with the mean grey
//   shift_hue        to hue, saturation, value; the hue turned; back
//   ColorJitter      draws and applies

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/error.hpp"
#include "data/picture_transform.hpp"

namespace halftone {
namespace {

using Bytes = std::span<std::uint8_t>;

struct FactorRange {
    double low = 1, high = 1;
};

/// In the order in which torchvision numbers them.
enum class ColorChange : std::uint8_t { brightness, contrast, saturation, hue };
constexpr std::size_t kColorChanges = 4;
using FactorRanges = std::array<FactorRange, kColorChanges>;

/// base + factor * (value - base), cut off. Pillow computes it in fp32.
std::uint8_t blend(std::uint8_t base, std::uint8_t value, float factor) {
    const float mixed = static_cast<float>(base) + factor * (static_cast<float>(value) - static_cast<float>(base));
    return static_cast<std::uint8_t>(std::clamp(mixed, 0.0F, 255.0F));
}

/// Pillow's luma of a pixel of one or three channels.
std::uint8_t luma(const std::uint8_t* pixel, std::size_t channels) {
    if (channels == 1) return pixel[0];
    return static_cast<std::uint8_t>((pixel[0] * 19595U + pixel[1] * 38470U + pixel[2] * 7471U + 0x8000U) >> 16U);
}

void change_brightness(Bytes bytes, float factor) {
    for (std::uint8_t& value : bytes) value = blend(0, value, factor);
}

/// Away from, or towards, the mean grey of the whole picture: so it matters whether a crop comes before.
void change_contrast(Bytes bytes, std::size_t channels, float factor) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += channels) sum += luma(&bytes[i], channels);
    const double pixels = static_cast<double>(bytes.size() / channels);
    const auto mean = static_cast<std::uint8_t>(static_cast<double>(sum) / pixels + 0.5);
    for (std::uint8_t& value : bytes) value = blend(mean, value, factor);
}

/// Away from, or towards, each pixel's own grey.
void change_saturation(Bytes bytes, std::size_t channels, float factor) {
    for (std::size_t i = 0; i < bytes.size(); i += channels) {
        const std::uint8_t grey = luma(&bytes[i], channels);
        for (std::size_t c = 0; c < channels; ++c) bytes[i + c] = blend(grey, bytes[i + c], factor);
    }
}

struct HueSaturationValue {
    std::uint8_t hue, saturation, value;
};

std::uint8_t byte_of(double value) { return static_cast<std::uint8_t>(std::clamp(static_cast<int>(value), 0, 255)); }

/// Source: Pillow, Convert.c, rgb2hsv_row, with its mixture of fp32 and fp64.
HueSaturationValue to_hsv(const std::uint8_t* rgb) {
    const int r = rgb[0];
    const int g = rgb[1];
    const int b = rgb[2];
    const int most = std::max({r, g, b});
    const int least = std::min({r, g, b});
    if (most == least) return {0, 0, static_cast<std::uint8_t>(most)};
    const auto width = static_cast<float>(most - least);
    const float saturation = width / static_cast<float>(most);
    const float red = static_cast<float>(most - r) / width;
    const float green = static_cast<float>(most - g) / width;
    const float blue = static_cast<float>(most - b) / width;
    float hue = 0;
    if (r == most) {
        hue = blue - green;
    } else if (g == most) {
        hue = static_cast<float>(2.0 + static_cast<double>(red) - static_cast<double>(blue));
    } else {
        hue = static_cast<float>(4.0 + static_cast<double>(green) - static_cast<double>(red));
    }
    hue = static_cast<float>(std::fmod(static_cast<double>(hue) / 6.0 + 1.0, 1.0));
    return {byte_of(static_cast<double>(hue) * 255.0), byte_of(static_cast<double>(saturation) * 255.0),
            static_cast<std::uint8_t>(most)};
}

/// Source: Pillow, Convert.c, hsv2rgb.
void to_rgb(const HueSaturationValue& hsv, std::uint8_t* rgb) {
    const std::uint8_t v = hsv.value;
    if (hsv.saturation == 0) {
        std::fill_n(rgb, 3, v);
        return;
    }
    const double sixths = static_cast<double>(hsv.hue) * 6.0 / 255.0;
    const int sixth = static_cast<int>(std::floor(sixths));
    const auto part = static_cast<float>(sixths - sixth);
    const auto saturation = static_cast<float>(hsv.saturation / 255.0);
    const auto share = [&](double of) { return byte_of(std::round(static_cast<double>(v) * (1.0 - of))); };
    const std::uint8_t p = share(static_cast<double>(saturation));
    const std::uint8_t q = share(static_cast<double>(saturation * part));
    const std::uint8_t t = share(static_cast<double>(saturation) * (1.0 - static_cast<double>(part)));
    const std::array<std::array<std::uint8_t, 3>, 6> colours{
        {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}};
    std::copy_n(colours[static_cast<std::size_t>(sixth % 6)].begin(), 3, rgb);
}

void shift_hue(Bytes bytes, std::size_t channels, double factor) {
    if (channels != 3) return;  // grey has no hue
    // The whole circle is 255 steps for Pillow, and 256 for the sum of bytes, which wraps around.
    const auto shift = static_cast<std::uint8_t>(static_cast<int>(factor * 255));
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        HueSaturationValue hsv = to_hsv(&bytes[i]);
        hsv.hue = static_cast<std::uint8_t>(hsv.hue + shift);
        to_rgb(hsv, &bytes[i]);
    }
}

class ColorJitter final : public PictureTransform {
public:
    ColorJitter(Reader& reader, const FactorRanges& ranges)
        : PictureTransform(reader, "ColorJitter"), ranges_(ranges) {}

private:
    PictureSize output_size(PictureSize from) const override { return from; }
    TensorType output_type(const TensorType& picture) const override {
        const std::int64_t channels = picture.shape[2];
        const bool fits = picture.dtype == DType::u8 && (channels == 1 || channels == 3 || channels == kSymbolic);
        if (!fits) throw DataError("colours are bytes with one or three channels, unlike those of the picture");
        return picture;
    }
    std::vector<PictureStep> steps(PictureSize, std::int64_t) const override { return {}; }

    Tensor finish(Tensor picture, std::int64_t sample_id) const override {
        picture = picture.clone();
        Rng random = random_numbers(sample_id);
        std::array<ColorChange, kColorChanges> order{ColorChange::brightness, ColorChange::contrast,
                                                     ColorChange::saturation, ColorChange::hue};
        for (std::size_t i = kColorChanges; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
        for (const ColorChange change : order) {
            const FactorRange& range = ranges_[static_cast<std::size_t>(change)];
            // Each draws also where its factor is fixed: so the draws of the others do not depend on it.
            const double drawn = random.uniform();
            apply_change(picture, change, range.low + (range.high - range.low) * drawn);
        }
        return picture;
    }

    static void apply_change(Tensor& picture, ColorChange change, double factor) {
        const Bytes bytes = picture.mutable_view().as<std::uint8_t>();
        const auto channels = static_cast<std::size_t>(picture.shape()[2]);
        const auto single = static_cast<float>(factor);
        if (factor == (change == ColorChange::hue ? 0.0 : 1.0)) return;
        switch (change) {
            case ColorChange::brightness:
                return change_brightness(bytes, single);
            case ColorChange::contrast:
                return change_contrast(bytes, channels, single);
            case ColorChange::saturation:
                return change_saturation(bytes, channels, single);
            case ColorChange::hue:
                return shift_hue(bytes, channels, factor);
        }
    }

    FactorRanges ranges_;
};

/// Reads a factor that is around `centre`: a number v for centre - v to centre + v, or the two limits.
FactorRange read_factors(Reader& reader, std::string_view key, double centre, FactorRange limits) {
    const std::vector<double> given = reader.numbers(key, {0});
    FactorRange range;
    if (given.size() == 2) range = {given[0], given[1]};
    if (given.size() == 1) range = {centre - given[0], centre + given[0]};
    // torchvision cuts a lower limit below 0 off, but not the one of a hue.
    if (given.size() == 1 && given[0] >= 0 && centre > 0) range.low = std::max(range.low, 0.0);
    const bool is_good = !given.empty() && given.size() <= 2 && range.low >= limits.low && range.low <= range.high &&
                         range.high <= limits.high;
    if (!is_good) reader.fail(key, "must be a number, or two: the lowest and the highest factor");
    return range;
}

}  // namespace

std::unique_ptr<Transform> make_color_jitter(const ConfigNode& node, Framework) {
    Reader reader(node);
    constexpr FactorRange kFactors{0, 1000};
    const FactorRanges ranges{
        read_factors(reader, "brightness", 1, kFactors), read_factors(reader, "contrast", 1, kFactors),
        read_factors(reader, "saturation", 1, kFactors), read_factors(reader, "hue", 0, {-0.5, 0.5})};
    auto made = std::make_unique<ColorJitter>(reader, ranges);
    reader.finish();
    return made;
}

}  // namespace halftone
