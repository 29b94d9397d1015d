#pragma once
// Copies in which each output position along a dimension comes from one input position along it: Slice, Pad, Expand,
// Gather by constant indices, Resize by the nearest element. In any dense layout, of elements of any size.

#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

/// For one dimension, by output position: the input position, or kFilled for the fill value.
using PositionMap = std::vector<std::int64_t>;
inline constexpr std::int64_t kFilled = -1;

/// What an operator copies.
struct CopyRule {
    std::vector<PositionMap> maps;     ///< one for each dimension of the output
    std::vector<std::byte> fill = {};  ///< an element; empty: zeros
};

/// A copy with everything resolved. Dimensions are in the order of the output's memory, outermost first; those at the
/// end that are copied whole are one run of bytes.
struct MappedCopy {
    /// Neighbouring positions of the innermost dimension whose runs lie one after the other in the input too, or which
    /// are all filled.
    struct Segment {
        std::int64_t offset;  ///< of the first run in the input, in bytes, or kFilled
        std::int64_t bytes;
    };
    std::vector<PositionMap> outer;  ///< offsets in bytes instead of positions
    std::vector<Segment> segments;
    PositionMap inner;  ///< offsets of the innermost dimension, for elements that do not lie together; else empty
    std::int64_t repeats = 0;  ///< above 0: each neighbour of the innermost dimension is written so many times
    std::int64_t element = 4;
    std::int64_t row_bytes = 0;  ///< of the output
    std::vector<std::byte> fill;
};

/// @param in_steps, out_steps  of each dimension in memory, in elements; a dimension that the input does not have has
/// step 0
[[nodiscard]] MappedCopy mapped_copy(const CopyRule& rule, const std::vector<std::int64_t>& in_steps,
                                     const std::vector<std::int64_t>& out_steps, std::size_t element);
void run_mapped_copy(const MappedCopy& copy, const std::byte* x, std::byte* y);

/// An operator that such a copy computes.
class CopyingOp : public FastOp {
public:
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }
    /// What else it does not take; all inputs but the first are constants then.
    [[nodiscard]] virtual Support accepts_copy(const OpContext& /*op*/) const { return Support::yes(); }
    [[nodiscard]] virtual CopyRule rule_of(const OpContext& op, const Shape& output) const = 0;
    /// Whether the dimensions keep their numbers, so that the copy may take any layout.
    [[nodiscard]] virtual bool keeps_dimensions() const { return true; }
};

}  // namespace halftone::native
