// The commands of a new user, init, doctor and certify, and those about the program itself, completion and man.
//
//   init_command         a first config, to stdout
//   doctor_command       what the machine has and lacks
//   certify_command      a result in other runtimes, by a script
//   completion_command   the script of a shell; the parser answers it and `man` by itself

#include "cli/command_rows.hpp"
#include "cli/shared_rows.hpp"

namespace halftone::cli {
namespace {

/// It writes to stdout, so that no file of the user's is overwritten: there is no --output.
CommandRow init_command(InitOptions& options) {
    return {
        .name = "init",
        .help = "Writes a first config for a model and its data to stdout.",
        .options = {{.name = "model",
                     .target = &options.model,
                     .type = "MODEL.onnx",
                     .help = "The ONNX file.",
                     .is_required = true},
                    {.name = "--data",
                     .target = &options.data,
                     .type = "DIR|FILE",
                     .help =
                         "The data: folders of classes, pictures with masks, a COCO tree, IDX files, .npy, .npz, HDF5, "
                         "TFRecords, or a list of names and labels.",
                     // A variable of the shell that is not set would else give a config for noise.
                     .fault = [](const std::string& data) { return data.empty() ? "the path is empty" : ""; }}},
        .footer =
            "Example:\n"
            "  halftone init model.onnx --data photos > tune.yaml\n"
            "Comments in the config say what was found, and what was assumed and why. The config goes to stdout; no "
            "file is written."};
}

CommandRow doctor_command(DoctorOptions& options) {
    return {
        .name = "doctor",
        .help = "Shows the machine, what int8 gains on it, and what is missing.",
        .options = {json_row(options.as_json)},
        .footer =
            "Examples:\n  halftone doctor\n  mpirun -n 4 halftone doctor        also shows whether ranks are bound to "
            "cores"};
}

/// Options behind the model go to the script as they are, so that they are listed in one place only.
CommandRow certify_command(CertifyOptions& options) {
    return {.name = "certify",
            .help = "Compares a tuned model with ONNX Runtime and OpenVINO (scripts/certify.py).",
            .options = {{.name = "model",
                         .target = &options.model,
                         .type = "BEST.onnx",
                         .help = "The tuned model in its workspace, where best.yaml and run.yaml stand beside it.",
                         .is_required = true}},
            .footer =
                "Examples:\n"
                "  halftone certify out/best.onnx\n"
                "  halftone certify out/best.onnx --batch 50 --json        further options are those of "
                "certify.py\n"
                "Exit codes: 0 certified, 6 not certified, 2 something is missing, 3 model or data, 4 files",
            .further = &options.further};
}

CommandRow completion_command(std::string& shell) {
    return {.name = "completion",
            .help = "Prints a script that completes commands and options.",
            .options = {{.name = "shell",
                         .target = &shell,
                         .type = "bash|zsh",
                         .help = "The shell that the script is for.",
                         .is_required = true,
                         .words = {"bash", "zsh"}}},
            .footer = "Example:\n  source <(halftone completion bash)"};
}

}  // namespace

std::vector<CommandRow> rows_of_first_steps(CommandLine& line) {
    return {init_command(line.init),
            doctor_command(line.doctor),
            certify_command(line.certify),
            completion_command(line.shell),
            {.name = "man", .help = "Prints the man page.", .footer = "Example:\n  halftone man | man -l -"}};
}

}  // namespace halftone::cli
