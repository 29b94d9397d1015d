#pragma once
// `halftone bench --autotune`: kernels chosen by measurement, shown and written.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands.hpp"
#include "eval/autotune.hpp"
#include "eval/bench_model.hpp"

namespace halftone::app {

/// Times the kernels, puts the choice into the model, and writes the plan where the options name one.
/// @throws IoError
[[nodiscard]] Autotuned choose_kernels(BenchModel& model, const BenchOptions& options, const CompileOptions& compile,
                                       const std::function<bool()>& is_stopped);

/// Choices of the graph that its session could not follow: "KERNEL for NODE". @pre CompileOptions::lists_kernels
[[nodiscard]] std::vector<std::string> missing_kernels(const Graph& graph, const Session& session);

[[nodiscard]] nlohmann::ordered_json autotune_json(const Autotuned& tuned);
void print_autotune(const Autotuned& tuned);

}  // namespace halftone::app
