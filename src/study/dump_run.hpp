#pragma once
// The steps of a dump that all ranks take together. Every function here is collective: all ranks call it, in the same
// order, with the same arguments.

#include <atomic>
#include <string>
#include <vector>

#include "comm/agreement.hpp"
#include "comm/communicator.hpp"
#include "eval/model_evaluator.hpp"
#include "study/dump_folder.hpp"
#include "study/dump_work.hpp"

namespace halftone::study {

/// Calibrates with the work spread over the ranks. Afterwards every rank's evaluator has the same ranges installed.
/// @throws Error on every rank when it failed on one
void calibrate_together(Communicator& comm, Agreement& agreement, ModelEvaluator& evaluator);

/// Where and under which limits a dump is written.
struct DumpTarget {
    std::string folder;
    std::int64_t max_bytes = 0;  ///< a larger dump is refused
    bool resume = false;         ///< whether the parts that are there are kept, and only the others written
};

/// Rank 0 shows the size on stdout, checks the limits and prepares the folder, as DumpFolder does.
/// @return the parts that are missing, the same list on every rank
/// @throws Error on every rank when rank 0 refused
[[nodiscard]] std::vector<std::size_t> prepare_together(Communicator& comm, Agreement& agreement, const DumpWork& work,
                                                        const DumpTarget& target);

/// Writes the missing parts: each rank takes every size-th of them.
/// @param stop  a rank that sees it set writes no further part
/// @return whether all parts were written; false when any rank stopped. The answer is the same on every rank.
/// @throws Error on every rank when writing failed on one
[[nodiscard]] bool write_together(Communicator& comm, Agreement& agreement, DumpWork& work,
                                  const std::vector<std::size_t>& missing, const std::string& folder,
                                  const std::atomic<bool>& stop);

}  // namespace halftone::study
