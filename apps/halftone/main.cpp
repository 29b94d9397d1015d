// The program: command line to command, Error to message and exit code. The only catch of everything.
//
//   add_tune … add_report   options, help and examples of each command, into the structs of commands.hpp
//   on_all_ranks            tune and dump: every rank runs the command
//   on_one_rank             all others: under mpirun rank 0 alone runs it
//   run_command             parses, sets up the log, calls the command
//   main                    the last catch: what an exit code stands for is in base/error.hpp

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>

#include "base/budget.hpp"
#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/standard_streams.hpp"
#include "comm/local.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "commands.hpp"
#include "dump/h5_writer.hpp"
#include "first_commands.hpp"
#include "kernel/ops/machine.hpp"
#include "usage_message.hpp"
#include "version.hpp"

namespace halftone::app {

std::string version_text() {
    return fmt::format("halftone {} (git {})\noneDNN {}\n{}\ninstruction set {}\n", HALFTONE_VERSION, HALFTONE_GIT,
                       onednn_version(), mpi_version(), isa_name());
}

void report_error(const std::string& message) { write_message("error: " + message); }

namespace {

struct CommandLine {
    FirstOptions first;
    TuneOptions tune;
    EvalOptions eval;
    ImportCommand import_options;
    QuantizeOptions quantize;
    InspectOptions inspect;
    RunOptions run;
    BenchOptions bench;
    DumpOptions dump;
    ReportOptions report;
    bool is_verbose = false;
    bool is_quiet = false;
    std::string log_level;
    std::string memory;  ///< of --memory; empty: from the machine's free memory
};

/// --set takes exactly one word, so that it can stand before the positional arguments.
void add_overrides(CLI::App& command, std::vector<std::string>& overrides) {
    command
        .add_option(
            "--set", overrides,
            "Replaces a key of the config, for example tuning.exit_policy.max_trials=20. May be given several times.")
        ->type_name("KEY=YAML")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
}

/// For commands that read a model without data, whose samples would tell.
void add_sizes(CLI::App& command, SizeOptions& sizes) {
    const auto add = [&](const char* option, std::vector<std::string>& texts, const char* help, const char* type) {
        command.add_option(option, texts, help)->type_name(type)->expected(1)->take_all()->allow_extra_args(false);
    };
    add("--shape", sizes.shapes,
        "Gives the sizes of an input whose dimensions are open; '?' leaves a dimension open. May be given several "
        "times.",
        "NAME=1,3,320,320");
    add("--dim", sizes.dims, "Gives the size of the open dimension of this name. May be given several times.",
        "NAME=320");
}

/// The same as model.inputs and model.outputs in a config.
void add_part(CLI::App& command, PartOptions& part) {
    const auto add = [&](const char* option, std::vector<std::string>& texts, const char* help) {
        command.add_option(option, texts, help)->type_name("A,B")->expected(1)->take_all()->allow_extra_args(false);
    };
    add("--inputs", part.inputs, "Uses the part of the model that begins at these tensors.");
    add("--outputs", part.outputs, "Uses the part of the model that ends at these tensors.");
}

/// Whatever changes results stands in the config; these options are about one session.
void add_tune(CLI::App& app, TuneOptions& options) {
    CLI::App* tune = app.add_subcommand("tune", "Searches for a quantized model that meets the accuracy goal.");
    tune->add_option("config", options.config, "The config, a YAML file in LPOT's schema; 'halftone init' writes one.")
        ->required()
        ->type_name("CONFIG");
    tune->add_option("--workspace", options.workspace,
                     "Writes the results to this folder, by default ./halftone_workspace/<date-time>.")
        ->type_name("DIR");
    tune->add_flag("--resume", options.resume, "Continues the run that stands in the workspace.");
    tune->add_flag("--print-config", options.print_config,
                   "Shows the effective config and ends; nothing else is done.");
    CLI::Option* dry_run = tune->add_flag(
        "--dry-run", options.dry_run,
        "Checks everything, reads the first samples, times one batch, says what would run, and writes no file.");
    tune->add_flag("--json", options.as_json, "Prints what the dry run found as one JSON object.")->needs(dry_run);
    add_overrides(*tune, options.overrides);
    tune->footer(
        "Examples:\n"
        "  halftone tune configs/demo/tune.yaml --dry-run               what will run, and everything that is wrong\n"
        "  halftone tune configs/demo/tune.yaml --workspace out\n"
        "  mpirun -n 8 halftone tune config.yaml --workspace out        rank 0 leads, 7 ranks evaluate\n"
        "  mpirun -n 8 halftone tune config.yaml --workspace out --resume\n"
        "Exit codes: 0 goal met, 2 command line or config, 3 model or data, 4 files, 5 MPI, 6 goal not met, 75 stopped "
        "(--resume goes on)");
}

/// --logits and --save-inputs serve scripts that compare with other runtimes.
void add_eval(CLI::App& app, EvalOptions& options) {
    CLI::App* eval = app.add_subcommand("eval", "Measures the accuracy of a model, fp32 or quantized.");
    eval->add_option("config", options.config, "The config, a YAML file that has the section evaluation.accuracy.")
        ->required()
        ->type_name("CONFIG");
    eval->add_option("--model", options.model, "The ONNX file to measure, by default model.path of the config.")
        ->type_name("M.onnx");
    eval->add_option("--logits", options.logits, "Writes the first output of every sample to a .npy file of float32.")
        ->type_name("OUT.npy");
    eval->add_option(
            "--save-inputs", options.inputs,
            "Writes what the model gets after the transforms to DIR/inputs.npy, and the labels to DIR/labels.npy.")
        ->type_name("DIR");
    eval->add_flag("--json", options.as_json, "Prints one JSON object.");
    add_overrides(*eval, options.overrides);
    eval->footer("Example:\n  halftone eval configs/demo/tune.yaml --model out/best.onnx --json");
}

/// No data are asked for: every number that decides a bit of the file stands in the plan.
void add_quantize(CLI::App& app, QuantizeOptions& options) {
    CLI::App* quantize = app.add_subcommand("quantize", "Rebuilds a tuned model from its best.yaml, bit for bit.");
    quantize->add_option("model", options.model, "The fp32 ONNX file that was tuned.")->required()->type_name("M.onnx");
    quantize->add_option("--plan", options.plan, "The plan file of the tuned model: it says what each unit becomes.")
        ->required()
        ->type_name("best.yaml");
    quantize->add_option("--output", options.output, "Writes the model to this file.")
        ->required()
        ->type_name("OUT.onnx");
    add_sizes(*quantize, options.sizes);
    add_part(*quantize, options.part);
    quantize->footer("Example:\n  halftone quantize model.onnx --plan out/best.yaml --output rebuilt.onnx");
}

/// The word of a config's model.framework. Only who gives it lets a framework load the model.
void add_framework(CLI::App& command, std::string& framework, const char* help) {
    command.add_option("--framework", framework, help)
        ->check(CLI::IsMember({"tensorflow", "pytorch", "mxnet"}))
        ->type_name("WORD");
}

/// The only command beside those with a config that may load a model of a framework.
void add_import(CLI::App& app, ImportCommand& options) {
    CLI::App* import = app.add_subcommand("import", "Makes an ONNX file of a TensorFlow, PyTorch or MXNet model.");
    import
        ->add_option("source", options.source,
                     "The model: a SavedModel folder, or a file .pb, .keras, .h5, .tflite, .pt2, .pt (TorchScript) or "
                     "NAME-symbol.json.")
        ->required()
        ->type_name("SRC");
    import
        ->add_option("--output", options.output,
                     "Writes the ONNX model to this file, and the log to the folder M.onnx.import.")
        ->required()
        ->type_name("M.onnx");
    add_framework(*import, options.framework, "Refuses a model that is not of this framework.");
    const auto add = [&](const char* name, std::vector<std::string>& texts, const char* help, const char* type) {
        import->add_option(name, texts, help)->type_name(type)->expected(1)->take_all()->allow_extra_args(false);
    };
    add("--inputs", options.inputs, "Names the inputs of a frozen graph, if they cannot be guessed.", "A,B");
    add("--outputs", options.outputs, "Names the outputs of a frozen graph or of TorchScript.", "C");
    add("--shape", options.shapes,
        "Gives the shape of an input, if the file does not say it. May be given several times.", "NAME=1,3,224,224");
    import
        ->add_option("--python", options.python,
                     "Uses this Python, which must have the framework; by default the one that scripts/setup.sh made.")
        ->type_name("EXE");
    import->add_flag("--json", options.as_json, "Prints one JSON object.");
    import->footer(
        "Examples:\n"
        "  halftone import saved_model_folder --output model.onnx\n"
        "  halftone import model.pt2 --output model.onnx --python ~/venv/bin/python\n"
        "  halftone import net-symbol.json --shape data=1,3,224,224 --output model.onnx\n"
        "A SavedModel or TorchScript file can hold code that runs when it is loaded: import only what you trust.");
}

/// It looks at a model alone, so sizes that data would give come from options.
void add_inspect(CLI::App& app, InspectOptions& options) {
    CLI::App* inspect = app.add_subcommand(
        "inspect", "Shows units and shapes, what each unit can be and why not, and the size of the search space.");
    inspect->add_option("model", options.model, "The ONNX file.")->required()->type_name("M.onnx");
    add_framework(*inspect, options.framework,
                  "Imports the model as one of this framework, by default that of the config.");
    inspect->add_option("--config", options.config, "Narrows the options by the rules of this config.")
        ->type_name("CONFIG");
    inspect->add_flag("--units", options.shows_units, "Shows each unit with its nodes, shapes, options and refusals.");
    inspect->add_flag("--json", options.as_json, "Prints one JSON object, which holds all units.");
    add_sizes(*inspect, options.sizes);
    add_part(*inspect, options.part);
    add_overrides(*inspect, options.overrides);
    inspect->footer("Example:\n  halftone inspect model.onnx --config configs/demo/tune.yaml");
}

/// Arrays in, arrays out: for comparing single results with other runtimes.
void add_run(CLI::App& app, RunOptions& options) {
    CLI::App* run = app.add_subcommand("run", "Runs a model once on given arrays.");
    run->add_option("model", options.model, "The ONNX file.")->required()->type_name("M.onnx");
    run->add_option(
           "--input", options.inputs,
           "Gives the array of an input, by its name, or in the order of the graph. May be given several times.")
        ->type_name("[NAME=]X.npy")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    run->add_option("--output", options.output, "Writes each output as a .npy file into this folder.")
        ->required()
        ->type_name("DIR");
    run->add_flag("--ref", options.uses_reference, "Uses the plain reference kernels instead of the fast ones.");
    run->footer("Example:\n  halftone run model.onnx --input x.npy --output out");
}

/// The kernels may be chosen by measurement first; the choice can be kept in a plan.
void add_bench(CLI::App& app, BenchOptions& options) {
    CLI::App* bench = app.add_subcommand("bench", "Measures a model's latency, step by step.");
    bench->add_option("model", options.model, "The ONNX file, fp32 or quantized.")->required()->type_name("M.onnx");
    add_framework(*bench, options.framework, "Imports the model as one of this framework.");
    CLI::Option* precision =
        bench
            ->add_option(
                "--precision", options.precision,
                "Runs the model as it is (as-is, the default), in fp32, in bf16, or in int8 with the ranges of "
                "random inputs.")
            ->check(CLI::IsMember({"as-is", "fp32", "int8", "bf16"}))
            ->type_name("WORD");
    bench->add_option("--plan", options.plan, "Quantizes the model as this best.yaml says.")
        ->excludes(precision)
        ->type_name("best.yaml");
    CLI::Option* autotune = bench->add_flag(
        "--autotune", options.autotunes,
        "First times every kernel that can run a step and keeps the fastest; --save and --save-plan write the choice.");
    bench->add_option("--save-plan", options.save_plan, "Writes the plan with the chosen kernels to this file.")
        ->needs(autotune)
        ->needs("--plan")
        ->type_name("PLAN.yaml");
    bench->add_option("--save", options.save, "Also writes the measured model to this file.")->type_name("M.onnx");
    add_sizes(*bench, options.sizes);
    add_part(*bench, options.part);
    bench->add_option("--batch", options.batch, "How many samples run together, by default 1.")->type_name("N");
    bench->add_option("--threads", options.threads, "How many threads the kernels use, by default 1.")->type_name("N");
    bench
        ->add_option(
            "--rounds", options.rounds,
            "How many rounds are measured, by default 15. A round takes about 0.1 s and includes one profiled run.")
        ->type_name("N");
    bench->add_flag("--json", options.as_json, "Prints one JSON object.");
    bench->add_flag(
        "--on-demand", options.on_demand,
        "For scripts that measure several programs in turn: each line of standard input starts a round, whose "
        "latencies in ms are printed as a JSON array; the end of the input prints what --json prints.");
    bench->footer(
        "Examples:\n  halftone bench model.onnx --batch 1 --threads 2 --json\n"
        "  halftone bench model.onnx --plan out/best.yaml --autotune --save-plan out/tuned.yaml --save tuned.onnx\n"
        "Times differ from run to run. Nothing else should run on the machine meanwhile.");
}

/// The dump may be large, so its size has a limit from the start.
void add_dump(CLI::App& app, DumpOptions& options) {
    CLI::App* dump = app.add_subcommand("dump", "Writes outputs of units, fp32 and quantized, to HDF5 files.");
    dump->add_option("config", options.config,
                     "The config, a YAML file; the data of its section quantization.calibration are run.")
        ->required()
        ->type_name("CONFIG");
    dump->add_option("--plan", options.plan,
                     "Quantizes the model as this best.yaml says; without it the first model-wise candidate of the "
                     "config is taken.")
        ->type_name("best.yaml");
    dump->add_option("--trial", options.trial, "Quantizes the model as it was in trial N of a run of this config.")
        ->type_name("WORKSPACE:N")
        ->excludes("--plan");
    dump->add_option("--units", options.units,
                     "Which units are written: all, a name, a glob or re:REGEX. May be given several times.")
        ->required()
        ->type_name("GLOB");
    dump->add_option("--samples", options.samples, "Runs the first N samples of the calibration data.")
        ->required()
        ->type_name("N");
    dump->add_option("--output", options.output, "Writes the dump into this folder.")->required()->type_name("DIR");
    dump->add_option("--max-bytes", options.max_bytes, "Refuses a dump that is larger than this, by default 20G.")
        ->type_name("N[KMGT]");
    dump->add_option("--gzip", options.gzip,
                     "Compresses the files with this level, from 1 to 9; 0, the default, means no compression.")
        ->check(CLI::Range(0, 9))
        ->type_name("LEVEL");
    dump->add_flag("--resume", options.resume,
                   "Continues a dump that was stopped: only the missing files are written.");
    add_overrides(*dump, options.overrides);
    dump->footer(
        "Examples:\n"
        "  halftone dump configs/demo/tune.yaml --units all --samples 100 --output dump\n"
        "  mpirun -n 4 halftone dump config.yaml --plan out/best.yaml --units '/layer1/*' --samples 500 --output dump\n"
        "  halftone report dump --rank mse");
}

/// One command for two kinds of folders, which it tells apart by what they hold.
void add_report(CLI::App& app, ReportOptions& options) {
    CLI::App* report =
        app.add_subcommand("report", "Shows a run, also while it runs, or orders a dump's units by error.");
    report->add_option("folder", options.folder, "The workspace of a run, or the folder of a dump.")
        ->required()
        ->type_name("WORKSPACE|DUMP_DIR");
    report->add_option("--study", options.study, "Writes the run as HDF5 tables, for h5py and scripts/report.py.")
        ->type_name("OUT.h5");
    report
        ->add_option("--rank", options.rank,
                     "Orders the units of a dump by this error: mse (noise to signal), lpot, cosine or clipped.")
        ->type_name("WORD");
    report->add_flag("--json", options.as_json, "Prints one JSON object.");
    report->footer(
        "Examples:\n"
        "  halftone report out --study study.h5 && scripts/report.py study.h5 --output report.html\n"
        "  halftone report dump --rank mse --json");
}

/// On a terminal the live line says what info lines would.
log::Level log_level(const CommandLine& line) {
    if (!line.log_level.empty()) return *log::kLevelNames.parse(line.log_level);
    if (line.is_quiet) return log::Level::error;
    if (line.is_verbose) return log::Level::debug;
    return is_stderr_a_terminal() ? log::Level::warning : log::Level::info;
}

/// A command for several ranks, which works on one too.
template <class F>
int on_all_ranks(const CommandLine& line, int argc, char** argv, F&& run) {
    if (!is_launched_by_mpi()) {
        log::configure(log_level(line), 0);
        return run(*make_local_communicator());
    }
    start_hdf5();  // before MPI
    MpiWorld world(argc, argv);
    log::configure(log_level(line), world.rank());
    const auto comm = world.communicator();
    try {
        return run(*comm);
    } catch (const MpiError& error) {  // the others cannot be reached in order: end them all
        report_error(error.what());
        world.abort(static_cast<int>(error.code()));
    } catch (const InternalError& error) {
        // Perhaps only this rank failed. The others would wait for it for ever, so the whole job ends.
        report_error(error.what());
        world.abort(static_cast<int>(error.code()));
    } catch (const Error& error) {  // every rank throws the same; rank 0 says it
        if (world.rank() == 0) report_error(error.what());
        return static_cast<int>(error.code());
    } catch (const std::bad_alloc&) {  // perhaps on this rank only, as above
        report_error(out_of_memory_text());
        world.abort(static_cast<int>(ExitCode::model));
    } catch (const std::system_error& error) {  // the system refused a write to stdout, a thread, a pipe
        report_error(error.what());
        world.abort(static_cast<int>(ExitCode::io));
    } catch (const std::exception& error) {
        report_error(error.what());
        world.abort(static_cast<int>(ExitCode::internal));
    }
}

/// What is no work for several: under mpirun rank 0 does it, so that it is done and said once.
template <class F>
int on_one_rank(int argc, char** argv, F&& run) {
    if (!is_launched_by_mpi()) return run();
    start_hdf5();  // before MPI
    MpiWorld world(argc, argv);
    if (world.rank() != 0) return static_cast<int>(ExitCode::ok);
    try {
        return run();
    } catch (const Error& error) {
        report_error(error.what());
        return static_cast<int>(error.code());
    } catch (const std::bad_alloc&) {
        report_error(out_of_memory_text());
        return static_cast<int>(ExitCode::model);
    }
}

/// Returns what is wrong with the argument of --memory; empty if nothing is.
std::string fault_of_memory(const std::string& text) {
    if (parse_byte_size(text)) return "";
    return fmt::format("'{}' is no number of bytes; write 1000000, 512MiB or 16GiB", text);
}

/// Sets what all tensors of this process together may take. Without the option the budget looks at the machine.
void set_memory_limit(const std::string& text) {
    if (text.empty()) return;
    process_budget().set_byte_limit(
        static_cast<std::uint64_t>(parse_byte_size(text).value()));  // the parser checked it
}

int run_command(int argc, char** argv) {
    CommandLine line;
    CLI::App app(
        "Halftone turns a trained fp32 ONNX model into a quantized one that loses no more accuracy than you allow.");
    app.name("halftone");
    app.require_subcommand(1);  // without one, usage is an error (2), not a help text
    app.set_version_flag("--version", version_text());
    app.add_flag("-v,--verbose", line.is_verbose, "Writes more messages.");
    app.add_flag("-q,--quiet", line.is_quiet, "Writes errors only.");
    app.add_option("--log-level", line.log_level,
                   "Writes messages of this level and above: trace, debug, info, warning, error, off.")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->type_name("LEVEL");
    app.add_option(
           "--memory", line.memory,
           "Refuses what needs more memory than this, by default the free memory divided by the ranks on the machine.")
        ->check(fault_of_memory)
        ->type_name("BYTES[KiB|MiB|GiB]");
    app.fallthrough();  // -v, -q and --memory may stand behind the command, too
    app.footer("'halftone COMMAND --help' shows a command's options and examples.");
    add_first_commands(app, line.first);
    add_tune(app, line.tune);
    add_eval(app, line.eval);
    add_import(app, line.import_options);
    add_inspect(app, line.inspect);
    add_run(app, line.run);
    add_bench(app, line.bench);
    add_quantize(app, line.quantize);
    add_dump(app, line.dump);
    add_report(app, line.report);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& text) {  // --help, --version
        return on_one_rank(argc, argv, [&] { return app.exit(text); });
    } catch (const CLI::ParseError& error) {  // as every other wrong input: one line, exit code 2
        return on_one_rank(argc, argv, [&]() -> int { throw ConfigError(usage_message(app, error)); });
    }
    set_memory_limit(line.memory);
    // For run.yaml and study.json. Words are not quoted again: it is for reading, not for running.
    for (int i = 0; i < argc; ++i) line.tune.command_line += (i == 0 ? "" : " ") + std::string(argv[i]);
    // tune.log gets messages also where the terminal gets none, so the log cannot tell who wants silence.
    line.tune.is_quiet = log_level(line) > log::Level::warning;
    if (app.got_subcommand("tune")) {
        return on_all_ranks(line, argc, argv, [&](Communicator& comm) { return run_tune(line.tune, comm); });
    }
    if (app.got_subcommand("dump")) {
        return on_all_ranks(line, argc, argv, [&](Communicator& comm) { return run_dump(line.dump, comm); });
    }
    // The other commands gain nothing from several ranks.
    log::configure(log_level(line), 0);
    return on_one_rank(argc, argv, [&] {
        if (const auto code = run_first_command(app, line.first)) return *code;
        if (app.got_subcommand("eval")) return run_eval(line.eval);
        if (app.got_subcommand("import")) return run_import(line.import_options);
        if (app.got_subcommand("run")) return run_run(line.run);
        if (app.got_subcommand("quantize")) return run_quantize(line.quantize);
        if (app.got_subcommand("report")) return run_report(line.report);
        return app.got_subcommand("bench") ? run_bench(line.bench) : run_inspect(line.inspect);
    });
}

}  // namespace
}  // namespace halftone::app

int main(int argc, char** argv) {
    using namespace halftone;
    open_missing_streams();
    try {
        const int code = app::run_command(argc, argv);
        finish_stdout();
        return code;
    } catch (const Error& error) {
        app::report_error(error.what());
        return static_cast<int>(error.code());
    } catch (const std::bad_alloc&) {  // sizes come from models and data, so this is not our bug
        app::report_error(out_of_memory_text());
        return static_cast<int>(ExitCode::model);
    } catch (const std::system_error& error) {  // the system refused a write to stdout, a thread, a pipe
        app::report_error(error.what());
        return static_cast<int>(ExitCode::io);
    } catch (const std::exception& error) {
        app::report_error(std::string("internal: ") + error.what());
        return static_cast<int>(ExitCode::internal);
    }
}
