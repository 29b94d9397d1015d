// The command bench: latency of a model on this machine.
//
//   bench_model                  the model in the wanted precision, or as a plan file says
//   choose_kernels               with --autotune: kernels by measurement, written where the options say
//   measure, measure_with_fp32, measure_on_demand   rounds by number, of the fp32 model too; or one for each line of
//                                standard input
// What was measured is printed by show/bench_result.
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/output_file.hpp"
#include "base/path.hpp"
#include "base/process.hpp"
#include "commands.hpp"
#include "eval/autotune.hpp"
#include "eval/bench_model.hpp"
#include "eval/step_profile.hpp"
#include "exec/apply_plan.hpp"
#include "graph/onnx/onnx_files.hpp"
#include "import/model_source.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "plan/plan_document.hpp"
#include "setup.hpp"
#include "show/bench_result.hpp"

namespace halftone::app {
namespace {

// The first two are the config's limits of tuning.batch_size and tuning.threads, the first one with room for tiny
// models.
constexpr std::int64_t kMostBatch = 1'000'000;
constexpr int kMostThreads = 1024;
constexpr int kMostRounds = 1'000'000;

// Ctrl-C ends the measurement early; what was measured until then is still printed.
volatile std::sig_atomic_t is_stopped = 0;
void stop(int signal) {
    is_stopped = 1;
    std::signal(signal, SIG_DFL);  // a second signal does not wait for the end of a long run
}

/// Until the handlers stand, a signal ends the process at once: there is nothing to print yet.
void catch_stop_signals() {
    std::signal(SIGINT, stop);
    std::signal(SIGTERM, stop);
}

StepProfile measure(Session& session, int rounds) {
    StepProfile measured;
    warm_up(session);
    for (int round = 0; round < rounds && is_stopped == 0; ++round) {
        measure_round(session, measured);
        if (round == 0) catch_stop_signals();  // from now on a stopped bench has something to print
    }
    return measured;
}

/// Measures both models in turn, so that a slow phase of the machine hits both alike.
void measure_with_fp32(Session& session, Session& fp32, int rounds, show::BenchResult& result) {
    StepProfile fp32_measured;
    warm_up(session);
    warm_up(fp32);
    for (int round = 0; round < rounds && is_stopped == 0; ++round) {
        session.run();  // the other model has used the caches
        measure_round(session, result.measured);
        fp32.run();
        measure_round(fp32, fp32_measured);
        if (round == 0) catch_stop_signals();
    }
    result.fp32 = show::Fp32Result{.measured = std::move(fp32_measured), .steps = fp32.steps()};
}

/// As in a config, the limits catch typing errors before kernels multiply with them. @throws ConfigError
void check_number(std::string_view option, std::int64_t value, std::int64_t most) {
    if (value >= 1 && value <= most) return;
    throw ConfigError(fmt::format("{} must be an integer from 1 to {}, got {}", option, most, value));
}

/// A script that compares programs asks each of them for a round in turn, so that a slow phase of the machine hits all
/// alike. The answer of a round is flushed at once, because the script waits for it.
StepProfile measure_on_demand(Session& session) {
    StepProfile measured;
    warm_up(session);
    catch_stop_signals();
    std::string line;
    while (is_stopped == 0 && std::getline(std::cin, line)) {
        const auto known = static_cast<std::ptrdiff_t>(measured.runs_ms.size());
        session.run();  // other programs have used the caches
        measure_round(session, measured);
        const std::vector<double> round(measured.runs_ms.begin() + known, measured.runs_ms.end());
        fmt::print("{}\n", nlohmann::json(round).dump());
        std::fflush(stdout);
    }
    return measured;
}

/// The model as the options want it: by a plan file, or in one precision.
BenchModel bench_model(const BenchOptions& options) {
    // A plan belongs to the units of the model; without one, a file that is quantized already runs as it is written.
    const auto prepare = options.plan.empty() ? prepare_model : prepare_for_tuning;
    PreparedModel model = prepare(read_framework_model(options.model, options.framework,
                                                       parse_input_sizes(options.sizes.shapes, options.sizes.dims),
                                                       parse_ends(options.part.inputs, options.part.outputs)),
                                  options.model, parse_input_sizes(options.sizes.shapes, options.sizes.dims));
    if (options.plan.empty()) return {std::move(model), options.model, options.precision};
    const LoadedPlan loaded = read_plan(options.plan, model);
    const QuantizedModel quantized = apply_plan(model.graph, model.units, loaded.plan, loaded.numbers);
    return {with_kernels(quantized.graph, loaded.kernels), model.graph};
}

/// Before minutes are spent on measuring. The plan may be replaced by itself with the chosen kernels.
void check_outputs(const BenchOptions& options) {
    if (!options.save.empty()) check_output_file("--save", options.save, {options.model, options.plan});
    if (!options.save_plan.empty()) check_output_file("--save-plan", options.save_plan, {options.model, options.save});
}

Autotuned choose_kernels(BenchModel& model, const BenchOptions& options, const CompileOptions& compile,
                         const std::function<bool()>& is_ended) {
    const std::size_t inputs = model.graph().inputs().size();
    const Autotuned tuned = autotune(model.graph(), reference_ops(), compile,
                                     {.rounds = options.rounds,
                                      .fill_inputs = [inputs](Session& session) { fill_inputs(session, inputs); },
                                      .is_stopped = is_ended});
    if (is_ended()) return tuned;  // nothing is written of half a measurement
    model.set_kernels(tuned.choices);
    if (!options.save_plan.empty()) {
        const auto files = make_posix_file_system();
        // Everything else of the user's plan is written as it was read; only the kernels are replaced.
        PlanDocument plan = parse_plan(files->read(options.plan), options.plan).document;
        plan.kernels = tuned.choices;
        plan.kernels_comment = fmt::format("measured by bench --autotune: {}, {} thread{}, batch {}", isa_name(),
                                           options.threads, options.threads == 1 ? "" : "s", options.batch);
        if (plan.codes) {
            // They belong to the plan: where it goes to another folder, so do they.
            const std::string from = joined_path(parent_path(options.plan), plan.codes->file);
            const std::string to = joined_path(parent_path(options.save_plan), plan.codes->file);
            if (from != to) files->write_atomically(to, files->read(from));
        }
        files->write_atomically(options.save_plan, write_plan(plan));
    }
    return tuned;
}

}  // namespace

int run_bench(const BenchOptions& options) {
    check_number("--batch", options.batch, kMostBatch);
    check_number("--threads", options.threads, kMostThreads);
    check_number("--rounds", options.rounds, kMostRounds);
    check_outputs(options);
    set_kernel_threads(options.threads);
    const auto weights = make_weight_cache();  // candidates share it, as those of a search do
    BenchModel model = bench_model(options);
    const std::int64_t batch = checked_batch(model.graph(), options.batch);
    const CompileOptions compile{.batch = options.batch, .weights = weights.get()};
    std::optional<Autotuned> tuned;
    if (options.autotunes) {
        catch_stop_signals();
        tuned = choose_kernels(model, options, compile, [] { return is_stopped != 0; });
    }
    if (is_stopped != 0) return static_cast<int>(ExitCode::interrupted);
    if (!options.save.empty()) write_onnx(*make_posix_file_system(), options.save, model.graph());
    const SystemClock clock;
    const auto start = clock.now();
    Session session(model.graph(), reference_ops(), compile);
    show::BenchResult result{.precision = options.plan.empty() ? options.precision : "plan",
                             .batch = batch,
                             .threads = options.threads,
                             .model_ms = 1000 * seconds(clock.now() - start)};
    fill_inputs(session, model.graph().inputs().size());
    const std::string missing = missing_kernels_text(model.graph(), compile);
    if (!missing.empty()) log::warning("bench", "{}", missing);
    if (model.has_candidates()) result.candidate_ms = candidate_set_up_ms(model, compile);
    warm_up(session);
    result.peak_memory_mb = peak_memory_mb();  // before fp32's session takes memory of its own
    if (options.on_demand) {
        result.measured = measure_on_demand(session);
    } else if (model.fp32()) {
        Session fp32(*model.fp32(), reference_ops(), compile);
        fill_inputs(fp32, model.fp32()->inputs().size());
        measure_with_fp32(session, fp32, options.rounds, result);
    } else {
        result.measured = measure(session, options.rounds);
    }
    if (result.measured.runs_ms.empty() && is_stopped == 0)
        throw ConfigError("--on-demand: standard input has no line");
    if (result.measured.runs_ms.empty()) return static_cast<int>(ExitCode::interrupted);
    result.steps = session.steps();
    result.tail_ms = tail_ms(model.graph(), session, clock);
    result.kernels = std::move(tuned);
    fmt::print("{}", options.as_json || options.on_demand ? show::bench_line(result) : show::bench_text(result));
    return static_cast<int>(is_stopped == 0 ? ExitCode::ok : ExitCode::interrupted);
}

}  // namespace halftone::app
