// The slope is a tensor, one number per channel as a rule, so it is a binary operator and not a unary one.
// y = x < 0 ? slope * x : x; the slope is broadcast to x. Source: ONNX operator PRelu, opset 16.
#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

struct SlopeBelowZero {
    template <class T>
    T operator()(T x, T slope) const {
        return x < T{0} ? wrapping(x, slope, std::multiplies<>()) : x;
    }
};

class PReluOp final : public TypedBinaryOp<SlopeBelowZero> {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        std::vector<TensorType> types = TypedBinaryOp::infer(op);
        if (types[0].shape != op.inputs[0].shape) {
            refuse(op, "the slope " + op.inputs[1].shape.to_text() + " cannot be broadcast to " +
                           op.inputs[0].shape.to_text());
        }
        return types;
    }
};

}  // namespace

const RefOp& p_relu_op() {
    static const PReluOp op;
    return op;
}

}  // namespace halftone::ref
