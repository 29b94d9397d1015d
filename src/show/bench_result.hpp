#pragma once
// What the command bench measured, as JSON and as a table.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/autotune.hpp"
#include "eval/step_profile.hpp"
#include "exec/session.hpp"

namespace halftone::show {

/// The same model in fp32, measured in the same rounds.
struct Fp32Result {
    StepProfile measured{};
    std::vector<StepInfo> steps{};
};

struct BenchResult {
    std::string precision{};  ///< "fp32", "int8", …, or "plan"
    std::int64_t batch = 1;
    int threads = 1;
    StepProfile measured{};              ///< @pre at least one run and one profiled run
    std::vector<StepInfo> steps{};       ///< of the session that was measured
    std::optional<Fp32Result> fp32{};    ///< null where nothing was quantized
    double model_ms = 0;                 ///< from the graph to a session that can run
    double candidate_ms = 0;             ///< the same of a candidate that changes one unit; 0: there are no candidates
    double peak_memory_mb = 0;           ///< of the whole process
    std::optional<double> tail_ms{};     ///< null for a model without a tail
    std::optional<Autotuned> kernels{};  ///< null where no kernels were chosen
};

/// Returns one JSON object and a line end.
[[nodiscard]] std::string bench_line(const BenchResult& result);

/// Returns a table of steps and reorders, with fp32's time beside that of a quantized model, and of the kernels that
/// were chosen from.
[[nodiscard]] std::string bench_text(const BenchResult& result);

}  // namespace halftone::show
