#pragma once
// The file beside a plan that holds the codes which calibration data chose (GPTQ): they follow from no number of the
// plan and are too many for its text. It is an .npz archive, so that people can read it with NumPy. README.md has its
// arrays.

#include <map>
#include <optional>
#include <string>

#include "exec/gptq.hpp"
#include "exec/plan_numbers.hpp"
#include "plan/plan_document.hpp"

namespace halftone {

/// Codes and parameters of weights by blocks, by the name of the unit, in the form of the weight.
using CodesByUnit = std::map<std::string, BlockCodes>;

struct CodesFile {
    std::string bytes;    ///< of the .npz archive
    PlanCodes reference;  ///< what the plan says of it
};

/// Returns the file of the codes that the numbers hold; nothing if they hold none. The same numbers give the same
/// bytes.
/// @param name  of the file, which will stand in the folder of the plan
[[nodiscard]] std::optional<CodesFile> write_codes(const PlanNumbers& numbers, const std::string& name);

/// Reads the file that a plan names. What stands in it is checked against the model by load_plan.
/// @param plan_path  of the plan file; the codes stand in the same folder
/// @return  nothing for a plan without codes
/// @throws ConfigError  the file is missing, or has other bytes than those that belong to the plan
/// @throws DataError  it is damaged
[[nodiscard]] CodesByUnit read_codes(const ParsedPlan& parsed, const std::string& plan_path);

}  // namespace halftone
