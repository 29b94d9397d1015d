// Options and help texts of init, doctor, certify, completion and man, and the calls of these commands. They stand
// apart from main.cpp because none of them runs on several ranks.
#include "first_commands.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "manual.hpp"
#include "version.hpp"

namespace halftone::app {
namespace {

/// A help text begins with a verb whose subject is the option, or says what the value is. The man page consists of
/// these texts, so each of them must be understood alone.
void add_init(CLI::App& app, InitOptions& options) {
    CLI::App* init = app.add_subcommand("init", "Writes a first config for a model and its data to stdout.");
    init->add_option("model", options.model, "The ONNX file.")->required()->type_name("MODEL.onnx");
    init->add_option("--data", options.data,
                     "The data: folders of classes, a COCO tree, IDX files, .npy, .npz, HDF5, TFRecords, or a list of "
                     "names and labels.")
        ->type_name("DIR|FILE");
    init->footer(
        "Example:\n"
        "  halftone init model.onnx --data photos > tune.yaml\n"
        "Comments in the config say what was found, and what was assumed and why. The config goes to stdout; no file "
        "is written.");
}

void add_doctor(CLI::App& app, DoctorOptions& options) {
    CLI::App* doctor = app.add_subcommand("doctor", "Shows the machine, what int8 gains on it, and what is missing.");
    doctor->add_flag("--json", options.as_json, "Prints one JSON object.");
    doctor->footer(
        "Examples:\n  halftone doctor\n  mpirun -n 4 halftone doctor        also shows on which cores the ranks run");
}

/// Options behind the model go to the script as they are, so that they are listed in one place only.
void add_certify(CLI::App& app, CertifyOptions& options) {
    CLI::App* certify =
        app.add_subcommand("certify", "Compares a tuned model with ONNX Runtime and OpenVINO (scripts/certify.py).");
    certify
        ->add_option("model", options.model,
                     "The tuned model in its workspace, where best.yaml and run.yaml stand beside it.")
        ->required()
        ->type_name("BEST.onnx");
    certify->allow_extras();
    certify->footer(
        "Examples:\n"
        "  halftone certify out/best.onnx\n"
        "  halftone certify out/best.onnx --batch 50 --json        further options are those of certify.py\n"
        "Exit codes: 0 certified, 6 not certified, 2 something is missing, 3 model or data, 4 files");
}

void add_manual(CLI::App& app, FirstOptions& options) {
    CLI::App* completion = app.add_subcommand("completion", "Prints a script that completes commands and options.");
    completion->add_option("shell", options.shell, "The shell that the script is for.")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}))
        ->type_name("bash|zsh");
    completion->footer("Example:\n  source <(halftone completion bash)");
    app.add_subcommand("man", "Prints the man page.")->footer("Example:\n  halftone man | man -l -");
}

}  // namespace

void add_first_commands(CLI::App& app, FirstOptions& options) {
    add_init(app, options.init);
    add_doctor(app, options.doctor);
    add_certify(app, options.certify);
    add_manual(app, options);
}

std::optional<int> run_first_command(const CLI::App& app, const FirstOptions& options) {
    if (app.got_subcommand("init")) return run_init(options.init);
    if (app.got_subcommand("doctor")) return run_doctor(options.doctor);
    if (app.got_subcommand("certify")) {
        CertifyOptions certify = options.certify;
        certify.further = app.get_subcommand("certify")->remaining();
        return run_certify(certify);
    }
    const bool is_completion = app.got_subcommand("completion");
    if (!is_completion && !app.got_subcommand("man")) return std::nullopt;
    fmt::print("{}", is_completion ? completion_script(app, options.shell) : man_page(app, HALFTONE_VERSION));
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
