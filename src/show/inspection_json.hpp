#pragma once
// What the command inspect says, as JSON. Only the room show sees this header, because of nlohmann's.

#include <nlohmann/json.hpp>

#include "show/inspection.hpp"

namespace halftone::show {

using Json = nlohmann::ordered_json;

/// Returns what the file declares of its inputs and outputs, and its faults.
[[nodiscard]] Json survey_json(const ModelSurvey& survey);

/// Returns inputs and outputs, units with shapes, options of the space, offered words and refusals with reasons.
/// @pre inspect_model returned, so that there is a space
[[nodiscard]] Json inspection_json(const Inspection& inspection);

/// Returns the bytes of one line. A refused file may hold names that are no UTF-8: they get question marks.
[[nodiscard]] std::string json_line(const Json& json);

}  // namespace halftone::show
