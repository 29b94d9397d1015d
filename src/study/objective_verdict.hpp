#pragma once
// ObjectiveVerdict: whether a run whose objective is latency found a model that is faster than fp32, in words.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/median_interval.hpp"

namespace halftone::study {

struct ObjectiveVerdict {
    bool is_met = false;                 ///< the delivered model is faster than fp32, beyond both intervals
    bool is_slower = false;              ///< it is slower, beyond both intervals
    std::string text;                    ///< one sentence
    std::vector<std::string> help = {};  ///< what could make 8 bits faster here; empty if it is met
};

/// The facts besides the times on which the verdict depends.
struct ObjectiveFacts {
    std::string isa = {};         ///< of this machine
    bool has_vnni = false;        ///< it multiplies 8-bit codes at more than the speed of fp32
    std::string pinned_isa = {};  ///< cluster.isa; empty if the config pins none
    std::int64_t threads = 1;
    bool delivers_fp32 = false;  ///< the delivered model is fp32: nothing that was found is better
};

/// Judges the times of fp32 and of the delivered model, which were measured in turn at batch 1.
[[nodiscard]] ObjectiveVerdict judge_objective(const MedianInterval& fp32_ms, const MedianInterval& best_ms,
                                               const ObjectiveFacts& facts);

}  // namespace halftone::study
