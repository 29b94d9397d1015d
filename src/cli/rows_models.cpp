// The commands about one model: import, inspect, run, bench and quantize.
//
//   import_command             a framework's model to an ONNX file
//   inspect_command            looks at a model; nothing runs
//   run_command                arrays in, arrays out
//   bench_command              its rows in two parts: which model is measured, and how
//   quantize_command           best.yaml and the fp32 model to best.onnx
//
// None of them has data, so what a config and its samples say elsewhere is said by options here: sizes of open
// dimensions, and the part of the model that is meant.

#include "cli/command_rows.hpp"
#include "cli/shared_rows.hpp"

namespace halftone::cli {
namespace {

OptionRow model_row(std::string& model, const std::string& help) {
    return {.name = "model", .target = &model, .type = "M.onnx", .help = help, .is_required = true};
}

/// The only command beside those with a config that may load a model of a framework.
CommandRow import_command(ImportCommand& options) {
    return {
        .name = "import",
        .help = "Makes an ONNX file of a TensorFlow, PyTorch or MXNet model.",
        .options = {{.name = "source",
                     .target = &options.source,
                     .type = "SRC",
                     .help = "The model: a SavedModel folder, or a file .pb, .keras, .h5, .tflite, .pt2, .pt "
                             "(TorchScript) or NAME-symbol.json.",
                     .is_required = true},
                    {.name = "--output",
                     .target = &options.output,
                     .type = "M.onnx",
                     .help = "Writes the ONNX model to this file, and the log to the folder M.onnx.import.",
                     .is_required = true},
                    framework_row(options.framework, "Refuses a model that is not of this framework."),
                    // Not those of part_rows: these names go to the converter, before there is an ONNX file to cut.
                    {.name = "--inputs",
                     .target = &options.inputs,
                     .type = "A,B",
                     .help = "Names the inputs of a frozen graph, if they cannot be guessed."},
                    {.name = "--outputs",
                     .target = &options.outputs,
                     .type = "C",
                     .help = "Names the outputs of a frozen graph or of TorchScript."},
                    {.name = "--shape",
                     .target = &options.shapes,
                     .type = "NAME=1,3,224,224",
                     .help = "Gives the shape of an input, if the file does not say it. May be given several times."},
                    // A user's own environment often has the very version of the framework that wrote the model.
                    {.name = "--python",
                     .target = &options.python,
                     .type = "EXE",
                     .help = "Uses this Python, which must have the framework; by default the one that "
                             "scripts/setup.sh made."},
                    json_row(options.as_json)},
        .footer =
            "Examples:\n"
            "  halftone import saved_model_folder --output model.onnx\n"
            "  halftone import model.pt2 --output model.onnx --python ~/venv/bin/python\n"
            "  halftone import net-symbol.json --shape data=1,3,224,224 --output model.onnx\n"
            "A SavedModel or TorchScript file can hold code that runs when it is loaded: import only what you trust."};
}

/// It looks at a model alone, so sizes that data would give come from options.
CommandRow inspect_command(InspectOptions& options) {
    return {
        .name = "inspect",
        .help = "Shows units and shapes, what each unit can be and why not, and the size of the search space.",
        .options = rows_in_order(
            {{model_row(options.model, "The ONNX file."),
              framework_row(options.framework,
                            "Imports the model as one of this framework, by default that of the config."),
              {.name = "--config",
               .target = &options.config,
               .type = "CONFIG",
               .help = "Narrows the options by the rules of this config."},
              {.name = "--units",
               .target = &options.shows_units,
               .help = "Shows each unit with its nodes, shapes, options and refusals."},
              // The JSON needs no --units: scripts pick from it what they want.
              {.name = "--json", .target = &options.as_json, .help = "Prints one JSON object, which holds all units."}},
             size_rows(options.sizes),
             part_rows(options.part),
             {overrides_row(options.overrides)}}),
        .footer = "Example:\n  halftone inspect model.onnx --config configs/demo/tune.yaml"};
}

/// Arrays in, arrays out: for comparing single results with other runtimes.
CommandRow run_command(RunOptions& options) {
    return {.name = "run",
            .help = "Runs a model once on given arrays.",
            .options = {model_row(options.model, "The ONNX file."),
                        {.name = "--input",
                         .target = &options.inputs,
                         .type = "[NAME=]X.npy",
                         .help = "Gives the array of an input, by its name, or in the order of the graph. May be given "
                                 "several times."},
                        {.name = "--output",
                         .target = &options.output,
                         .type = "DIR",
                         .help = "Writes each output as a .npy file into this folder.",
                         .is_required = true},
                        // Plain loops are the oracle: a difference shows a fault of a fast kernel.
                        {.name = "--ref",
                         .target = &options.uses_reference,
                         .help = "Uses the plain reference kernels instead of the fast ones."}},
            .footer = "Example:\n  halftone run model.onnx --input x.npy --output out"};
}

/// Which model bench measures. The kernels may be chosen by measurement first; the choice can be kept in a plan.
std::vector<OptionRow> bench_model_rows(BenchOptions& options) {
    return {model_row(options.model, "The ONNX file, fp32 or quantized."),
            framework_row(options.framework, "Imports the model as one of this framework."),
            {.name = "--precision",
             .target = &options.precision,
             .type = "WORD",
             .help = "Runs the model as it is (as-is, the default), in fp32, in bf16, or in int8 with the ranges of "
                     "random inputs.",
             .words = {"as-is", "fp32", "int8", "bf16"}},
            // A plan says the precision of each unit, so the two together would contradict each other.
            {.name = "--plan",
             .target = &options.plan,
             .type = "best.yaml",
             .help = "Quantizes the model as this best.yaml says.",
             .excludes = {"--precision"}},
            {.name = "--autotune",
             .target = &options.autotunes,
             .help = "First times every kernel that can run a step and keeps the fastest; --save and --save-plan write "
                     "the choice."},
            // It is the user's plan with the kernels replaced; without either there is nothing to write.
            {.name = "--save-plan",
             .target = &options.save_plan,
             .type = "PLAN.yaml",
             .help = "Writes the plan with the chosen kernels to this file.",
             .needs = {"--autotune", "--plan"}},
            {.name = "--save",
             .target = &options.save,
             .type = "M.onnx",
             .help = "Also writes the measured model to this file."}};
}

std::vector<OptionRow> bench_measurement_rows(BenchOptions& options) {
    // What these numbers may be is checked by the command: its limits are those of a config, with a message of its own.
    return {{.name = "--batch",
             .target = &options.batch,
             .type = "N",
             .help = "How many samples run together, by default 1."},
            {.name = "--threads",
             .target = &options.threads,
             .type = "N",
             .help = "How many threads the kernels use, by default 1."},
            {.name = "--rounds",
             .target = &options.rounds,
             .type = "N",
             .help = "How many rounds are measured, by default 15. A round takes about 0.1 s and includes one profiled "
                     "run."},
            json_row(options.as_json),
            {.name = "--on-demand",
             .target = &options.on_demand,
             .help = "For scripts that measure several programs in turn: each line of standard input starts a round, "
                     "whose latencies in ms are printed as a JSON array; the end of the input prints what --json "
                     "prints."}};
}

CommandRow bench_command(BenchOptions& options) {
    return {.name = "bench",
            .help = "Measures a model's latency, step by step.",
            .options = rows_in_order({bench_model_rows(options), size_rows(options.sizes), part_rows(options.part),
                                      bench_measurement_rows(options)}),
            .footer =
                "Examples:\n  halftone bench model.onnx --batch 1 --threads 2 --json\n"
                "  halftone bench model.onnx --plan out/best.yaml --autotune --save-plan out/tuned.yaml --save "
                "tuned.onnx\n"
                "Times differ from run to run. Nothing else should run on the machine meanwhile."};
}

/// No data are asked for: every number that decides a bit of the file stands in the plan.
CommandRow quantize_command(QuantizeOptions& options) {
    return {.name = "quantize",
            .help = "Rebuilds a tuned model from its best.yaml, bit for bit.",
            .options = rows_in_order({{model_row(options.model, "The fp32 ONNX file that was tuned."),
                                       {.name = "--plan",
                                        .target = &options.plan,
                                        .type = "best.yaml",
                                        .help = "The plan file of the tuned model: it says what each unit becomes.",
                                        .is_required = true},
                                       {.name = "--output",
                                        .target = &options.output,
                                        .type = "OUT.onnx",
                                        .help = "Writes the model to this file.",
                                        .is_required = true}},
                                      size_rows(options.sizes),
                                      part_rows(options.part)}),
            .footer = "Example:\n  halftone quantize model.onnx --plan out/best.yaml --output rebuilt.onnx"};
}

}  // namespace

std::vector<CommandRow> rows_of_models(CommandLine& line) {
    return {import_command(line.import), inspect_command(line.inspect), run_command(line.run),
            bench_command(line.bench), quantize_command(line.quantize)};
}

}  // namespace halftone::cli
