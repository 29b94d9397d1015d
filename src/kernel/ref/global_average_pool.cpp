// The mean of each plane. It is the last step before the classifier in most convolutional networks.
// Source: ONNX operator GlobalAveragePool, opset 1. Sums in double, in memory order.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class GlobalAveragePoolOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        Shape shape = op.inputs[0].shape;
        if (shape.rank() < 3) refuse(op, "input 0 " + shape.to_text() + " has no spatial dimensions");
        for (std::size_t i = 2; i < shape.rank(); ++i) {
            if (shape[i] < 1)
                refuse(op, "the spatial dimensions of " + shape.to_text() + " must be known and at least 1");
            shape[i] = 1;
        }
        return {{DType::f32, shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        if (y.empty()) return;
        // Planes lie one behind the other, and there is one output for each.
        const std::size_t plane = x.size() / y.size();
        for (std::size_t p = 0; p < y.size(); ++p) {
            double sum = 0;
            for (const float value : x.subspan(p * plane, plane)) sum += static_cast<double>(value);
            y[p] = static_cast<float>(sum / static_cast<double>(plane));
        }
    }
};

}  // namespace

const RefOp& global_average_pool_op() {
    static const GlobalAveragePoolOp op;
    return op;
}

}  // namespace halftone::ref
