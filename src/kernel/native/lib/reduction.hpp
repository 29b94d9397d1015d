#pragma once
// Reductions over axes in fp32: sums, means, extremes and norms. Each operator's file gives only the kind.

#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

enum class ReductionKind { sum, mean, maximum, minimum, sum_of_squares, root_of_squares };

/// The dimensions in the order of memory, those of one kind that lie together being one:
/// x[kept_outer, reduced_outer, kept, reduced]. Sizes that are not there are 1.
struct ReductionLoops {
    std::int64_t kept_outer = 1, reduced_outer = 1, kept = 1, reduced = 1;
};

class ReductionOp final : public FastOp {
public:
    explicit ReductionOp(ReductionKind kind) : kind_(kind) {}
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

private:
    ReductionKind kind_;
};

void run_reduction(ReductionKind kind, const ReductionLoops& loops, const float* x, float* y);

}  // namespace halftone::native
