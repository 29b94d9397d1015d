// The options of all commands, and the commands in their order: first what a new user needs, then the main job, then
// single steps on models, then results.
#include "cli/command_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/byte_size.hpp"

namespace halftone::cli {
namespace {

/// Returns what is wrong with the argument of --memory; empty if nothing is.
std::string fault_of_memory(const std::string& text) {
    if (parse_byte_size(text)) return "";
    return fmt::format("'{}' is no number of bytes; write 1000000, 512MiB or 16GiB", text);
}

}  // namespace

std::vector<OptionRow> common_rows(CommandLine& line) {
    return {{.name = "-v,--verbose", .target = &line.is_verbose, .help = "Writes more messages."},
            {.name = "-q,--quiet", .target = &line.is_quiet, .help = "Writes errors only."},
            {.name = "--log-level",
             .target = &line.log_level,
             .type = "LEVEL",
             .help = "Writes messages of this level and above: trace, debug, info, warning, error, off.",
             .words = {"trace", "debug", "info", "warning", "error", "off"}},
            {.name = "--memory",
             .target = &line.memory,
             .type = "BYTES[KiB|MiB|GiB]",
             .help = "Refuses what needs more memory than this, by default the free memory divided by the ranks on the "
                     "machine.",
             .fault = fault_of_memory}};
}

std::vector<CommandRow> command_rows(CommandLine& line) {
    std::vector<CommandRow> rows;
    for (const auto rows_of : {rows_of_first_steps, rows_of_accuracy, rows_of_models, rows_of_results}) {
        std::vector<CommandRow> part = rows_of(line);
        std::move(part.begin(), part.end(), std::back_inserter(rows));
    }
    return rows;
}

}  // namespace halftone::cli
