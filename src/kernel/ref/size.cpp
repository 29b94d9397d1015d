// The number of elements of x as an int64 scalar.
// Source: ONNX operator Size, opset 19.
#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

class SizeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        return {{DType::s64, Shape{}}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        outputs[0].as<std::int64_t>()[0] = inputs[0].elements();
    }
};

}  // namespace

const RefOp& size_op() {
    static const SizeOp op;
    return op;
}

}  // namespace halftone::ref
