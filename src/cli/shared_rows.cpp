#include "cli/shared_rows.hpp"

namespace halftone::cli {

// The value is YAML: a list or a map may stand behind the "=", with quotes for the shell around all of it.
OptionRow overrides_row(std::vector<std::string>& overrides) {
    return {
        .name = "--set",
        .target = &overrides,
        .type = "KEY=YAML",
        .help =
            "Replaces a key of the config, for example tuning.exit_policy.max_trials=20. May be given several times."};
}

OptionRow json_row(bool& as_json) { return {.name = "--json", .target = &as_json, .help = "Prints one JSON object."}; }

// The words are those of LPOT's configs that name a framework; ONNX Runtime's have nothing to import.
OptionRow framework_row(std::string& framework, const std::string& help) {
    return {.name = "--framework",
            .target = &framework,
            .type = "WORD",
            .help = help,
            .words = {"tensorflow", "pytorch", "mxnet"}};
}

// An input is named for its whole shape; a dimension that several inputs share is named once.
std::vector<OptionRow> size_rows(SizeOptions& sizes) {
    return {{.name = "--shape",
             .target = &sizes.shapes,
             .type = "NAME=1,3,320,320",
             .help = "Gives the sizes of an input whose dimensions are open; '?' leaves a dimension open. May be given "
                     "several times."},
            {.name = "--dim",
             .target = &sizes.dims,
             .type = "NAME=320",
             .help = "Gives the size of the open dimension of this name. May be given several times."}};
}

std::vector<OptionRow> part_rows(PartOptions& part) {
    return {{.name = "--inputs",
             .target = &part.inputs,
             .type = "A,B",
             .help = "Uses the part of the model that begins at these tensors."},
            {.name = "--outputs",
             .target = &part.outputs,
             .type = "A,B",
             .help = "Uses the part of the model that ends at these tensors."}};
}

std::vector<OptionRow> rows_in_order(const std::vector<std::vector<OptionRow>>& parts) {
    std::vector<OptionRow> rows;
    for (const std::vector<OptionRow>& part : parts) rows.insert(rows.end(), part.begin(), part.end());
    return rows;
}

}  // namespace halftone::cli
