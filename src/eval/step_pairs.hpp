#pragma once
// Which steps of a quantized model and of its fp32 model do the same work.

#include <cstddef>
#include <vector>

#include "exec/session.hpp"

namespace halftone {

/// Steps of both sessions that together run the same nodes, and as few as possible. A residual Add, for example, may
/// run inside of fp32's convolution and as a step of its own behind the quantized one: then these three are a pair.
struct StepPair {
    std::vector<std::size_t> steps;       ///< of the quantized session, in execution order; empty: only fp32 has them
    std::vector<std::size_t> fp32_steps;  ///< empty: only the quantized session has the step, such as a QuantizeLinear
};

/// Returns the pairs in the order of their first steps. Those that only fp32 has come last. Every step stands in
/// exactly one pair; a change of layout has no counterpart.
[[nodiscard]] std::vector<StepPair> pair_steps(const std::vector<StepInfo>& steps,
                                               const std::vector<StepInfo>& fp32_steps);

}  // namespace halftone
