#pragma once
// DetectionFields: which outputs and targets of a sample say what was found and what is there, and in which units. It
// reads a sample's answer into COCO's words: objects and detections in pixels of the original picture.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metric/coco.hpp"
#include "metric/metric.hpp"

namespace halftone {

/// What a config says about a model's detections.
struct DetectionSettings {
    /// Empty: what a postprocess says (MetricFields::boxes), or else LPOT's: shares of the picture, top and left first.
    std::optional<BoxFormat> box_format;
    std::optional<bool> is_normalized;
    /// Position of an output by role: num_detections (-1: there is none), boxes, scores, classes. Empty: names decide,
    /// or else the order.
    std::map<std::string, std::int64_t> output_mapping;
    /// The category of class 0, 1, 2 … of the outputs; empty: classes are categories.
    std::vector<std::int64_t> categories;
};

class DetectionFields {
public:
    explicit DetectionFields(DetectionSettings settings) : settings_(std::move(settings)) {}

    /// @throws ConfigError, with the reason, if some role is played by no output or target
    void bind(const MetricFields& fields);

    /// Returns the objects of a sample. Rows whose label is below 0 are padding, and hold no object.
    /// @throws DataError, naming the sample, if the targets' sizes do not fit one another
    [[nodiscard]] std::vector<CocoObject> objects(const SampleAnswer& answer) const;
    /// Returns the detections of a sample, in the order of the outputs; those with a number that is not finite are
    /// left out. @throws DataError, naming the sample, if the outputs' sizes do not fit one another
    [[nodiscard]] std::vector<CocoDetection> detections(const SampleAnswer& answer) const;
    /// Returns COCO's number of the picture, or the sample's number where the data set has none.
    [[nodiscard]] std::int64_t picture_id(const SampleAnswer& answer) const;

private:
    /// Factors from a box's unit to pixels of the original picture.
    struct Scale {
        double x = 1;
        double y = 1;
    };
    void bind_outputs(const std::vector<Field>& outputs);
    void bind_targets(const std::vector<Field>& targets);
    [[nodiscard]] Scale original_scale(const SampleAnswer& answer) const;
    [[nodiscard]] Scale output_scale(const SampleAnswer& answer) const;
    [[nodiscard]] std::optional<std::int64_t> category_of(double number, std::int64_t sample) const;

    DetectionSettings settings_;
    BoxLayout layout_;
    // Positions among the outputs and targets.
    std::size_t boxes_ = 0, scores_ = 0, classes_ = 0;
    std::optional<std::size_t> count_;  ///< how many of the rows are detections; empty: all of them
    std::size_t true_boxes_ = 0, labels_ = 0;
    std::optional<std::size_t> crowd_, area_, image_id_, size_, original_size_;
};

}  // namespace halftone
