// uint8 codes of a tensor whose range is found when it runs: scale = (max(x, 0) - min(x, 0)) / 255, zero point =
// round(-min / scale), y = saturate(round(x / scale) + zero point); ties go to even. A tensor of zeros has scale 0 in
// the formula; as in ONNX Runtime its scale is 1 and its zero point 0. Source: ONNX operator DynamicQuantizeLinear,
// opset 11.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class DynamicQuantizeLinearOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_dtype(op, 0, {DType::f32});
        if (op.node.outputs.size() != 3) refuse(op, "must have 3 outputs");
        return {{DType::u8, op.inputs[0].shape}, {DType::f32, Shape{}}, {DType::u8, Shape{}}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto x = inputs[0].as<float>();
        // The range always holds 0, because padding and ReLU make exact zeros.
        float low = 0;
        float high = 0;
        for (const float value : x) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
        const float width = (high - low) / 255.0F;
        const float scale = width > 0 ? width : 1.0F;
        // Rounded after it is clamped, as in the definition: the other order differs at the ends.
        const float zero_point = std::nearbyint(std::clamp(-low / scale, 0.0F, 255.0F));
        const auto y = outputs[0].as<std::uint8_t>();
        for (std::size_t i = 0; i < x.size(); ++i) {
            y[i] = saturated<std::uint8_t>(std::clamp(std::nearbyint(x[i] / scale) + zero_point, 0.0F, 255.0F));
        }
        outputs[1].as<float>()[0] = scale;
        outputs[2].as<std::uint8_t>()[0] = saturated<std::uint8_t>(zero_point);
    }
};

}  // namespace

const RefOp& dynamic_quantize_linear_op() {
    static const DynamicQuantizeLinearOp op;
    return op;
}

}  // namespace halftone::ref
