#pragma once
// The entry points of the commands. Results go to stdout, messages to stderr. Every entry point returns an exit code or
// throws halftone::Error.

#include <string>

#include "cli/options.hpp"
#include "comm/communicator.hpp"

namespace halftone::app {

using cli::BenchOptions;
using cli::CertifyOptions;
using cli::DoctorOptions;
using cli::DumpOptions;
using cli::EvalOptions;
using cli::ImportCommand;
using cli::InitOptions;
using cli::InspectOptions;
using cli::QuantizeOptions;
using cli::ReportOptions;
using cli::RunOptions;
using cli::TuneOptions;

/// Rank 0 leads; every rank calls it with the same options and returns the same code.
[[nodiscard]] int run_tune(const TuneOptions& options, Communicator& comm);
/// tune --dry-run: likewise.
[[nodiscard]] int run_rehearsal(const TuneOptions& options, Communicator& comm);
[[nodiscard]] int run_dump(const DumpOptions& options, Communicator& comm);
[[nodiscard]] int run_report(const ReportOptions& options);
[[nodiscard]] int run_init(const InitOptions& options);
[[nodiscard]] int run_doctor(const DoctorOptions& options);
/// Returns the exit code of certify.py.
[[nodiscard]] int run_certify(const CertifyOptions& options);
[[nodiscard]] int run_eval(const EvalOptions& options);
[[nodiscard]] int run_import(const ImportCommand& command);
[[nodiscard]] int run_inspect(const InspectOptions& options);
[[nodiscard]] int run_quantize(const QuantizeOptions& options);
[[nodiscard]] int run_run(const RunOptions& options);
[[nodiscard]] int run_bench(const BenchOptions& options);

/// Writes "error: …" to stderr.
void report_error(const std::string& message);

/// Several lines: own version, git, oneDNN, MPI, instruction set.
[[nodiscard]] std::string version_text();

}  // namespace halftone::app
