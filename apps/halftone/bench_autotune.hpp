#pragma once
// `halftone bench --autotune`: kernels chosen by measurement, shown and written.

#include <functional>
#include <nlohmann/json.hpp>

#include "bench_model.hpp"
#include "commands.hpp"
#include "eval/autotune.hpp"

namespace halftone::app {

/// Times the kernels, puts the choice into the model, and writes the plan where the options name one.
/// @throws IoError
[[nodiscard]] Autotuned choose_kernels(BenchModel& model, const BenchOptions& options, const CompileOptions& compile,
                                       const std::function<bool()>& is_stopped);

[[nodiscard]] nlohmann::ordered_json autotune_json(const Autotuned& tuned);
void print_autotune(const Autotuned& tuned);

}  // namespace halftone::app
