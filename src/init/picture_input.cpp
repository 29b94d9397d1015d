// The usual way of a picture into a network, with a reason at each step: size, channels, scale, mean, layout.
#include "init/picture_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace halftone {
namespace {

/// Where a model leaves its size open, and pictures have none in common.
constexpr std::int64_t kUsualSize = 224;

/// The size of a dimension; 0 where it is open.
std::int64_t size_of_dim(const std::string& dim) { return std::max<std::int64_t>(0, parse_int(dim).value_or(0)); }

bool is_channel_count(std::int64_t size) { return size == 1 || size == 3; }

/// Resizing comes first, while pixels are bytes: that is where training does it.
void add_size(ConfigLines& lines, const PictureInput& input, const PictureSamples& samples) {
    const bool is_fixed = input.height > 0 && input.width > 0;
    if (is_fixed && samples.height == input.height && samples.width == input.width) return;
    if (!is_fixed && samples.height > 0) return;  // one size for all, and the model takes any
    const std::int64_t height = is_fixed ? input.height : kUsualSize;
    const std::int64_t width = is_fixed ? input.width : kUsualSize;
    lines.comment(0, is_fixed ? "The size is that of the model's input. The whole picture is resized to it; if your "
                                "training cut out the middle instead, resize to more and add CenterCrop."
                              : "The model takes any size and the pictures differ; 224 is an assumption.");
    lines.add(0, "Resize", fmt::format("{{size: [{}, {}]}}", height, width));
}

/// Grey pictures in a colour data set are the usual case, a colour picture for a grey model the rare one.
void add_channels(ConfigLines& lines, const PictureInput& input, const PictureSamples& samples,
                  const std::vector<std::string>& available) {
    // 0: no picture could be looked at; the dry run says why.
    if (samples.channels == 0 || input.channels == samples.channels) return;
    const bool can_align = std::find(available.begin(), available.end(), "AlignImageChannel") != available.end();
    lines.comment(0, fmt::format("The pictures have {} channel{}, the model takes {}.", samples.channels,
                                 samples.channels == 1 ? "" : "s", input.channels));
    if (can_align)
        lines.add(0, "AlignImageChannel", fmt::format("{{dim: {}}}", input.channels));
    else
        lines.comment(0, "This build has no transform that changes that: convert the files.");
}

/// Scale and mean are what is guessed most often and wrong most often; each line says what it rests on.
void add_scale(ConfigLines& lines, const PictureInput& input, const PictureSamples& samples) {
    if (input.takes_bytes) {
        lines.comment(0, "The model takes uint8, so pixels stay as they are: 0 to 255.");
        return;
    }
    lines.comment(0, "Pixels become fractions, 0 to 1: assumed, because most training divides by 255.");
    lines.add(0, "Rescale", "{}");
    if (input.channels == 3) {
        lines.comment(
            0,
            "Mean and deviation of ImageNet: assumed, because most models for colour pictures were trained or "
            "pretrained with them. Put in those of your training, or remove the line.");
        lines.add(0, "Normalize", "{mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}");
    } else if (samples.mean >= 0) {
        lines.comment(0, fmt::format("Mean and deviation of {}: assumed, because training usually takes those of its "
                                     "data. Put in those of your training, or remove the line.",
                                     samples.measured_on));
        lines.add(0, "Normalize", fmt::format("{{mean: {:.4f}, std: {:.4f}}}", samples.mean, samples.deviation));
    } else {
        lines.comment(0,
                      "LOOK HERE: training usually subtracts a mean and divides by a deviation. They are not known for "
                      "these pictures; add the transform Normalize if yours did.");
    }
}

}  // namespace

void PixelSums::add(std::span<const std::uint8_t> pixels) {
    // Squares are at most 65025, so that a term never overflows and the sums have room for 10^14 pixels.
    for (const std::uint8_t pixel : pixels) {
        sum_ += pixel;
        squares_ += static_cast<std::uint64_t>(pixel) * pixel;
    }
    count_ += pixels.size();
}

// The textbook formula is exact enough here: its sums are integers, and only the end is rounded.
void PixelSums::write_to(PictureSamples& samples) const {
    if (count_ == 0) return;
    const double mean = static_cast<double>(sum_) / static_cast<double>(count_);
    const double variance = static_cast<double>(squares_) / static_cast<double>(count_) - mean * mean;
    samples.mean = mean / 255;
    samples.deviation = std::max(std::sqrt(std::max(variance, 0.0)) / 255, 1e-4);
}

std::optional<PictureInput> picture_input(const ModelSurvey& model) {
    for (const ModelPort& port : model.inputs) {
        if (port.dims.size() != 4) continue;
        std::vector<std::int64_t> sizes;
        for (const std::string& dim : port.dims) sizes.push_back(size_of_dim(dim));
        // [N, 3, 3, 3] would be both; channels first is what exporters of PyTorch write, and they are more.
        const bool takes_bytes = port.type == "uint8";
        if (is_channel_count(sizes[1])) return PictureInput{sizes[1], sizes[2], sizes[3], true, takes_bytes};
        if (is_channel_count(sizes[3])) return PictureInput{sizes[3], sizes[1], sizes[2], false, takes_bytes};
    }
    return std::nullopt;
}

ConfigLines picture_transforms(const PictureInput& input, const PictureSamples& samples,
                               const std::vector<std::string>& available) {
    // The order is that of training: size, channels, scale, layout.
    ConfigLines lines;
    add_size(lines, input, samples);
    add_channels(lines, input, samples, available);
    add_scale(lines, input, samples);
    if (input.is_channels_first) {
        lines.comment(0, "Pictures are height, width, channels; the model takes channels, height, width.");
        lines.add(0, "Transpose", "{perm: [2, 0, 1]}");
    }
    return lines;
}

}  // namespace halftone
