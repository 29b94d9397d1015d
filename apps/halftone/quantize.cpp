// The command quantize: a model quantized as a best.yaml says. The result is the file that the search delivered, bit
// for bit, on any machine.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/output_file.hpp"
#include "commands.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "import/model_source.hpp"
#include "setup.hpp"

namespace halftone::app {

int run_quantize(const QuantizeOptions& options) {
    check_output_file("--output", options.output, {options.model, options.plan});
    // No calibration and no data: every number that decides a bit of the file stands in the plan.
    const InputSizes sizes = parse_input_sizes(options.sizes.shapes, options.sizes.dims);
    const ModelEnds ends = parse_ends(options.part.inputs, options.part.outputs);
    PreparedModel model =
        prepare_for_tuning(read_framework_model(options.model, "", sizes, ends), options.model, sizes);
    const LoadedPlan loaded = read_plan(options.plan, model);  // also prepares the model by the plan's recipes
    const QuantizedModel quantized = apply_plan(model.graph, model.units, loaded.plan, loaded.numbers);
    const std::uint64_t bytes_written =
        write_onnx(*make_posix_file_system(), options.output, with_kernels(quantized.graph, loaded.kernels));
    const bool has_weight_only = std::any_of(loaded.plan.units.begin(), loaded.plan.units.end(),
                                             [](const UnitConfig& unit) { return unit.is_weight_only(); });
    fmt::print("{}: {} of {} units {}, {} bytes\n", options.output,
               model.units.size() - loaded.plan.high_precision_units(), model.units.size(),
               has_weight_only ? "quantized" : "in int8", bytes_written);
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
