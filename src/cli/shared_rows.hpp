#pragma once
// Options that several commands have.

#include <string>
#include <vector>

#include "cli/command_rows.hpp"

namespace halftone::cli {

/// Returns --set. It takes exactly one word, so that it can stand before the positional arguments.
[[nodiscard]] OptionRow overrides_row(std::vector<std::string>& overrides);

/// Returns --json, which has the same text for every command but a dry run.
[[nodiscard]] OptionRow json_row(bool& as_json);

/// Returns --framework: the word of a config's model.framework. A framework loads the model only if it is given.
[[nodiscard]] OptionRow framework_row(std::string& framework, const std::string& help);

/// Returns --shape and --dim, for commands that read a model without data, so that no sample gives the sizes.
[[nodiscard]] std::vector<OptionRow> size_rows(SizeOptions& sizes);

/// Returns --inputs and --outputs. They mean the same as model.inputs and model.outputs in a config.
[[nodiscard]] std::vector<OptionRow> part_rows(PartOptions& part);

/// Returns the rows of all parts, in order.
[[nodiscard]] std::vector<OptionRow> rows_in_order(const std::vector<std::vector<OptionRow>>& parts);

}  // namespace halftone::cli
