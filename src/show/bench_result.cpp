// What the command bench measured.
//
//   bench_json, step_json, autotune_json   the result; one row for each step and each reorder
//   add_fp32                               fp32's time beside the steps of a quantized model
//   table_text, row_text, fp32_text        the table; it is made from the JSON, so that both say the same
//   kernels_text                           the times that decided which kernels run
#include "show/bench_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/median_interval.hpp"
#include "eval/latency.hpp"
#include "eval/step_pairs.hpp"
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

Json latency_json(const StepProfile& measured) {
    // The median, because other work on the machine makes a few runs much slower and none faster.
    const MedianInterval latency = median_with_interval(measured.runs_ms);
    return {{"median_ms", latency.median},
            {"p95_ms", percentile_of(measured.runs_ms, 0.95)},
            {"ci95_ms", {latency.low, latency.high}}};
}

double sum_of(const std::vector<double>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0.0); }

double sum_at(const std::vector<double>& numbers, const std::vector<std::size_t>& places) {
    double sum = 0;
    for (const std::size_t place : places) sum += numbers[place];
    return sum;
}

double gain_of(double fp32_ms, double ms) { return ms > 0 ? fp32_ms / ms : 0.0; }

/// Puts fp32's time into the rows of the steps that do the same work, and adds what both models have for themselves.
/// Where several steps share that work, the first one's row has the time, and the others name it.
/// @param rows  of the quantized session's steps
void add_fp32(const BenchResult& result, std::vector<Json>& rows, Json& json) {
    const std::vector<double> ms = median_step_ms(result.measured);
    const std::vector<double> fp32_ms = median_step_ms(result.fp32->measured);
    Json& fp32 = json["fp32"];
    fp32["latency"] = latency_json(result.fp32->measured);
    fp32["profiled_ms"] = sum_of(fp32_ms);
    fp32["gain"] = gain_of(fp32["latency"]["median_ms"].get<double>(), json["latency"]["median_ms"].get<double>());
    fp32["only_ms"] = 0.0;   // of steps and reorders that the quantized model does not have
    fp32["added_ms"] = 0.0;  // of those that only the quantized model has
    for (const StepPair& pair : pair_steps(result.steps, result.fp32->steps)) {
        const double own = sum_at(ms, pair.steps);
        const double other = sum_at(fp32_ms, pair.fp32_steps);
        if (pair.steps.empty()) {
            fp32["only_ms"] = fp32["only_ms"].get<double>() + other;
            continue;
        }
        if (pair.fp32_steps.empty()) {
            fp32["added_ms"] = fp32["added_ms"].get<double>() + own;
            continue;
        }
        const std::size_t first = pair.steps.front();
        rows[first]["fp32_ms"] = other;
        rows[first]["gain"] = gain_of(other, own);
        for (const std::size_t step : pair.steps) {
            if (step != first) rows[step]["counted_with"] = result.steps[first].name;
        }
    }
}

Json bench_json(const BenchResult& result) {
    const StepProfile& measured = result.measured;
    Json json;
    json["precision"] = result.precision;
    json["batch"] = result.batch;
    json["threads"] = result.threads;
    json["isa"] = isa_name();
    const ProductBounds bounds = product_bounds();
    json["bounds"] = {{"int8", bounds.int8}, {"bf16", bounds.bf16}};
    json["runs"] = measured.runs_ms.size();
    json["latency"] = latency_json(measured);
    // The tail is no part of the latency: its time depends on what the data are, and random inputs say little about
    // it.
    if (result.tail_ms) json["tail_ms"] = *result.tail_ms;
    const std::vector<double> ms = median_step_ms(measured);
    const double total_ms = sum_of(ms);
    // Slower than a whole run: the clock is read between the steps.
    json["profiled_ms"] = total_ms;
    json["peak_memory_mb"] = result.peak_memory_mb;
    json["set_up_ms"] = {{"model", result.model_ms}};
    if (result.candidate_ms > 0) json["set_up_ms"]["candidate"] = result.candidate_ms;
    std::vector<Json> rows;
    for (std::size_t s = 0; s < result.steps.size(); ++s) rows.push_back(step_json(result.steps[s], ms[s], total_ms));
    if (result.fp32) add_fp32(result, rows, json);
    json["units"] = Json::array();
    json["reorders"] = Json::array();
    for (std::size_t s = 0; s < rows.size(); ++s) {
        // Reorders belong to no node of the model: they are the price of the layouts that the kernels beside them
        // chose.
        json[result.steps[s].op == "Reorder" ? "reorders" : "units"].push_back(std::move(rows[s]));
    }
    if (result.kernels) json["autotune"] = autotune_json(*result.kernels);
    return json;
}

/// Returns the columns of fp32 in a line of the table: its time, what was gained, and a mark where that is a loss.
std::string fp32_columns(const Json& row) {
    if (row.contains("fp32_ms")) {
        const double gain = row["gain"].get<double>();
        return fmt::format("  fp32 {:9.4f} ms {:5.2f} x {}", row["fp32_ms"].get<double>(), gain, gain < 1 ? '!' : ' ');
    }
    return fmt::format("  {:26}", row.contains("counted_with") ? "(above)" : "-");
}

/// Returns a line of the table. Columns have fixed widths, so that an empty rate leaves its place.
/// @param has_fp32  whether fp32's time stands in the table
std::string row_text(const Json& row, bool has_fp32) {
    const std::string rate = row.contains("gops") ? fmt::format("{:8.1f} {}", row["gops"].get<double>(),
                                                                row["dtype"] == "int8" ? "GOP/s  " : "GFLOP/s")
                                                  : std::string(16, ' ');
    return fmt::format("{:9.4f} ms {:5.1f} %{} {}  {:18} {:34} {}\n", row["ms"].get<double>(),
                       100 * row["share"].get<double>(), has_fp32 ? fp32_columns(row) : "", rate,
                       row["op"].get<std::string>(), row["name"].get<std::string>(),
                       row["implementation"].get<std::string>());
}

/// Returns what the columns of fp32 add up to, and how much there is to gain at all.
std::string fp32_text(const Json& json) {
    const Json& fp32 = json["fp32"];
    std::string text = fmt::format("fp32 in the same rounds: median {:.4g} ms, which is {:.2f} x of this time\n",
                                   fp32["latency"]["median_ms"].get<double>(), fp32["gain"].get<double>());
    text += fmt::format(
        "{} multiplies at most {:.3g} x as fast with 8-bit codes as with fp32, and {:.3g} x with bf16; a product "
        "that gains more has a slow fp32 kernel\n",
        json["isa"].get<std::string>(), json["bounds"]["int8"].get<double>(), json["bounds"]["bf16"].get<double>());
    int losing = 0;
    double lost_ms = 0;
    for (const Json& row : json["units"]) {
        if (!row.contains("gain") || row["gain"].get<double>() >= 1) continue;
        ++losing;
        // Of all steps that share the work.
        lost_ms += row["fp32_ms"].get<double>() * (1 / std::max(row["gain"].get<double>(), 1e-9) - 1);
    }
    text += fmt::format("slower than in fp32: {} step{} (marked !), {:.4g} ms together\n", losing,
                        losing == 1 ? "" : "s", lost_ms);
    text += fmt::format("steps and reorders that fp32 does not have: {:.4g} ms; that only fp32 has: {:.4g} ms\n",
                        fp32["added_ms"].get<double>(), fp32["only_ms"].get<double>());
    return text;
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
    const bool has_fp32 = json.contains("fp32");
    for (const auto& row : json["units"]) text += row_text(row, has_fp32);
    text += fmt::format("\nreorders:{}\n", json["reorders"].empty() ? " none" : "");
    for (const auto& row : json["reorders"]) text += row_text(row, has_fp32);
    if (has_fp32) text += "\n" + fp32_text(json);
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
