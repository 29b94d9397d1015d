// The command init: a first config for a model and its data, on stdout. It writes no file, so it overwrites none.
//
//   try_config   scores the fp32 model on a few samples by the config that was just written
//   run_init     looks, writes, tries
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "eval/guessing.hpp"
#include "eval/workbench.hpp"
#include "import/model_source.hpp"
#include "init/init_config.hpp"
#include "kernel/ops/machine.hpp"
#include "setup.hpp"
#include "strategy/strategies.hpp"

namespace halftone::app {
namespace {

/// Enough samples to tell a good model from guesses, few enough for a second of waiting. A large model gets fewer.
constexpr int kTriedSamples = 64;
constexpr int kTriedSamplesOfLargeModel = 8;
constexpr std::size_t kLargeModel = std::size_t{100} << 20U;

/// Returns what the fp32 model reaches on the first samples, for a comment; empty where guesses have no known level.
/// Where the config cannot run yet, the comment is the first reason; the dry run lists all of them.
std::string try_config(const std::string& yaml, const std::string& model_path, const SharedBytes& model) {
    const int samples = model.size() > kLargeModel ? kTriedSamplesOfLargeModel : kTriedSamples;
    try {
        // The file will stand in this folder unless the user says otherwise; relative paths are taken from here.
        const RunConfig config = read_run_config(
            yaml, "tune.yaml",
            {fmt::format("evaluation.accuracy.iteration={}", samples), "evaluation.accuracy.dataloader.batch_size=1",
             fmt::format("tuning.batch_size={}", samples)},
            known_names());
        const auto bench = make_workbench(config, model, model_path, false);
        if (!bench->metrics || !bench->metrics->level_of_guessing()) return {};
        const Score score = bench->evaluator->scorer().score_graph(bench->model.graph, nullptr);
        const std::string doubt = guessing_text(*bench->metrics, score);
        if (!doubt.empty()) return "LOOK HERE: fp32's " + doubt;
        return fmt::format("Tried: fp32's {} is {:.4g} on the first {} samples.", bench->metrics->name(0),
                           score.accuracy, score.samples);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& error) {
        return fmt::format("LOOK HERE: this config cannot be evaluated yet: {}.", error.what());
    }
}

}  // namespace

int run_init(const InitOptions& options) {
    const auto files = make_posix_file_system();
    const SharedBytes model = read_model(options.model, "");
    const std::string data = options.data.empty() ? "" : " --data " + options.data;
    fmt::print("{}",
               init_config({.model_path = options.model,
                            .model_bytes = model,
                            .data = options.data,
                            .command = "halftone init " + options.model + data,
                            .strategies = strategy_names(),
                            .isa = isa_name(),
                            .try_out = [&](const std::string& yaml) { return try_config(yaml, options.model, model); }},
                           *files));
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
