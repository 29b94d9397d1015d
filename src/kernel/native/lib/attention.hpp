#pragma once
// A block of attention, head by head: scores, softmax and the weighted sum of the values, without a tensor of all
// scores.

#include "kernel/shape/attention_sizes.hpp"

namespace halftone::native {

struct AttentionBuffers {
    const float* q = nullptr;
    const float* k = nullptr;
    const float* v = nullptr;
    const float* mask = nullptr;  ///< null if there is none
    float* y = nullptr;
};

/// Floats of scratch memory for `slots` threads.
[[nodiscard]] std::int64_t attention_scratch(const ref::AttentionSizes& sizes, std::int64_t slots);
/// Computes all heads by up to `slots` threads. @pre columns of q, v and y lie side by side
void run_attention(const ref::AttentionSizes& sizes, const AttentionBuffers& buffers, std::int64_t slots,
                   float* scratch);

}  // namespace halftone::native
