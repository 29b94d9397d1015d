#pragma once
// Models that find objects: which output holds boxes, which scores, and what a metric must be told about them.

#include <optional>

#include "graph/onnx/onnx_model.hpp"
#include "init/config_lines.hpp"

namespace halftone {

/// Metric and post-processing of a detector.
struct DetectionSections {
    ConfigLines metric;                      ///< below `metric`, at level 0
    std::optional<ConfigLines> postprocess;  ///< below `postprocess.transform`; nothing: the graph ends in suppression
};

/// Returns the sections for a model with an output of boxes (its last dimension is 4) and one of scores beside it.
/// Nothing if the model has no such outputs.
[[nodiscard]] std::optional<DetectionSections> detection_sections(const ModelSurvey& model);

}  // namespace halftone
