// Source: ONNX operator Slice, opset 13. The copy is in lib/mapped_copy.
#include "kernel/native/lib/mapped_copy.hpp"
#include "kernel/shape/slice_ranges.hpp"

namespace halftone::native {
namespace {

class SliceOp final : public CopyingOp {
protected:
    CopyRule rule_of(const OpContext& op, const Shape& /*output*/) const override {
        CopyRule rule;
        for (const ref::SliceRange& range : ref::slice_ranges(op)) {
            // Steps may be negative: the copy follows any order.
            PositionMap map;
            for (std::int64_t i = 0; i < range.count; ++i) map.push_back(range.first + i * range.step);
            rule.maps.push_back(std::move(map));
        }
        return rule;
    }
};

}  // namespace

const FastOp& slice_op() {
    static const SliceOp op;
    return op;
}

}  // namespace halftone::native
