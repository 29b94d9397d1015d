#pragma once
// The command inspect: what a model file holds, what each unit of it can be on this machine, and what stands in the
// way.

#include <optional>
#include <string>

#include "config/run_config.hpp"
#include "exec/prepared_model.hpp"
#include "graph/capability.hpp"
#include "graph/input_sizes.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "space/search_space.hpp"

namespace halftone::show {

/// What is known of a model. Neither this nor the texts made from it hold times or lines of a config: two runs on one
/// kind of machine give equal bytes, which scripts compare.
struct Inspection {
    ModelSurvey survey;                ///< also of a file that is refused
    PreparedModel model;               ///< empty for a file that is refused
    CapabilityTable capability;        ///< by unit
    std::optional<SearchSpace> space;  ///< null for a file that is refused
};

/// Looks at a model as tune would do it, and puts what it learns into `inspection`, the survey first.
/// @param bytes  an ONNX file; @param name  stands in messages
/// @param constraints  after resolve_auto
/// @throws ModelError with everything that stands in the way, at once; ConfigError for sizes that do not fit. The
/// survey
///         is complete then, and names the faults
void inspect_model(Inspection& inspection, const SharedBytes& bytes, const std::string& name, const InputSizes& sizes,
                   const QuantizationConfig& constraints);

/// Returns one JSON object and a line end: inputs, outputs, faults and, where the model was accepted, units.
[[nodiscard]] std::string inspection_line(const Inspection& inspection);

/// Returns inputs and outputs, units by type, what they have in common, what falls out and why, the size of the space.
/// @param shows_units  also each unit with all of it
/// @pre inspect_model returned
[[nodiscard]] std::string inspection_text(const Inspection& inspection, bool shows_units);

}  // namespace halftone::show
