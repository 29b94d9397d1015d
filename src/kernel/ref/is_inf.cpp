// Which elements are infinite; detect_negative and detect_positive leave out one side. Source: ONNX operator IsInf,
// opset 20.
#include <cmath>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class IsInfOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        return {{DType::boolean, op.inputs[0].shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const bool negative = int_attribute(op.node, "detect_negative", 1) != 0;
        const bool positive = int_attribute(op.node, "detect_positive", 1) != 0;
        const auto y = outputs[0].as<std::uint8_t>();
        const auto apply = [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) {
                // Each sign counts only if its attribute says so; both do by default.
                y[i] = std::isinf(x[i]) && (x[i] < 0 ? negative : positive) ? 1 : 0;
            }
        };
        if (inputs[0].type.dtype == DType::f32) return apply(float{});
        apply(double{});
    }
};

}  // namespace

const RefOp& is_inf_op() {
    static const IsInfOp op;
    return op;
}

}  // namespace halftone::ref
