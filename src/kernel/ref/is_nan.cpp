// Which elements are no number. Source: ONNX operator IsNaN, opset 20.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class IsNaNOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        return {{DType::boolean, op.inputs[0].shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto y = outputs[0].as<std::uint8_t>();
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            // Only NaN differs from itself.
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] != x[i] ? 1 : 0;
        });
    }
};

}  // namespace

const RefOp& is_nan_op() {
    static const IsNaNOp op;
    return op;
}

}  // namespace halftone::ref
