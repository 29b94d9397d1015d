// y = x with all bits turned over, of integers. Source: ONNX operator BitwiseNot, opset 18.
#include "kernel/ref/lib/bitwise.hpp"

namespace halftone::ref {
namespace {

class BitwiseNotOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kIntegers);
        return {op.inputs[0]};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        with_integer(inputs[0].type.dtype, [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<T>(~x[i]);
        });
    }
};

}  // namespace

const RefOp& bitwise_not_op() {
    static const BitwiseNotOp op;
    return op;
}

}  // namespace halftone::ref
