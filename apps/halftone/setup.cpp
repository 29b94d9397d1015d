// What several commands read before they begin.
//
//   known_names, load_config    the plug-ins of this build; a config read and checked with their names
//   read_plan                   a file to a plan
//   check_isa, check_runnable   what is refused before anything is created
#include "setup.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "calib/observer.hpp"
#include "data/dataset.hpp"
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

// The parser of YAML has a limit of its own, 1 MiB, and says more about it. This one is only there so that a file which
// is far above it is not read first.
constexpr std::uint64_t kMostTextBytes = std::uint64_t{16} << 20U;

}  // namespace

std::string read_config_text(const std::string& path) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such config file");
    if (files->is_directory(path)) throw IoError(path + ": is a folder; a config is a YAML file");
    if (path.ends_with(".onnx")) {
        throw ConfigError(path + ": is a model; a config is a YAML file, and 'halftone init " + path +
                          " --data DIR > tune.yaml' writes one");
    }
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

LoadedPlan read_plan(const std::string& path, PreparedModel& model) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such plan file");
    const ParsedPlan parsed = parse_plan(files->read(path, kPlanLimits.bytes), path);
    return load_plan(parsed, model, read_codes(parsed, path));
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
