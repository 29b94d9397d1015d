// The command report: a summary of a run's folder, its study.h5, or a dump's units ordered by error.

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/output_file.hpp"
#include "commands.hpp"
#include "study/rank_dump.hpp"
#include "study/run_report.hpp"
#include "study/study_file.hpp"

namespace halftone::app {
namespace {

int report_dump(const ReportOptions& options) {
    const auto order = options.rank.empty() ? study::DumpOrder::mse : study::kDumpOrderNames.parse(options.rank);
    if (!order) throw ConfigError(fmt::format("--rank: '{}' is unknown; one of mse lpot cosine clipped", options.rank));
    if (!options.study.empty())
        throw ConfigError("--study is made of a run's folder; '" + options.folder + "' is a dump");
    const study::DumpRanking ranking = study::rank_dump(options.folder, *order);
    fmt::print("{}", options.as_json ? study::ranking_json(ranking) + "\n" : study::ranking_text(ranking));
    return static_cast<int>(ExitCode::ok);
}

/// What a run's folder holds. The study may be written there, but over none of these.
std::vector<std::string> files_of_run(const std::string& folder) {
    std::vector<std::string> paths;
    for (const char* name :
         {"trials.jsonl", "best.onnx", "best.yaml", "run.yaml", "study.json", "calibration.h5", "tune.log"})
        paths.push_back(folder + "/" + name);
    return paths;
}

int report_run(const ReportOptions& options) {
    if (!options.study.empty()) check_output_file("--study", options.study, files_of_run(options.folder));
    std::vector<std::string> warnings;
    const study::StudySource source = study::read_study_source(options.folder, warnings);
    if (!options.study.empty()) study::write_study(source, options.study, warnings);
    // A damaged file beside the journal costs its part of the report, not the report.
    for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (options.as_json) {
        fmt::print("{}\n", study::run_report_json(source));
        return static_cast<int>(ExitCode::ok);
    }
    fmt::print("{}", study::run_report_text(source));
    if (!options.study.empty()) fmt::print("study in {}\n", options.study);
    return static_cast<int>(ExitCode::ok);
}

}  // namespace

// A dump has an index, a run has a journal; --rank makes sense for a dump only, so it decides where neither is there.
int run_report(const ReportOptions& options) {
    const auto files = make_posix_file_system();
    if (!files->exists(options.folder)) throw IoError(fmt::format("'{}': no such folder", options.folder));
    const bool has_dump = files->exists(options.folder + "/index.h5");
    const bool has_run = files->exists(options.folder + "/trials.jsonl");
    if (has_run && !has_dump && !options.rank.empty())
        throw ConfigError("--rank orders the units of a dump; '" + options.folder + "' is the workspace of a run");
    // A dump that was written into a run's workspace does not hide the run.
    const bool is_dump = has_dump ? !has_run || !options.rank.empty() : !options.rank.empty();
    return is_dump ? report_dump(options) : report_run(options);
}

}  // namespace halftone::app
