// The commands that look into results: dump and report.
//
//   dump_command     outputs of units, fp32 and quantized, to HDF5 files
//   report_command   a run's folder or a dump's folder, in words

#include "cli/command_rows.hpp"
#include "cli/shared_rows.hpp"

namespace halftone::cli {
namespace {

/// The dump may be large, so its size has a limit from the start.
CommandRow dump_command(DumpOptions& options) {
    return {
        .name = "dump",
        .help = "Writes outputs of units, fp32 and quantized, to HDF5 files.",
        .options = {{.name = "config",
                     .target = &options.config,
                     .type = "CONFIG",
                     .help = "The config, a YAML file; the data of its section quantization.calibration are run.",
                     .is_required = true},
                    {.name = "--plan",
                     .target = &options.plan,
                     .type = "best.yaml",
                     .help = "Quantizes the model as this best.yaml says; without it the first model-wise candidate of "
                             "the config is taken."},
                    // Both options say which quantized model is dumped, so only one of them can stand.
                    {.name = "--trial",
                     .target = &options.trial,
                     .type = "WORKSPACE:N",
                     .help = "Quantizes the model as it was in trial N of a run of this config.",
                     .excludes = {"--plan"}},
                    // The shell makes several words of a glob that nobody quoted: all of them are this option's.
                    {.name = "--units",
                     .target = &options.units,
                     .type = "GLOB",
                     .help = "Which units are written: all, a name, a glob or re:REGEX. May be given several times.",
                     .is_required = true,
                     .takes_several = true},
                    {.name = "--samples",
                     .target = &options.samples,
                     .type = "N",
                     .help = "Runs the first N samples of the calibration data.",
                     .is_required = true},
                    {.name = "--output",
                     .target = &options.output,
                     .type = "DIR",
                     .help = "Writes the dump into this folder.",
                     .is_required = true},
                    // Read by the command (study::parse_bytes); its suffixes are single letters, K to T.
                    {.name = "--max-bytes",
                     .target = &options.max_bytes,
                     .type = "N[KMGT]",
                     .help = "Refuses a dump that is larger than this, by default 20G."},
                    // The levels are those of zlib, which HDF5 uses.
                    {.name = "--gzip",
                     .target = &options.gzip,
                     .type = "LEVEL",
                     .help = "Compresses the files with this level, from 1 to 9; 0, the default, means no compression.",
                     .limits = {{0, 9}}},
                    {.name = "--resume",
                     .target = &options.resume,
                     .help = "Continues a dump that was stopped: only the missing files are written."},
                    overrides_row(options.overrides)},
        .footer =
            "Examples:\n"
            "  halftone dump configs/demo/tune.yaml --units all --samples 100 --output dump\n"
            "  mpirun -n 4 halftone dump config.yaml --plan out/best.yaml --units '/layer1/*' --samples 500 --output "
            "dump\n"
            "  halftone report dump --rank mse"};
}

/// One command for two kinds of folders, which it tells apart by what they hold.
CommandRow report_command(ReportOptions& options) {
    return {
        .name = "report",
        .help = "Shows a run, also while it runs, or orders a dump's units by error.",
        .options = {{.name = "folder",
                     .target = &options.folder,
                     .type = "WORKSPACE|DUMP_DIR",
                     .help = "The workspace of a run, or the folder of a dump.",
                     .is_required = true},
                    {.name = "--study",
                     .target = &options.study,
                     .type = "OUT.h5",
                     .help = "Writes the run as HDF5 tables, for h5py and scripts/report.py."},
                    {.name = "--rank",
                     .target = &options.rank,
                     .type = "WORD",
                     .help =
                         "Orders the units of a dump by this error: mse (noise to signal), lpot, cosine or clipped."},
                    json_row(options.as_json)},
        .footer =
            "Examples:\n"
            "  halftone report out --study study.h5 && scripts/report.py study.h5 --output report.html\n"
            "  halftone report dump --rank mse --json"};
}

}  // namespace

std::vector<CommandRow> rows_of_results(CommandLine& line) {
    return {dump_command(line.dump), report_command(line.report)};
}

}  // namespace halftone::cli
