// Only the type of input 1 matters; its elements are not read.
// Cast to the element type of input 1. Source: ONNX operator CastLike, opset 19.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class CastLikeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbersAndBool);
        check_dtype(op, 1, kNumbersAndBool);
        return {{op.inputs[1].dtype, op.inputs[0].shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        cast_elements(inputs[0], outputs[0]);
    }
};

}  // namespace

const RefOp& cast_like_op() {
    static const CastLikeOp op;
    return op;
}

}  // namespace halftone::ref
