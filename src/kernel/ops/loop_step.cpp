#include "kernel/ops/loop_step.hpp"

#include "base/check.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone {

LoopStep::LoopStep(std::string implementation, std::vector<Layout> inputs, Layout output, LoopBody body, int in_place)
    : implementation_(std::move(implementation)),
      inputs_(std::move(inputs)),
      output_(std::move(output)),
      body_(std::move(body)),
      in_place_(in_place) {}

void LoopStep::execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                       std::byte* /*scratch*/) {
    HALFTONE_CHECK(inputs.size() == inputs_.size() && outputs.size() == 1, "one buffer for each layout");
    // The body may have OpenMP loops, and a worker thread starts with OpenMP's own number of threads.
    apply_kernel_threads();
    body_(inputs, outputs);
}

}  // namespace halftone
