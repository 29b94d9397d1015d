// The command bench: latency of a model on this machine.
//
//   bench_model                  the model in the wanted precision, or as a plan file says
//   choose_kernels               with --autotune: kernels by measurement (bench_autotune.cpp)
//   measure, measure_on_demand   rounds by number, or one for each line of standard input
//   to_json, print_table         the result; the table is printed from the JSON, so that both say the same
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "bench_autotune.hpp"
#include "commands.hpp"
#include "eval/latency.hpp"
#include "eval/step_profile.hpp"
#include "exec/apply_plan.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "model_source.hpp"
#include "setup.hpp"

namespace halftone::app {
namespace {

// The first two are the config's limits of tuning.batch_size and tuning.threads, the first one with room for tiny
// models.
constexpr std::int64_t kMostBatch = 1'000'000;
constexpr int kMostThreads = 1024;
constexpr int kMostRounds = 1'000'000;

// Ctrl-C ends the measurement early; what was measured until then is still printed.
volatile std::sig_atomic_t is_stopped = 0;
void stop(int) { is_stopped = 1; }

/// Returns how many samples a run has. A model without an open first dimension has as many as its file says.
/// @throws ConfigError when --batch wants another number
std::int64_t checked_batch(const Graph& graph, std::int64_t wanted) {
    std::int64_t fixed = 1;
    for (std::size_t i = graph.inputs().size(); i-- > 0;) {
        const Value& input = graph.value(graph.inputs()[i]);
        if (input.type.shape.rank() == 0) continue;
        if (input.type.shape[0] == kSymbolic) return wanted;
        fixed = input.type.shape[0];
    }
    if (wanted == fixed || wanted == 1) return fixed;  // 1 is also what is not said
    throw ConfigError(fmt::format("--batch {}: the model leaves no batch open, the first dimension of its input is {}",
                                  wanted, fixed));
}

/// From a graph to a session that can run; of a candidate, from its plan.
struct SetUp {
    double model_ms = 0;
    double candidate_ms = 0;  ///< 0: no candidates
};

/// A plan or file of another machine runs by the defaults where its kernels do not exist.
void warn_of_missing_kernels(const Graph& graph, CompileOptions compile) {
    if (kernel_choices(graph).empty()) return;
    compile.lists_kernels = true;
    const std::vector<std::string> missing = missing_kernels(graph, Session(graph, reference_ops(), compile));
    if (missing.empty()) return;
    log::warning("bench",
                 "{} of the chosen kernels are not to be had on this machine ({}), the first {}: defaults run instead",
                 missing.size(), isa_name(), missing[0]);
}

StepProfile measure(Session& session, int rounds) {
    StepProfile measured;
    warm_up(session);
    for (int round = 0; round < rounds && is_stopped == 0; ++round) measure_round(session, measured);
    return measured;
}

/// A script that compares programs asks each of them for a round in turn, so that a slow phase of the machine hits all
/// alike. The answer of a round is flushed at once, because the script waits for it.
StepProfile measure_on_demand(Session& session) {
    StepProfile measured;
    warm_up(session);
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

/// Of the whole process, the model's import included: what a machine must have to run the command.
double peak_memory_mb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts KiB
}

nlohmann::ordered_json step_json(const StepInfo& step, double ms, double total_ms) {
    nlohmann::ordered_json row;
    row["name"] = step.name;
    row["op"] = step.op;
    row["ms"] = ms;
    row["share"] = total_ms > 0 ? ms / total_ms : 0.0;
    if (step.operations > 0) {
        row["dtype"] = step.is_integer ? "int8" : step.is_bf16 ? "bf16" : "fp32";
        row["gops"] = ms > 0 ? step.operations / ms / 1e6 : 0.0;
    }
    row["implementation"] = step.implementation;
    return row;
}

nlohmann::ordered_json to_json(const BenchOptions& options, std::int64_t batch, const Session& session,
                               const SetUp& set_up, const StepProfile& measured, std::optional<double> tail) {
    const MedianInterval latency = median_with_interval(measured.runs_ms);
    nlohmann::ordered_json json;
    json["precision"] = options.plan.empty() ? options.precision : "plan";
    json["batch"] = batch;
    json["threads"] = options.threads;
    json["isa"] = isa_name();
    json["runs"] = measured.runs_ms.size();
    json["latency"] = {{"median_ms", latency.median},
                       {"p95_ms", percentile_of(measured.runs_ms, 0.95)},
                       {"ci95_ms", {latency.low, latency.high}}};
    if (tail) json["tail_ms"] = *tail;
    double total_ns = 0;
    for (const double ns : measured.steps_ns) total_ns += ns;
    const auto runs = static_cast<double>(measured.profiled_runs);
    // Slower than a whole run: the clock is read between the steps.
    json["profiled_ms"] = total_ns / runs / 1e6;
    json["peak_memory_mb"] = peak_memory_mb();
    json["set_up_ms"] = {{"model", set_up.model_ms}};
    if (set_up.candidate_ms > 0) json["set_up_ms"]["candidate"] = set_up.candidate_ms;
    json["units"] = nlohmann::ordered_json::array();
    json["reorders"] = nlohmann::ordered_json::array();
    for (std::size_t s = 0; s < session.steps().size(); ++s) {
        const StepInfo& step = session.steps()[s];
        json[step.op == "Reorder" ? "reorders" : "units"].push_back(
            step_json(step, measured.steps_ns[s] / runs / 1e6, total_ns / runs / 1e6));
    }
    return json;
}

void print_row(const nlohmann::ordered_json& row) {
    const std::string rate = row.contains("gops") ? fmt::format("{:8.1f} {}", row["gops"].get<double>(),
                                                                row["dtype"] == "int8" ? "GOP/s  " : "GFLOP/s")
                                                  : std::string(16, ' ');
    fmt::print("{:9.4f} ms {:5.1f} % {}  {:18} {:34} {}\n", row["ms"].get<double>(), 100 * row["share"].get<double>(),
               rate, row["op"].get<std::string>(), row["name"].get<std::string>(),
               row["implementation"].get<std::string>());
}

void print_bench_table(const nlohmann::ordered_json& json) {
    const auto& latency = json["latency"];
    fmt::print("{}, batch {}, {} thread{}, {}: median {:.4g} ms [{:.4g}, {:.4g}], p95 {:.4g} ms, {} runs\n",
               json["precision"].get<std::string>(), json["batch"].get<std::int64_t>(), json["threads"].get<int>(),
               json["threads"].get<int>() == 1 ? "" : "s", json["isa"].get<std::string>(),
               latency["median_ms"].get<double>(), latency["ci95_ms"][0].get<double>(),
               latency["ci95_ms"][1].get<double>(), latency["p95_ms"].get<double>(), json["runs"].get<std::size_t>());
    if (json.contains("tail_ms")) {
        fmt::print("the tail, whose shapes depend on data, takes {:.4g} ms more (random inputs)\n",
                   json["tail_ms"].get<double>());
    }
    const auto& set_up = json["set_up_ms"];
    fmt::print("peak memory of the process {:.1f} MB, set-up {:.4g} ms{}\n", json["peak_memory_mb"].get<double>(),
               set_up["model"].get<double>(),
               set_up.contains("candidate")
                   ? fmt::format(", of a candidate that changes one unit {:.4g} ms", set_up["candidate"].get<double>())
                   : "");
    fmt::print("\nsteps, timed one by one ({:.4g} ms a run):\n", json["profiled_ms"].get<double>());
    for (const auto& row : json["units"]) print_row(row);
    fmt::print("\nreorders:{}\n", json["reorders"].empty() ? " none" : "");
    for (const auto& row : json["reorders"]) print_row(row);
}

/// The model as the options want it: by a plan file, or in one precision.
BenchModel bench_model(const BenchOptions& options) {
    // A plan belongs to the units of the model; without one, a file that is quantized already runs as it is written.
    const auto prepare = options.plan.empty() ? prepare_model : prepare_for_tuning;
    PreparedModel model = prepare(read_framework_model(options.model, options.framework, options.sizes.parse()),
                                  options.model, options.sizes.parse());
    if (options.plan.empty()) return {std::move(model), options.model, options.precision};
    const LoadedPlan loaded = read_plan(options.plan, model);
    const QuantizedModel quantized = apply_plan(model.graph, model.units, loaded.plan, loaded.numbers);
    return BenchModel(with_kernels(quantized.graph, loaded.kernels));
}

}  // namespace

int run_bench(const BenchOptions& options) {
    if (options.batch < 1 || options.threads < 1 || options.rounds < 1) {
        throw ConfigError("--batch, --threads and --rounds must be at least 1");
    }
    // As in a config: the limits catch typing errors before kernels multiply with them.
    if (options.batch > kMostBatch || options.threads > kMostThreads || options.rounds > kMostRounds) {
        throw ConfigError(fmt::format("--batch may be up to {}, --threads up to {}, --rounds up to {}", kMostBatch,
                                      kMostThreads, kMostRounds));
    }
    set_kernel_threads(options.threads);
    const auto weights = make_weight_cache();  // candidates share it, as those of a search do
    BenchModel model = bench_model(options);
    const std::int64_t batch = checked_batch(model.graph(), options.batch);
    const CompileOptions compile{.batch = options.batch, .weights = weights.get()};
    std::signal(SIGINT, stop);  // after the model is read: until then there is nothing to print
    std::signal(SIGTERM, stop);
    std::optional<Autotuned> tuned;
    if (options.autotunes) tuned = choose_kernels(model, options, compile, [] { return is_stopped != 0; });
    if (is_stopped != 0) return static_cast<int>(ExitCode::interrupted);
    if (!options.save.empty()) make_posix_file_system()->write_atomically(options.save, export_onnx(model.graph()));
    const SystemClock clock;
    const auto start = clock.now();
    Session session(model.graph(), reference_ops(), compile);
    SetUp set_up{.model_ms = 1000 * seconds(clock.now() - start)};
    fill_inputs(session, model.graph().inputs().size());
    warn_of_missing_kernels(model.graph(), compile);
    if (model.has_candidates()) set_up.candidate_ms = candidate_set_up_ms(model, compile);
    const StepProfile measured = options.on_demand ? measure_on_demand(session) : measure(session, options.rounds);
    if (measured.runs_ms.empty() && is_stopped == 0) throw ConfigError("--on-demand: standard input has no line");
    if (measured.runs_ms.empty()) return static_cast<int>(ExitCode::interrupted);
    auto json = to_json(options, batch, session, set_up, measured, tail_ms(model.graph(), session, clock));
    if (tuned) json["autotune"] = autotune_json(*tuned);
    if (options.as_json || options.on_demand)
        fmt::print("{}\n", json.dump());
    else {
        print_bench_table(json);
        if (tuned) print_autotune(*tuned);
    }
    return static_cast<int>(is_stopped == 0 ? ExitCode::ok : ExitCode::interrupted);
}

}  // namespace halftone::app
