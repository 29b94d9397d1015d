// The tensor itself: a tensor that is given is an optional value that is there. Optional types are not supported, so
// nothing else can come. Source: ONNX operator OptionalGetElement, opset 18.
#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

class OptionalGetElementOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        return {op.inputs[0]};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
    }
};

}  // namespace

const RefOp& optional_get_element_op() {
    static const OptionalGetElementOp op;
    return op;
}

}  // namespace halftone::ref
