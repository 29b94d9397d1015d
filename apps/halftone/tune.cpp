// The command tune.
//
//   run_tune            all ranks: inputs from rank 0, one instruction set, model, space and evaluator; rank 0 alone
//                       checks the strategy's settings and opens the workspace. Then rank 0 leads, the others work
//   lead                search, deliver what was found, measure latencies, write run.yaml, print the report
//   search              the coordinator's set-up: strategy, costs, latency table, finalists
//
// Until the workspace is open, a failure of one rank ends all ranks (Agreement). Later only rank 0 can fail.

#include <fmt/format.h>

#include <utility>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/wire.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "commands.hpp"
#include "eval/costs.hpp"
#include "eval/from_config.hpp"
#include "eval/unit_latency.hpp"
#include "eval/workbench.hpp"
#include "journal/workspace.hpp"
#include "kernel/ops/machine.hpp"
#include "plan/run_document.hpp"
#include "ranks.hpp"
#include "setup.hpp"
#include "strategy/context.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/strategies.hpp"
#include "study/final_report.hpp"
#include "study/progress_line.hpp"
#include "study/run_end.hpp"
#include "study/run_listener.hpp"
#include "study/run_terms.hpp"
#include "study/study_facts.hpp"
#include "tune/tuner.hpp"
#include "version.hpp"
#include "workspace_folder.hpp"

namespace halftone::app {
namespace {

/// Side by side, so that a slow phase of the machine hits all finalists alike.
std::vector<MedianInterval> time_candidates(const study::RunParts& parts, const std::vector<Candidate>& candidates) {
    std::vector<Graph> graphs;
    for (const Candidate& candidate : candidates)
        graphs.push_back(parts.evaluator.factory().quantized(candidate).graph);
    return time_graphs(graphs, parts.timing);
}

/// What the search needs of the application.
class TuneServices final : public tune::RunServices {
public:
    TuneServices(const RunConfig& config, const study::RunParts& parts, journal::Workspace& workspace)
        : config_(config), parts_(parts), workspace_(workspace) {}

    [[nodiscard]] const SearchSpace& space() const override { return parts_.space; }
    [[nodiscard]] journal::Writer& journal() override { return workspace_.journal(); }
    [[nodiscard]] const Clock& clock() const override { return clock_; }
    [[nodiscard]] bool is_stop_requested() const override { return stop_requested().load(); }
    [[nodiscard]] std::unique_ptr<Strategy> make_strategy(const Goal& goal, double baseline,
                                                          const LatencySource& latency) override {
        return halftone::make_strategy(config_.tuning.strategy.name,
                                       strategy_context(config_, parts_.space, goal, baseline, latency));
    }
    [[nodiscard]] bool can_measure_latency() const override { return true; }
    // Called only when a strategy or an objective asks for it: the measurement takes seconds.
    [[nodiscard]] LatencyTable measure_latency() override {
        log::info("tune", "measuring the latencies of units and conversions");
        return measure_latency_table(parts_.evaluator.factory(), parts_.model, parts_.space);
    }
    [[nodiscard]] Costs fp32_costs() override { return measure_bytes(parts_.model.graph); }
    [[nodiscard]] Costs costs(const Candidate& candidate) override {
        return measure_bytes(parts_.evaluator.factory().quantized(candidate).graph);
    }
    [[nodiscard]] bool can_time_finalists() const override { return true; }
    [[nodiscard]] std::vector<MedianInterval> time_finalists(const std::vector<Candidate>& candidates) override {
        return time_candidates(parts_, candidates);
    }

private:
    const RunConfig& config_;
    const study::RunParts& parts_;
    journal::Workspace& workspace_;
    SystemClock clock_;
};

tune::RunResult search(const RunConfig& config, const study::RunParts& parts, journal::Workspace& workspace,
                       study::RunListener& listener, Communicator& comm) {
    TuneServices services(config, parts, workspace);
    return tune::run_coordinator(comm, parts.evaluator, study::run_settings(config), services, listener,
                                 workspace.replay());
}

/// Rank 0 once everybody is ready: search, deliver, measure, report.
int lead(const TuneOptions& options, const RunConfig& config, const study::RunStart& start,
         const study::RunParts& parts, journal::Workspace& workspace, Communicator& comm) {
    warn_of_few_samples(config, parts.calibration);
    const std::string warning = study::nothing_to_quantize_text(parts.space);
    if (!warning.empty()) log::warning("tune", "{}", warning);
    study::ProgressLine line(is_stderr_a_terminal(), options.is_quiet, config.tuning.timeout_s);
    study::RunListener listener(config, parts, workspace, line);
    const tune::RunResult result = search(config, parts, workspace, listener, comm);
    line.finish();  // the report begins on a line of its own
    listener.end_progress();

    // Without evaluation data there are no trials: the first model-wise candidate is what the config asks for.
    std::optional<Candidate> delivered;
    if (result.best) delivered = result.best->candidate;
    if (!config.evaluation && result.reason != tune::EndReason::interrupted) {
        delivered = model_wise_candidates(parts.space, ModelWise::uniform).front();
        listener.deliver(*delivered, std::nullopt);  // no trial: its accuracy is unknown
    }
    const RunDocument run = study::ended_run(start, config, parts, result, delivered);
    workspace.write("run.yaml", write_run(run));
    fmt::print("{}",
               study::final_report(config, parts.space, result, delivered, run,
                                   {.fp32 = start.model_bytes, .best = listener.best_bytes()}, workspace.path("")));
    return run.exit_code;
}

/// What the run works on. Latencies are measured with evaluation data if there are any.
study::RunParts parts_of(const Workbench& bench) {
    const Pipeline& timing = bench.evaluation ? *bench.evaluation : *bench.calibration;
    return {bench.model,        bench.recipes, bench.capability, *bench.space,
            *bench.calibration, timing,        *bench.evaluator, bench.metrics.get()};
}

/// How this run was started, for study.json and run.yaml.
study::RunStart start_of(const TuneOptions& options, int ranks, std::size_t model_bytes) {
    return {.version = HALFTONE_VERSION,
            .git = HALFTONE_GIT,
            .onednn = onednn_version(),
            .mpi = mpi_version(),
            .command = options.command_line,
            .directory = working_directory(),
            .ranks = ranks,
            .model_bytes = model_bytes};
}

}  // namespace

// The command line wins over the config. A resumed run must name its folder: the default is a new one each second.
std::string workspace_folder(const TuneOptions& options, const RunConfig& config) {
    if (!options.workspace.empty()) return options.workspace;
    if (!config.tuning.workspace.empty()) return config.tuning.workspace;
    if (options.resume) throw ConfigError("--resume needs --workspace or the key tuning.workspace.path");
    return "./halftone_workspace/" + SystemClock().date_time();
}

namespace {

/// What differs between machines and would make results depend on the rank that computes them.
void agree_on_machine(Communicator& comm, Agreement& agreement) {
    agreement.after([&] { check_same_isa(comm, isa_name()); });
    // One limit for all, or a candidate would fail or not depending on the rank that gets it.
    process_budget().set_byte_limit(smallest_of_ranks(comm, process_budget().byte_limit()));
}

/// Also where nothing is calibrated, a search reads samples.
void check_data(const RunConfig& config) {
    if (calibration_data(config) != nullptr) return;
    throw ConfigError(config.file +
                      ": quantization.calibration.dataloader is missing: " + std::string(kSearchNeedsData));
}

}  // namespace

int run_tune(const TuneOptions& options, Communicator& comm) {
    const bool is_root = comm.rank() == RankId{0};
    if (options.print_config) {
        if (is_root) fmt::print("{}", print_config(load_config(options.config, options.overrides)));
        return static_cast<int>(ExitCode::ok);
    }
    if (options.dry_run) return run_rehearsal(options, comm);
    catch_signals();  // before the long part begins
    Agreement agreement(comm);

    // What rank 0 can refuse by itself comes first, before the other ranks build anything.
    RunInputs inputs = read_inputs(comm, agreement, options.config, options.overrides, [&](const RunConfig& config) {
        check_runnable(config);
        check_data(config);
        (void)workspace_folder(options, config);
    });
    const std::size_t model_bytes = inputs.model_bytes.size();

    RunConfig config;
    std::unique_ptr<Workbench> bench;
    const auto files = make_posix_file_system();
    std::unique_ptr<journal::Workspace> workspace;
    study::RunStart start;  // of rank 0
    agree_on_machine(comm, agreement);
    agreement.after([&] {
        config = read_run_config(inputs.config_text, options.config, options.overrides, known_names());
        // The workbench has the model's constants by then. The file's bytes would double them, if they are no views.
        const SharedBytes model = std::exchange(inputs.model_bytes, {});
        bench = make_workbench(config, model, config.model_path, true);
    });
    agreement.after([&] { check_same_workbench(comm, *bench); });
    agreement.after([&] {
        if (!is_root) return;
        // All checks before the workspace: a run that cannot start must leave no folder behind.
        check_strategy(config, *bench->space);
        const std::string folder = workspace_folder(options, config);
        workspace = std::make_unique<journal::Workspace>(
            *files, folder, options.resume, study::run_header(config, study::identity_of(*bench, HALFTONE_VERSION)),
            comm.size());
        log::open_file(workspace->path("tune.log"));
        start = start_of(options, comm.size(), model_bytes);
        workspace->write("study.json",
                         study::study_facts(config, bench->model, bench->capability, *bench->space, start));
    });

    WireWriter code;
    if (is_root) {
        int result = 0;
        try {
            result = lead(options, config, start, parts_of(*bench), *workspace, comm);
        } catch (const Error& error) {  // the workers have stopped and wait for the code
            report_error(error.what());
            result = static_cast<int>(error.code());
        }
        code.put(result);
    } else {
        tune::run_worker(comm, *bench->evaluator);
    }
    return code_of_rank_0(comm, code);
}

}  // namespace halftone::app
