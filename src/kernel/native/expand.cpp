// Source: ONNX operator Expand, opset 13. The copy is in lib/mapped_copy.
#include "kernel/native/lib/mapped_copy.hpp"

namespace halftone::native {
namespace {

class ExpandOp final : public CopyingOp {
protected:
    CopyRule rule_of(const OpContext& op, const Shape& output) const override {
        const Shape& input = op.inputs[0].shape;
        const std::size_t missing = output.rank() - input.rank();
        CopyRule rule;
        for (std::size_t d = 0; d < output.rank(); ++d) {
            // Shapes are aligned at their last dimension.
            const bool is_repeated = d < missing || input[d - missing] == 1;
            PositionMap map;
            for (std::int64_t i = 0; i < output[d]; ++i) map.push_back(is_repeated ? 0 : i);
            rule.maps.push_back(std::move(map));
        }
        return rule;
    }
};

}  // namespace

const FastOp& expand_op() {
    static const ExpandOp op;
    return op;
}

}  // namespace halftone::native
