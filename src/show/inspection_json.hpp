#pragma once
// What the command inspect says, as JSON. Only the room show sees this header, because of nlohmann's.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "show/inspection.hpp"

namespace halftone::show {

using Json = nlohmann::ordered_json;

/// What units can have in common: options, offered words and refusals. A model of 100,000 layers has a handful of them,
/// and their texts are made once.
struct UnitKind {
    std::vector<std::string> options;  ///< "uint8/asym/per_tensor/kl x int8/sym/per_channel/minmax", of the space
    std::string offered;  ///< the words that lists in the config can name, whether the space has them or not
    SharedList<Refusal> refused;
    std::size_t units = 0;  ///< how many units are of this kind
    std::string first;      ///< the name of the first of them
};

/// The kinds in the order in which units of them first appear, and the kind of each unit.
struct UnitKinds {
    std::vector<UnitKind> kinds;
    std::vector<std::size_t> of_unit;
};
/// @pre inspect_model returned, so that there is a space
[[nodiscard]] UnitKinds unit_kinds(const Inspection& inspection);

/// Returns what the file declares of its inputs and outputs, and its faults.
[[nodiscard]] Json survey_json(const ModelSurvey& survey);

/// Returns the survey and what is known of the model as a whole: all but the units and the size of the space.
/// @pre inspect_model returned
[[nodiscard]] Json model_json(const Inspection& inspection);

/// Returns what one unit has for itself: name, operator, nodes and shapes.
[[nodiscard]] Json unit_json(const PreparedModel& model, const Unit& unit);

/// Returns the whole line: model_json, each unit with what its kind has, and the size of the space. Units are written
/// one by one, so that the line is all that a large model needs.
[[nodiscard]] std::string whole_line(const Inspection& inspection);

/// Returns the bytes of one line. A refused file may hold names that are no UTF-8: they get question marks.
[[nodiscard]] std::string json_line(const Json& json);

}  // namespace halftone::show
