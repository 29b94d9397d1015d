// The command tune.
//
//   run_tune            all ranks: inputs from rank 0, one instruction set, model, space and evaluator; rank 0 alone
//                       checks the strategy's settings and opens the workspace. Then rank 0 leads, the others work
//   lead                search, deliver what was found, measure latencies, write run.yaml, print the report
//   search              the coordinator's set-up: strategy, costs, latency table, finalists
//   identity_of         what a resumed run must have in common with the first session, beside the config
//
// Until the workspace is open, a failure of one rank ends all ranks (Agreement). Later only rank 0 can fail.

#include <fmt/format.h>

#include <algorithm>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/wire.hpp"
#include "comm/mpi/mpi_communicator.hpp"
#include "commands.hpp"
#include "eval/costs.hpp"
#include "eval/from_config.hpp"
#include "eval/guessing.hpp"
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
#include "study/objective_verdict.hpp"
#include "study/progress_line.hpp"
#include "study/run_listener.hpp"
#include "study/run_terms.hpp"
#include "study/study_facts.hpp"
#include "study/verdict_line.hpp"
#include "tune/tuner.hpp"
#include "version.hpp"
#include "workspace_folder.hpp"

namespace halftone::app {
namespace {

study::RunIdentity identity_of(const Workbench& bench) {
    study::RunIdentity identity{.version = HALFTONE_VERSION,
                                .isa = isa_name(),
                                .model = bench.model.hash,
                                .data = {},
                                .space = bench.space->hash()};
    identity.data.push_back(bench.calibration->identity_hash());
    if (bench.evaluation) identity.data.push_back(bench.evaluation->identity_hash());
    return identity;
}

/// Side by side, so that a slow phase of the machine hits all finalists alike.
std::vector<MedianInterval> time_candidates(const study::RunParts& parts, const std::vector<Candidate>& candidates) {
    std::vector<Graph> graphs;
    for (const Candidate& candidate : candidates)
        graphs.push_back(parts.evaluator.factory().quantized(candidate).graph);
    return time_graphs(graphs, parts.timing);
}

/// The front of all trials with an accuracy; empty where the run has no latency table.
std::vector<FrontPoint> front_of(const study::RunParts& parts, const tune::RunResult& result, bool higher_is_better) {
    if (!result.latency) return {};
    std::vector<FrontPoint> points;
    for (const tune::FinishedTrial& trial : result.scored) {
        points.push_back({.trial = trial.trial.value,
                          .accuracy = std::get<Score>(trial.outcome).accuracy,
                          .latency_ms = result.latency->predict_ms(parts.space, trial.candidate),
                          .bytes = exported_bytes(parts.evaluator.factory().quantized(trial.candidate).graph)});
    }
    return pareto_front(points, higher_is_better);
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

/// What run.yaml says before the run: program, machine, command and config.
RunDocument started_run(const TuneOptions& options, const RunConfig& config, int ranks) {
    RunDocument run;
    run.version = HALFTONE_VERSION;
    run.git = HALFTONE_GIT;
    run.command = options.command_line;
    run.directory = working_directory();
    run.isa = isa_name();
    run.ranks = ranks;
    run.threads = config.tuning.threads;
    run.onednn = onednn_version();
    run.mpi = mpi_version();
    run.config = config.effective;
    return run;
}

/// How many evaluation samples could not be read on any rank; nothing unless the config lets them be skipped.
std::optional<std::int64_t> skipped_samples(const RunConfig& config, const ModelEvaluator& evaluator,
                                            const Score& baseline) {
    if (!config.evaluation || !config.evaluation->dataloader.skips_bad_samples) return std::nullopt;
    return evaluator.evaluation_samples() - baseline.samples;
}

/// Judges the latency, which is the objective, and warns where the model is no faster. The exit code stays that of the
/// goal: LPOT would call the run a success, too.
RunObjective objective_of(const RunConfig& config, const SearchSpace& space, const Candidate& delivered,
                          const MedianInterval& fp32_ms, const MedianInterval& best_ms) {
    const QuantPlan plan = space.plan(delivered);
    const bool is_fp32 =
        std::all_of(plan.units.begin(), plan.units.end(), [](const auto& unit) { return !unit.is_quantized(); });
    const study::ObjectiveVerdict verdict = study::judge_objective(fp32_ms, best_ms,
                                                                   {.isa = isa_name(),
                                                                    .pinned_isa = config.cluster_isa,
                                                                    .threads = config.tuning.threads,
                                                                    .delivers_fp32 = is_fp32});
    if (!verdict.is_met) log::warning("tune", "{}", verdict.text);
    return {.is_met = verdict.is_met, .text = verdict.text, .help = verdict.help, .is_slower = verdict.is_slower};
}

/// Said before the search: at its end one would read "no quantized model was better", and look for the reason
/// elsewhere.
void warn_of_nothing_to_quantize(const SearchSpace& space) {
    for (const Decision& unit : space.decisions())
        if (unit.has_quantized()) return;
    log::warning("tune",
                 "no unit of this model can be quantized under this config, so fp32 is all that can be delivered: "
                 "'halftone inspect MODEL --config CONFIG --units' says why");
}

std::size_t quantized_units(const SearchSpace& space, const Candidate& candidate) {
    const QuantPlan plan = space.plan(candidate);
    return plan.units.size() - plan.high_precision_units();
}

/// Rank 0 once everybody is ready: search, deliver, measure, report.
int lead(const TuneOptions& options, const RunConfig& config, const study::RunParts& parts,
         journal::Workspace& workspace, Communicator& comm, std::size_t model_bytes) {
    warn_of_few_samples(config, parts.calibration);
    warn_of_nothing_to_quantize(parts.space);
    const bool is_terminal = is_stderr_a_terminal();
    study::ProgressLine line(is_terminal, options.is_quiet, config.tuning.timeout_s);
    study::RunListener listener(config, parts, workspace, line);
    tune::RunResult result = search(config, parts, workspace, listener, comm);
    line.finish();  // the report begins on a line of its own
    listener.end_progress();
    const int code = study::exit_code_of(result, config);

    // Without evaluation data there are no trials: the first model-wise candidate is what the config asks for.
    std::optional<Candidate> delivered;
    if (result.best) delivered = result.best->candidate;
    if (!config.evaluation && result.reason != tune::EndReason::interrupted) {
        delivered = model_wise_candidates(parts.space, ModelWise::uniform).front();
        listener.deliver(*delivered, std::nullopt);  // no trial: its accuracy is unknown
    }
    // Rank 0 alone measures, after the workers have stopped, so that nobody else's work disturbs the times.
    RunDocument run = started_run(options, config, comm.size());
    run.reason = std::string(tune::kEndReasonNames.name(result.reason));
    run.exit_code = code;
    run.sample_units = result.sample_units;
    run.skipped = skipped_samples(config, parts.evaluator, result.baseline);
    run.heuristics = result.heuristics;
    if (parts.metrics != nullptr) {
        const std::string doubt = guessing_text(*parts.metrics, result.baseline);
        if (!doubt.empty()) run.warnings.push_back("fp32's " + doubt);
    }
    if (delivered && result.reason != tune::EndReason::interrupted) {
        const auto latencies =
            time_graphs({parts.model.graph, parts.evaluator.factory().quantized(*delivered).graph}, parts.timing);
        const MedianInterval& fp32 = latencies[0];
        const MedianInterval& best = latencies[1];
        run.fp32_ms = fp32.median;
        run.best_ms = best.median;
        if (config.tuning.objective.latency > 0)
            run.objective = objective_of(config, parts.space, *delivered, fp32, best);
    }
    // A stopped run shall end within seconds, and its front would be that of half a search.
    if (result.reason != tune::EndReason::interrupted) {
        run.front = front_of(parts, result, config.tuning.criterion.higher_is_better);
    }
    if (delivered && result.reason != tune::EndReason::interrupted)
        run.verdict = study::verdict_line(config, result, run, quantized_units(parts.space, *delivered));
    workspace.write("run.yaml", write_run(run));
    fmt::print("{}", study::final_report(config, parts.space, result, delivered, run,
                                         {.fp32 = model_bytes, .best = listener.best_bytes()}, workspace.path("")));
    return code;
}

std::string study_text(const TuneOptions& options, const RunConfig& config, const Workbench& bench, int ranks,
                       std::size_t model_bytes) {
    const study::RunStart start{.version = HALFTONE_VERSION,
                                .git = HALFTONE_GIT,
                                .onednn = onednn_version(),
                                .mpi = mpi_version(),
                                .command = options.command_line,
                                .directory = working_directory(),
                                .ranks = ranks,
                                .model_bytes = model_bytes};
    return study::study_facts(config, bench.model, bench.capability, *bench.space, start);
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
    const RunInputs inputs =
        read_inputs(comm, agreement, options.config, options.overrides, [&](const RunConfig& config) {
            check_runnable(config);
            check_data(config);
            (void)workspace_folder(options, config);
        });

    RunConfig config;
    std::unique_ptr<Workbench> bench;
    const auto files = make_posix_file_system();
    std::unique_ptr<journal::Workspace> workspace;
    agree_on_machine(comm, agreement);
    agreement.after([&] {
        config = read_run_config(inputs.config_text, options.config, options.overrides, known_names());
        bench = make_workbench(config, inputs.model_bytes, config.model_path, true);
    });
    agreement.after([&] { check_same_workbench(comm, *bench); });
    agreement.after([&] {
        if (!is_root) return;
        // All checks before the workspace: a run that cannot start must leave no folder behind.
        check_strategy(config, *bench->space);
        const std::string folder = workspace_folder(options, config);
        workspace = std::make_unique<journal::Workspace>(*files, folder, options.resume,
                                                         study::run_header(config, identity_of(*bench)), comm.size());
        log::open_file(workspace->path("tune.log"));
        workspace->write("study.json", study_text(options, config, *bench, comm.size(), inputs.model_bytes.size()));
    });

    WireWriter code;
    if (is_root) {
        int result = 0;
        try {
            const study::RunParts parts{
                bench->model, bench->recipes, bench->capability, *bench->space, *bench->calibration,
                // Latencies are measured with evaluation data if there are any.
                bench->evaluation ? *bench->evaluation : *bench->calibration, *bench->evaluator, bench->metrics.get()};
            result = lead(options, config, parts, *workspace, comm, inputs.model_bytes.size());
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
