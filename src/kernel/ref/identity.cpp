// y = x. It stays in graphs where an output must have a name of its own.
// Source: ONNX operator Identity, opset 13.
#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

class IdentityOp final : public MovingOp {
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

const RefOp& identity_op() {
    static const IdentityOp op;
    return op;
}

}  // namespace halftone::ref
