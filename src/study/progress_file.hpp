#pragma once
// progress.json: how far a run is while it goes on. The command report, another process, reads it. The journal does not
// hold these facts: the trials that may follow depend on the strategy, and their time on the machine.

#include <cstdint>
#include <optional>
#include <string>

#include "tune/tuner.hpp"

namespace halftone::study {

struct RunProgress {
    std::int64_t trials = 0;                     ///< told so far
    std::int64_t most_left = 0;                  ///< trials that may still follow
    double elapsed_s = 0;                        ///< of all sessions
    std::optional<double> expected_left_s = {};  ///< if the next candidate meets the goal; nothing if unknown
    std::optional<double> most_left_s = {};      ///< if all trials follow that may; nothing before the first trial
    double written_s = 0;                        ///< when this was written, in seconds since 1970
    friend bool operator==(const RunProgress&, const RunProgress&) = default;
};

/// Returns the text of progress.json (format: README.md).
[[nodiscard]] std::string write_progress(const RunProgress& progress);
/// Reads it. @throws DataError that names the fault of the text
[[nodiscard]] RunProgress read_progress(const std::string& text);

/// Returns "about 14s left (up to 3m 20s)", or the part of it that is known; empty if nothing is.
/// @param age_s  how long ago the numbers held: that much less is left
[[nodiscard]] std::string progress_left_text(const RunProgress& progress, double age_s);

}  // namespace halftone::study
