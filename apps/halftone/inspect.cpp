// The command inspect: units of a model, what each can be on this machine, and why not; of a model that cannot be read,
// everything that stands in the way.
#include <fmt/format.h>

#include "base/error.hpp"
#include "commands.hpp"
#include "eval/from_config.hpp"
#include "eval/workbench.hpp"
#include "import/model_source.hpp"
#include "setup.hpp"
#include "show/inspection.hpp"

namespace halftone::app {

int run_inspect(const InspectOptions& options) {
    RunConfig config;
    InputSizes sizes = parse_input_sizes(options.sizes.shapes, options.sizes.dims);
    if (!options.config.empty()) {
        config = load_config(options.config, options.overrides);
        check_isa(config);
        sizes.shapes.insert(config.input_shapes.begin(), config.input_shapes.end());  // the option's word comes first
    }
    // LPOT's configs keep the word of their framework for models that were converted. Only the option's word asks for
    // an import, so only that one is worth a warning where it has no effect.
    const bool uses_config = options.framework.empty() && !options.model.ends_with(".onnx");
    const std::string& framework = uses_config ? config.framework : options.framework;
    ModelEnds ends = parse_ends(options.part.inputs, options.part.outputs);
    if (ends.is_empty() && !options.config.empty()) ends = config_ends(config);  // the option's word comes first
    show::Inspection inspection;
    try {
        // The constraints as tune resolves them: else options would be shown that a search on this machine does not
        // have.
        show::inspect_model(inspection, read_framework_model(options.model, framework, sizes, ends), options.model,
                            sizes, resolve_auto(config.quantization));
    } catch (ConfigError& error) {
        name_place_of_sizes(error, config);
        throw;
    } catch (const ModelError&) {
        if (options.as_json && !inspection.survey.faults.empty()) fmt::print("{}", show::inspection_line(inspection));
        throw;
    }
    fmt::print("{}", options.as_json ? show::inspection_line(inspection)
                                     : show::inspection_text(inspection, options.shows_units));
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
