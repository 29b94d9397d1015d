// bench --autotune: kernels chosen by measurement.
//
//   choose_kernels    checks that the results can be written, measures (eval/autotune), writes the plan
//   missing_kernels   choices of another machine that this one does not have
//   autotune_json, print_autotune   the times that decided
#include "bench_autotune.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "plan/plan_document.hpp"

namespace halftone::app {
namespace {

/// Before minutes are spent on measuring.
void check_folder_of(const std::string& path) {
    if (path.empty()) return;
    const std::string folder = parent_path(path);
    if (!folder.empty() && !make_posix_file_system()->is_directory(folder)) {
        throw IoError("'" + path + "': there is no folder '" + folder + "'");
    }
}

}  // namespace

// A kernel is missing if no step of its node could run by it. The session must have been compiled with lists_kernels.
std::vector<std::string> missing_kernels(const Graph& graph, const Session& session) {
    std::vector<std::string> missing;
    for (const auto& [node, kernel] : kernel_choices(graph)) {
        const bool is_there = std::any_of(
            session.steps().begin(), session.steps().end(), [&node = node, &kernel = kernel](const StepInfo& step) {
                return step.name == node &&
                       std::find(step.kernels.begin(), step.kernels.end(), kernel) != step.kernels.end();
            });
        if (!is_there) missing.push_back(kernel + " for " + node);
    }
    return missing;
}

Autotuned choose_kernels(BenchModel& model, const BenchOptions& options, const CompileOptions& compile,
                         const std::function<bool()>& is_stopped) {
    check_folder_of(options.save);
    check_folder_of(options.save_plan);
    const std::size_t inputs = model.graph().inputs().size();
    const Autotuned tuned = autotune(model.graph(), reference_ops(), compile,
                                     {.rounds = options.rounds,
                                      .fill_inputs = [inputs](Session& session) { fill_inputs(session, inputs); },
                                      .is_stopped = is_stopped});
    if (is_stopped()) return tuned;  // nothing is written of half a measurement
    model.set_kernels(tuned.choices);
    if (!options.save_plan.empty()) {
        const auto files = make_posix_file_system();
        // Everything else of the user's plan is written as it was read; only the kernels are replaced.
        PlanDocument plan = parse_plan(files->read(options.plan), options.plan).document;
        plan.kernels = tuned.choices;
        plan.kernels_comment = fmt::format("measured by bench --autotune: {}, {} thread{}, batch {}", isa_name(),
                                           options.threads, options.threads == 1 ? "" : "s", options.batch);
        files->write_atomically(options.save_plan, write_plan(plan));
    }
    return tuned;
}

nlohmann::ordered_json autotune_json(const Autotuned& tuned) {
    nlohmann::ordered_json json;
    json["gain"] = {{"median", tuned.gain.median}, {"ci95", {tuned.gain.low, tuned.gain.high}}};
    json["is_dropped"] = tuned.is_dropped;
    json["unnamed_steps"] = tuned.unnamed;
    json["steps"] = nlohmann::ordered_json::array();
    for (const KernelTimes& step : tuned.steps) {
        nlohmann::ordered_json row;
        row["name"] = step.node;
        row["op"] = step.op;
        row["kernel"] = step.kernels[step.chosen];
        row["ms"] = nlohmann::ordered_json::object();
        for (std::size_t k = 0; k < step.ms.size(); ++k) row["ms"][step.kernels[k]] = step.ms[k];
        json["steps"].push_back(std::move(row));
    }
    return json;
}

void print_autotune(const Autotuned& tuned) {
    fmt::print(
        "\nkernels that can run a step, ms in whole runs (*: chosen, not the default; the default comes first):\n");
    for (const KernelTimes& step : tuned.steps) {
        fmt::print("  {:34}", step.node);
        for (std::size_t k = 0; k < step.ms.size(); ++k) {
            fmt::print("  {}{} {:.4f}", k > 0 && k == step.chosen ? "*" : "", step.kernels[k], step.ms[k]);
        }
        fmt::print("\n");
    }
    if (tuned.steps.empty())
        fmt::print("  none: no step {}\n", tuned.unnamed > 0 ? "has a name" : "has more than one kernel");
    if (tuned.unnamed > 0) {
        fmt::print("{} steps have no name in the model, by which a choice could be kept: they run by their defaults\n",
                   tuned.unnamed);
    }
    if (tuned.is_dropped) {
        fmt::print("together the choices were not faster than the defaults ({:.3f} [{:.3f}, {:.3f}]): none is kept\n",
                   tuned.gain.median, tuned.gain.low, tuned.gain.high);
    } else {
        fmt::print("{} of {} steps run by another kernel; whole runs: default / chosen = {:.3f} [{:.3f}, {:.3f}]\n",
                   tuned.choices.size(), tuned.steps.size(), tuned.gain.median, tuned.gain.low, tuned.gain.high);
    }
}

}  // namespace halftone::app
