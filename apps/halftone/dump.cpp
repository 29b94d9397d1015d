// The command dump: outputs of units, fp32 and quantized, written by all ranks at once.

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "commands.hpp"
#include "eval/workbench.hpp"
#include "kernel/ops/machine.hpp"
#include "ranks.hpp"
#include "setup.hpp"
#include "strategy/model_wise.hpp"
#include "study/dump_folder.hpp"
#include "study/dump_run.hpp"
#include "study/dump_selection.hpp"
#include "study/dump_work.hpp"
#include "version.hpp"

namespace halftone::app {
namespace {

void check_options(const DumpOptions& options, const RunConfig& config) {
    (void)study::parse_bytes(options.max_bytes);
    if (options.samples < 1) throw ConfigError(fmt::format("--samples must be at least 1, not {}", options.samples));
    check_runnable(config);
    if (!config.quantization.calibration)
        throw ConfigError(config.file +
                          ": a dump is of the calibration data, and the section quantization.calibration is missing");
}

/// Puts both models side by side.
/// @param fp32  a plan prepares it as the model that its numbers belong to, which may change its units
std::unique_ptr<study::DumpWork> make_work(const DumpOptions& options, const RunConfig& config, const Workbench& bench,
                                           PreparedModel& fp32) {
    study::DumpContents contents;
    contents.samples = options.samples;
    contents.batch = bench.evaluator->batch();
    contents.shards = bench.evaluator->calibration_shards(options.samples);
    contents.gzip = options.gzip;
    contents.version = HALFTONE_VERSION;
    if (options.plan.empty()) {
        const Candidate candidate = options.trial.empty()
                                        ? model_wise_candidates(*bench.space, config.tuning.model_wise).front()
                                        : study::candidate_of_trial(options.trial, *bench.space);
        contents.units = study::select_units(options.units, fp32);
        contents.plan = options.trial.empty() ? "the config's first model-wise candidate" : "trial " + options.trial;
        return std::make_unique<study::DumpWork>(*bench.calibration, fp32,
                                                 bench.evaluator->factory().quantized(candidate), contents);
    }
    const LoadedPlan loaded = read_plan(options.plan, fp32);
    contents.units = study::select_units(options.units, fp32);
    contents.plan = options.plan;
    return std::make_unique<study::DumpWork>(*bench.calibration, fp32,
                                             apply_plan(fp32.graph, fp32.units, loaded.plan, loaded.numbers), contents);
}

}  // namespace

int run_dump(const DumpOptions& options, Communicator& comm) {
    const bool is_root = comm.rank() == RankId{0};
    catch_signals();
    Agreement agreement(comm);
    RunInputs inputs = read_inputs(comm, agreement, options.config, options.overrides,
                                   [&](const RunConfig& config) { check_options(options, config); });
    agreement.after([&] { check_same_isa(comm, isa_name()); });

    RunConfig config;
    std::unique_ptr<Workbench> bench;
    PreparedModel fp32;
    agreement.after([&] {
        config = read_run_config(inputs.config_text, options.config, options.overrides, known_names());
        // The file's bytes end here: models hold constants of their own.
        const SharedBytes model = std::exchange(inputs.model_bytes, {});
        bench = make_workbench(config, model, config.model_path, true);
        // A plan tells by itself how its model was prepared; the workbench's model is prepared as the config says.
        fp32 = options.plan.empty() ? bench->model : prepare_for_tuning(model, config.model_path, bench->sizes);
        if (options.samples > bench->calibration->size()) {
            throw ConfigError(fmt::format("--samples asks for {}, the calibration data set has {}", options.samples,
                                          bench->calibration->size()));
        }
    });
    // Parts that ranks write side by side must be of one model and of one data set.
    agreement.after([&] { check_same_workbench(comm, *bench); });
    if (options.plan.empty()) study::calibrate_together(comm, agreement, *bench->evaluator);
    std::unique_ptr<study::DumpWork> work;
    agreement.after([&] { work = make_work(options, config, *bench, fp32); });

    const study::DumpTarget target{
        .folder = options.output, .max_bytes = study::parse_bytes(options.max_bytes), .resume = options.resume};
    const auto missing = study::prepare_together(comm, agreement, *work, target);
    if (!study::write_together(comm, agreement, *work, missing, options.output, stop_requested())) {
        if (is_root) fmt::print("stopped; finish it with --resume\n");
        return static_cast<int>(ExitCode::interrupted);
    }
    agreement.after([&] {
        if (!is_root) return;
        work->write_index(options.output);
        const std::size_t all = work->layout().shards.size();
        const std::string kept = missing.size() < all ? fmt::format(", {} were there", all - missing.size()) : "";
        fmt::print("{} parts written by {} ranks{}; index in {}/index.h5\n", missing.size(), comm.size(), kept,
                   options.output);
    });
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
