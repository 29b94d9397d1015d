#pragma once
// Models that take pictures, and the transforms that pictures need on their way into them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/onnx/onnx_model.hpp"
#include "init/config_lines.hpp"

namespace halftone {

/// An input that takes pictures, as its shape says.
struct PictureInput {
    std::int64_t channels = 0;           ///< 1 or 3
    std::int64_t height = 0, width = 0;  ///< 0: open in the model
    bool is_channels_first = false;      ///< [N, channels, height, width], else [N, height, width, channels]
    bool takes_bytes = false;            ///< its type is uint8: pixels go in as they are
};

/// Returns the first input with four dimensions of which the second or the last is 1 or 3; nothing if there is none.
[[nodiscard]] std::optional<PictureInput> picture_input(const ModelSurvey& model);

/// Pictures as a data set yields them, [height, width, channels] uint8.
struct PictureSamples {
    std::int64_t height = 0, width = 0;  ///< 0: they differ
    std::int64_t channels = 0;
    /// Mean and deviation of the pixels as fractions of 255, where they were measured on the data; -1: not measured.
    double mean = -1, deviation = -1;
    std::string measured_on = {};  ///< "10000 pictures of the training files"
};

/// Adds up pixels for their mean and deviation. Sums of integers are exact: 2^40 pixels stay below 2^63.
class PixelSums {
public:
    void add(std::span<const std::uint8_t> pixels);
    /// Sets mean and deviation; nothing where no pixel was added.
    void write_to(PictureSamples& samples) const;

private:
    std::uint64_t count_ = 0, sum_ = 0, squares_ = 0;
};

/// Returns the transforms, each with the reason for it.
/// @param available  names of this build's transforms
[[nodiscard]] ConfigLines picture_transforms(const PictureInput& input, const PictureSamples& samples,
                                             const std::vector<std::string>& available);

}  // namespace halftone
