// y = max(x, 0). It is written as a comparison that lets NaN pass, because max() of two floats may drop it.
// Source: ONNX operator Relu, opset 14. NaN stays NaN.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class ReluOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        return {op.inputs[0]};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] < T{0} ? T{0} : x[i];
        });
    }
};

}  // namespace

const RefOp& relu_op() {
    static const ReluOp op;
    return op;
}

}  // namespace halftone::ref
