#pragma once
// What a tune says at its end: a table of both models.

#include <cstddef>
#include <optional>
#include <string>

#include "plan/run_document.hpp"
#include "setup.hpp"
#include "tune/tuner.hpp"

namespace halftone::app {

struct ModelBytes {
    std::size_t fp32 = 0;
    std::size_t best = 0;
};

[[nodiscard]] std::string final_report(const RunConfig& config, const Workbench& bench, const tune::Result& result,
                                       const std::optional<Candidate>& delivered, const RunDocument& run,
                                       const ModelBytes& bytes, const std::string& workspace);

/// "error: …" on stderr.
void report_error(const std::string& message);

}  // namespace halftone::app
