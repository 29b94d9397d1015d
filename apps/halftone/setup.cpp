// What several commands read before they begin.
//
//   known_names, load_config    the plug-ins of this build; a config read and checked with their names
//   read_model, read_plan       files to bytes and to a plan, with errors that name the option or the config's line
//   check_isa, check_runnable   what is refused before anything is created
#include "setup.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"
#include "calib/observer.hpp"
#include "data/dataset.hpp"
#include "graph/onnx/external_data.hpp"
#include "graph/onnx/foreign_format.hpp"
#include "kernel/ops/machine.hpp"
#include "metric/metric.hpp"
#include "metric/postprocess.hpp"
#include "strategy/strategies.hpp"

namespace halftone::app {

KnownNames known_names() {
    return {strategy_names(), dataset_names(),           transform_names(),   metric_names(),
            observer_words(), lower_is_better_metrics(), postprocess_names(), filter_names()};
}

namespace {

// The parsers have limits of their own, 1 MiB for YAML and 2 GiB for ONNX, and say more about them. These are only
// there so that a file which is far from any of them is not read first.
constexpr std::uint64_t kMostTextBytes = std::uint64_t{16} << 20U;
constexpr std::uint64_t kMostModelBytes = std::uint64_t{4} << 30U;

}  // namespace

std::string read_config_text(const std::string& path) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such config file");
    return files->read(path, kMostTextBytes);
}

RunConfig load_config(const std::string& path, const std::vector<std::string>& overrides) {
    return read_run_config(read_config_text(path), path, overrides, known_names());
}

// Such configs can be printed (--print-config), but not run.
void refuse_unavailable(const RunConfig& config) {
    if (config.not_available.empty()) return;
    throw ConfigError(fmt::format("{}", fmt::join(config.not_available, "\n       ")));
}

std::string read_model(const std::string& path, const std::string& from) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ModelError(from + "no such model file: '" + path + "'");
    if (files->is_directory(path)) throw ModelError(from + "'" + path + "' " + foreign_folder(files->list(path)));
    try {
        // Weights beside the file are taken in at once: the other ranks get one text and need no files.
        return inline_external_data(files->read(path, kMostModelBytes), parent_path(path));
    } catch (ModelError& error) {
        error.add_context(path);
        throw;
    }
}

LoadedPlan read_plan(const std::string& path, PreparedModel& model) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such plan file");
    return load_plan(parse_plan(files->read(path, kMostTextBytes), path), model);
}

void check_isa(const RunConfig& config) {
    // Scores depend on the instruction set in their last bits; a config that was tuned for one says so.
    if (config.cluster_isa.empty() || config.cluster_isa == isa_name()) return;
    throw ConfigError("cluster.isa is '" + config.cluster_isa + "', but this process runs with '" + isa_name() +
                      "' (the environment variable ONEDNN_MAX_CPU_ISA lowers it)");
}

void check_runnable(const RunConfig& config) {
    refuse_unavailable(config);
    check_isa(config);
    if (config.model_path.empty()) throw ConfigError(config.file + ": model.path is missing");
}

}  // namespace halftone::app
