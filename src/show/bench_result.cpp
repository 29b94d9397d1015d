// What the command bench measured.
//
//   bench_json, step_json, autotune_json   the result; one row for each step and each reorder
//   table_text, row_text                   the table; it is made from the JSON, so that both say the same
//   kernels_text                           the times that decided which kernels run
#include "show/bench_result.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/median_interval.hpp"
#include "eval/latency.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::show {
namespace {

using Json = nlohmann::ordered_json;

/// Returns the row of one step. A rate stands only where the number of operations says something: products, but not
/// activations or copies, whose time is that of the memory.
Json step_json(const StepInfo& step, double ms, double total_ms) {
    Json row;
    row["name"] = step.name;
    row["op"] = step.op;
    row["ms"] = ms;
    row["share"] = total_ms > 0 ? ms / total_ms : 0.0;
    // A step that only moves bytes has no operations, and a rate of 0 would look like a fault.
    if (step.operations > 0) {
        row["dtype"] = step.is_integer ? "int8" : step.is_bf16 ? "bf16" : "fp32";
        row["gops"] = ms > 0 ? step.operations / ms / 1e6 : 0.0;
    }
    row["implementation"] = step.implementation;  // which kernel ran, to compare two machines
    return row;
}

/// Returns every kernel that was tried for a step with its time, so that a reader can see how close the choice was.
Json autotune_json(const Autotuned& tuned) {
    Json json;
    json["gain"] = {{"median", tuned.gain.median}, {"ci95", {tuned.gain.low, tuned.gain.high}}};
    // Choices that gain alone may lose together, because they change layouts and caches; then all of them are dropped.
    json["is_dropped"] = tuned.is_dropped;
    json["unnamed_steps"] = tuned.unnamed;
    json["steps"] = Json::array();
    for (const KernelTimes& step : tuned.steps) {
        Json row;
        row["name"] = step.node;
        row["op"] = step.op;
        row["kernel"] = step.kernels[step.chosen];
        row["ms"] = Json::object();
        for (std::size_t k = 0; k < step.ms.size(); ++k) row["ms"][step.kernels[k]] = step.ms[k];
        json["steps"].push_back(std::move(row));
    }
    return json;
}

Json bench_json(const BenchResult& result) {
    const StepProfile& measured = result.measured;
    const MedianInterval latency = median_with_interval(measured.runs_ms);
    Json json;
    json["precision"] = result.precision;
    json["batch"] = result.batch;
    json["threads"] = result.threads;
    json["isa"] = isa_name();
    json["runs"] = measured.runs_ms.size();
    // The median, because other work on the machine makes a few runs much slower and none faster.
    json["latency"] = {{"median_ms", latency.median},
                       {"p95_ms", percentile_of(measured.runs_ms, 0.95)},
                       {"ci95_ms", {latency.low, latency.high}}};
    // The tail is no part of the latency: its time depends on what the data are, and random inputs say little about
    // it.
    if (result.tail_ms) json["tail_ms"] = *result.tail_ms;
    double total_ns = 0;
    for (const double ns : measured.steps_ns) total_ns += ns;
    const auto runs = static_cast<double>(measured.profiled_runs);
    // Slower than a whole run: the clock is read between the steps.
    json["profiled_ms"] = total_ns / runs / 1e6;
    json["peak_memory_mb"] = result.peak_memory_mb;
    json["set_up_ms"] = {{"model", result.model_ms}};
    if (result.candidate_ms > 0) json["set_up_ms"]["candidate"] = result.candidate_ms;
    json["units"] = Json::array();
    json["reorders"] = Json::array();
    for (std::size_t s = 0; s < result.steps.size(); ++s) {
        const StepInfo& step = result.steps[s];
        // Reorders belong to no node of the model: they are the price of the layouts that the kernels beside them
        // chose.
        json[step.op == "Reorder" ? "reorders" : "units"].push_back(
            step_json(step, measured.steps_ns[s] / runs / 1e6, total_ns / runs / 1e6));
    }
    if (result.kernels) json["autotune"] = autotune_json(*result.kernels);
    return json;
}

/// Returns a line of the table. Columns have fixed widths, so that an empty rate leaves its place.
std::string row_text(const Json& row) {
    const std::string rate = row.contains("gops") ? fmt::format("{:8.1f} {}", row["gops"].get<double>(),
                                                                row["dtype"] == "int8" ? "GOP/s  " : "GFLOP/s")
                                                  : std::string(16, ' ');
    return fmt::format("{:9.4f} ms {:5.1f} % {}  {:18} {:34} {}\n", row["ms"].get<double>(),
                       100 * row["share"].get<double>(), rate, row["op"].get<std::string>(),
                       row["name"].get<std::string>(), row["implementation"].get<std::string>());
}

/// Returns the whole run first, then what it is made of.
std::string table_text(const Json& json) {
    std::string text;
    const auto& latency = json["latency"];
    text += fmt::format("{}, batch {}, {} thread{}, {}: median {:.4g} ms [{:.4g}, {:.4g}], p95 {:.4g} ms, {} runs\n",
                        json["precision"].get<std::string>(), json["batch"].get<std::int64_t>(),
                        json["threads"].get<int>(), json["threads"].get<int>() == 1 ? "" : "s",
                        json["isa"].get<std::string>(), latency["median_ms"].get<double>(),
                        latency["ci95_ms"][0].get<double>(), latency["ci95_ms"][1].get<double>(),
                        latency["p95_ms"].get<double>(), json["runs"].get<std::size_t>());
    if (json.contains("tail_ms")) {
        text += fmt::format("the tail, whose shapes depend on data, takes {:.4g} ms more (random inputs)\n",
                            json["tail_ms"].get<double>());
    }
    const auto& set_up = json["set_up_ms"];
    text += fmt::format("peak memory of the process {:.1f} MB, set-up {:.4g} ms{}\n",
                        json["peak_memory_mb"].get<double>(), set_up["model"].get<double>(),
                        set_up.contains("candidate") ? fmt::format(", of a candidate that changes one unit {:.4g} ms",
                                                                   set_up["candidate"].get<double>())
                                                     : "");
    text += fmt::format("\nsteps, timed one by one ({:.4g} ms a run):\n", json["profiled_ms"].get<double>());
    for (const auto& row : json["units"]) text += row_text(row);
    text += fmt::format("\nreorders:{}\n", json["reorders"].empty() ? " none" : "");
    for (const auto& row : json["reorders"]) text += row_text(row);
    return text;
}

/// Returns the times that decided, and whether whole runs became faster. Single steps may gain where the model as a
/// whole does not, because a step leaves its output in another layout or in the caches.
std::string kernels_text(const Autotuned& tuned) {
    std::string text;
    text += fmt::format(
        "\nkernels that can run a step, ms in whole runs (*: chosen, not the default; the default comes first):\n");
    for (const KernelTimes& step : tuned.steps) {
        // The default is the first of the kernels, so no mark at index 0 means that it runs.
        text += fmt::format("  {:34}", step.node);
        for (std::size_t k = 0; k < step.ms.size(); ++k) {
            text += fmt::format("  {}{} {:.4f}", k > 0 && k == step.chosen ? "*" : "", step.kernels[k], step.ms[k]);
        }
        text += fmt::format("\n");
    }
    if (tuned.steps.empty())
        text += fmt::format("  none: no step {}\n", tuned.unnamed > 0 ? "has a name" : "has more than one kernel");
    if (tuned.unnamed > 0) {
        text += fmt::format(
            "{} steps have no name in the model, by which a choice could be kept: they run by their defaults\n",
            tuned.unnamed);
    }
    if (tuned.is_dropped) {
        text += fmt::format(
            "together the choices were not faster than the defaults ({:.3f} [{:.3f}, {:.3f}]): none is kept\n",
            tuned.gain.median, tuned.gain.low, tuned.gain.high);
    } else {
        text += fmt::format(
            "{} of {} steps run by another kernel; whole runs: default / chosen = {:.3f} [{:.3f}, {:.3f}]\n",
            tuned.choices.size(), tuned.steps.size(), tuned.gain.median, tuned.gain.low, tuned.gain.high);
    }
    return text;
}

}  // namespace

std::string bench_line(const BenchResult& result) { return bench_json(result).dump() + "\n"; }

std::string bench_text(const BenchResult& result) {
    return table_text(bench_json(result)) + (result.kernels ? kernels_text(*result.kernels) : "");
}

}  // namespace halftone::show
