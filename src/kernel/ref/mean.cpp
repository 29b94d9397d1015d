// The sum of all inputs, added from the left, over their number. Source: ONNX operator Mean, opset 13.
#include "kernel/ref/lib/variadic.hpp"

namespace halftone::ref {
namespace {

class MeanOp final : public VariadicOp<std::plus<>> {
public:
    MeanOp() : VariadicOp(kReals) {}

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        VariadicOp::run(op, inputs, outputs);
        with_number(outputs[0].type.dtype, [&]<class T>(T) {
            for (T& value : outputs[0].as<T>()) value = static_cast<T>(value / static_cast<T>(inputs.size()));
        });
    }
};

}  // namespace

const RefOp& mean_op() {
    static const MeanOp op;
    return op;
}

}  // namespace halftone::ref
