// The largest element of each plane.
// NaN propagates. Source: ONNX operator GlobalMaxPool, opset 1.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class GlobalMaxPoolOp final : public RefOp {
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
        const std::size_t plane = x.size() / y.size();
        for (std::size_t p = 0; p < y.size(); ++p) {
            float best = x[p * plane];
            for (const float value : x.subspan(p * plane, plane)) best = value != value || value > best ? value : best;
            y[p] = best;
        }
    }
};

}  // namespace

const RefOp& global_max_pool_op() {
    static const GlobalMaxPoolOp op;
    return op;
}

}  // namespace halftone::ref
