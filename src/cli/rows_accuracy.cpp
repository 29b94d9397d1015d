// The commands that judge accuracy: tune and eval.
//
//   tune_command   a search; one session of it, which --resume continues
//   eval_command   one model's score by the code of a trial, so that both give the same number

#include "cli/command_rows.hpp"
#include "cli/shared_rows.hpp"

namespace halftone::cli {
namespace {

// The exit codes stand here, too: scripts that start a search have to tell "not met" from "went wrong".
constexpr const char* kTuneFooter =
    "Examples:\n"
    "  halftone tune configs/demo/tune.yaml --dry-run               what will run, and everything that is wrong\n"
    "  halftone tune configs/demo/tune.yaml --workspace out\n"
    "  mpirun -n 8 halftone tune config.yaml --workspace out        rank 0 leads, 7 ranks evaluate\n"
    "  mpirun -n 8 halftone tune config.yaml --workspace out --resume\n"
    "Exit codes: 0 goal met, 2 command line or config, 3 model or data, 4 files, 5 MPI, 6 goal not met, 75 stopped "
    "(--resume goes on)";

/// Whatever changes results stands in the config; these options are about one session.
CommandRow tune_command(TuneOptions& options) {
    return {.name = "tune",
            .help = "Searches for a quantized model that meets the accuracy goal.",
            .options = {{.name = "config",
                         .target = &options.config,
                         .type = "CONFIG",
                         .help = "The config, a YAML file in LPOT's schema; 'halftone init' writes one.",
                         .is_required = true},
                        {.name = "--workspace",
                         .target = &options.workspace,
                         .type = "DIR",
                         .help = "Writes the results to this folder, by default ./halftone_workspace/<date-time>."},
                        {.name = "--resume",
                         .target = &options.resume,
                         .help = "Continues the run that stands in the workspace."},
                        // Shows also configs with parts that this build does not have.
                        {.name = "--print-config",
                         .target = &options.print_config,
                         .help = "Shows the effective config and ends; nothing else is done."},
                        {.name = "--dry-run",
                         .target = &options.dry_run,
                         .help = "Checks everything, reads the first samples, times one batch, says what would run, "
                                 "and writes no file."},
                        // A search itself has run.yaml and `report --json`, so here it belongs to the dry run.
                        {.name = "--json",
                         .target = &options.as_json,
                         .help = "Prints what the dry run found as one JSON object.",
                         .needs = {"--dry-run"}},
                        overrides_row(options.overrides)},
            .footer = kTuneFooter};
}

/// --logits and --save-inputs serve scripts that compare with other runtimes.
CommandRow eval_command(EvalOptions& options) {
    return {.name = "eval",
            .help = "Measures the accuracy of a model, fp32 or quantized.",
            .options = {{.name = "config",
                         .target = &options.config,
                         .type = "CONFIG",
                         .help = "The config, a YAML file that has the section evaluation.accuracy.",
                         .is_required = true},
                        {.name = "--model",
                         .target = &options.model,
                         .type = "M.onnx",
                         .help = "The ONNX file to measure, by default model.path of the config."},
                        // Without --save-inputs the other runtime would have to repeat our transforms to the bit.
                        {.name = "--logits",
                         .target = &options.logits,
                         .type = "OUT.npy",
                         .help = "Writes the first output of every sample to a .npy file of float32."},
                        {.name = "--save-inputs",
                         .target = &options.inputs,
                         .type = "DIR",
                         .help = "Writes what the model gets after the transforms to DIR/inputs.npy, and the labels "
                                 "to DIR/labels.npy."},
                        json_row(options.as_json),
                        overrides_row(options.overrides)},
            .footer = "Example:\n  halftone eval configs/demo/tune.yaml --model out/best.onnx --json"};
}

}  // namespace

std::vector<CommandRow> rows_of_accuracy(CommandLine& line) {
    return {tune_command(line.tune), eval_command(line.eval)};
}

}  // namespace halftone::cli
