#pragma once
// Which metric fits a model's outputs and the targets of its data.

#include <string>
#include <vector>

#include "graph/onnx/onnx_model.hpp"
#include "init/config_lines.hpp"
#include "init/found_data.hpp"

namespace halftone {

/// Whether a metric compares the data's targets with an output of the model. If not, choose_metric() takes agreement.
[[nodiscard]] bool has_metric(const ModelSurvey& model, const FoundData& data);

/// Returns the lines below `metric`, with the reason for the choice above them. Without targets it is agreement with
/// the fp32 model.
[[nodiscard]] ConfigLines choose_metric(const ModelSurvey& model, const FoundData& data);

}  // namespace halftone
