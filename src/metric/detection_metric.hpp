#pragma once
// DetectionMetric: mAP, COCOmAP and VOCmAP, which differ only in what they do where their section says nothing.

#include <cstdint>
#include <memory>
#include <string>

#include "metric/metric.hpp"

namespace halftone {

struct DetectionDefaults {
    std::string iou_thresholds;  ///< one number, or first:step:last
    std::int64_t points = 0;     ///< recalls at which precision is read; 0: the area under the curve
};

/// Returns the metric that the settings ask for: `iou_thrs`, `map_points` (0, 11, 101), `map_key`, `box_format`,
/// `normalized`, `output_index_mapping`, `categories`; `anno_path` is accepted and not needed.
/// @throws ConfigError for bad settings
[[nodiscard]] std::unique_ptr<Metric> make_detection_metric(const ConfigNode& node, const DetectionDefaults& defaults);

}  // namespace halftone
