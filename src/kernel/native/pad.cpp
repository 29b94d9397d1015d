// All modes. Source: ONNX operator Pad, opset 21. The copy is in lib/mapped_copy.
#include "kernel/native/lib/mapped_copy.hpp"
#include "kernel/shape/pad_margins.hpp"

namespace halftone::native {
namespace {

class PadOp final : public CopyingOp {
protected:
    CopyRule rule_of(const OpContext& op, const Shape& output) const override {
        const std::string mode = string_attribute(op.node, "mode", "constant");
        const ref::PadMargins margins = ref::pad_margins(op);
        const Shape& input = op.inputs[0].shape;
        // Dimensions do not know of one another: a position is filled if it is outside in any of them.
        CopyRule rule;
        for (std::size_t d = 0; d < output.rank(); ++d) {
            PositionMap map;
            for (std::int64_t i = 0; i < output[d]; ++i)
                map.push_back(ref::pad_source(i - margins.begin[d], input[d], mode));
            rule.maps.push_back(std::move(map));
        }
        if (op.has_input(2)) {
            const TensorView value = op.constants[2]->view();
            rule.fill.assign(value.data, value.data + value.bytes());
        }
        return rule;
    }
};

}  // namespace

const FastOp& pad_op() {
    static const PadOp op;
    return op;
}

}  // namespace halftone::native
