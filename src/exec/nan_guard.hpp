#pragma once
// Which steps could turn a NaN into a number, and what must be looked at before they run. Fast kernels clamp with the
// processor's max and min, which drop a NaN; looking at every value for that would cost several percent of a run. So
// bounds of values are carried along while a session is compiled: a step whose inputs are known to be small numbers can
// neither read nor make a NaN, and needs no check. A model of 50 layers is checked at two or three of them.

#include <limits>
#include <map>
#include <vector>

#include "exec/lowering.hpp"

namespace halftone {

/// What a session does before a step runs (careful_step.hpp says what happens if a check fails).
struct StepGuard {
    bool loses_nan = false;              ///< the kernel may be wrong for NaN or infinity, see Op::loses_nan
    std::vector<std::size_t> checked{};  ///< inputs to look at, by position; empty: the bounds are proven
    float limit = 0;                     ///< of their magnitudes; below 0: the step's own constants are not finite
    std::vector<float> output_bounds{};  ///< of magnitudes, by output; infinity: nothing is known
};

/// Bounds of the magnitudes of values, carried along in the order of execution.
class NanGuard {
public:
    void add_constant(ValueId value, const Tensor& tensor);
    /// Returns the guard of the next step and remembers the bounds of its outputs.
    StepGuard add_step(const LoweredStep& step);

private:
    [[nodiscard]] double bound_of(ValueId value) const;

    std::map<ValueId, double> bounds_;  ///< values without an entry may be anything, NaN too
};

/// Returns the largest magnitude of fp32 values; infinity if one is NaN or infinite, or if they are no fp32 values.
[[nodiscard]] double largest_magnitude(const Tensor& tensor);

}  // namespace halftone
