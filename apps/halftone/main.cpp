// The program: command line to command, Error to message and exit code. The only catch of everything.
//
//   on_all_ranks            tune and dump: every rank runs the command
//   on_one_rank             all others: under mpirun rank 0 alone runs it
//   run_single              the commands of one rank, by name
//   run_command             parses, sets up the log, calls the command
//   main                    the last catch: what an exit code stands for is in base/error.hpp

#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <system_error>

#include "base/budget.hpp"
#include "base/byte_size.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/standard_streams.hpp"
#include "base/text.hpp"
#include "cli/parser.hpp"
#include "comm/local.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "commands.hpp"
#include "dump/h5_writer.hpp"
#include "kernel/ops/machine.hpp"
#include "version.hpp"

namespace halftone::app {

std::string version_text() {
    return fmt::format("halftone {} (git {})\noneDNN {}\n{}\ninstruction set {}\n", HALFTONE_VERSION, HALFTONE_GIT,
                       onednn_version(), mpi_version(), isa_name());
}

void report_error(const std::string& message) { write_message("error: " + printable(message)); }

namespace {

using cli::CommandLine;

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

/// Sets what all tensors of this process together may take. Without the option the budget looks at the machine.
void set_memory_limit(const std::string& text) {
    if (text.empty()) return;
    process_budget().set_byte_limit(
        static_cast<std::uint64_t>(parse_byte_size(text).value()));  // the parser checked it
}

/// The commands that gain nothing from several ranks. The parser lets no other name through.
int run_single(const std::string& command, const CommandLine& line) {
    const std::map<std::string, std::function<int()>> commands{
        {"init", [&] { return run_init(line.init); }},
        {"doctor", [&] { return run_doctor(line.doctor); }},
        {"certify", [&] { return run_certify(line.certify); }},
        {"eval", [&] { return run_eval(line.eval); }},
        {"import", [&] { return run_import(line.import); }},
        {"inspect", [&] { return run_inspect(line.inspect); }},
        {"run", [&] { return run_run(line.run); }},
        {"bench", [&] { return run_bench(line.bench); }},
        {"quantize", [&] { return run_quantize(line.quantize); }},
        {"report", [&] { return run_report(line.report); }}};
    return commands.at(command)();
}

int run_command(int argc, char** argv) {
    cli::Request request = cli::parse_command_line(argc, argv, {HALFTONE_VERSION, version_text()});
    CommandLine& line = request.line;
    if (!request.fault.empty()) {  // as every other wrong input: one line, exit code 2
        return on_one_rank(argc, argv, [&]() -> int { throw ConfigError(request.fault); });
    }
    set_memory_limit(line.memory);
    // tune.log gets messages also where the terminal gets none, so the log cannot tell who wants silence.
    line.tune.is_quiet = log_level(line) > log::Level::warning;
    // For run.yaml and study.json. Words are not quoted again: it is for reading, not for running.
    for (int i = 0; i < argc; ++i) line.tune.command_line += (i == 0 ? "" : " ") + std::string(argv[i]);
    if (request.command == "tune") {
        return on_all_ranks(line, argc, argv, [&](Communicator& comm) { return run_tune(line.tune, comm); });
    }
    if (request.command == "dump") {
        return on_all_ranks(line, argc, argv, [&](Communicator& comm) { return run_dump(line.dump, comm); });
    }
    log::configure(log_level(line), 0);
    return on_one_rank(argc, argv, [&] {
        if (request.text.empty()) return run_single(request.command, line);
        fmt::print("{}", request.text);  // help, version, completion, man page
        return static_cast<int>(ExitCode::ok);
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
