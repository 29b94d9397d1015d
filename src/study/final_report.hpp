#pragma once
// The text at the end of a tune: a table of the fp32 and the quantized model, whether the goal is met, the front.

#include <cstddef>
#include <optional>
#include <string>

#include "config/run_config.hpp"
#include "plan/run_document.hpp"
#include "space/search_space.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// Sizes of the two ONNX files.
struct ModelBytes {
    std::size_t fp32 = 0;
    std::size_t best = 0;
};

/// Returns the report as text that ends with a line feed.
/// @param delivered  the candidate that was delivered; none if no trial gave a usable model
/// @param run        says why the run ended, and holds latencies and the front
/// @param workspace  folder of the results
[[nodiscard]] std::string final_report(const RunConfig& config, const SearchSpace& space, const tune::RunResult& result,
                                       const std::optional<Candidate>& delivered, const RunDocument& run,
                                       const ModelBytes& bytes, const std::string& workspace);

}  // namespace halftone::study
