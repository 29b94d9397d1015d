// A new axis of `depth` places: the second of `values` where the index points, the first elsewhere. An index outside of
// [-depth, depth) points nowhere. Source: ONNX operator OneHot, opset 11.
#include <algorithm>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

// The depth becomes a dimension. Exporters write it in any type, also as a float.
std::int64_t one_hot_depth(const OpContext& op) {
    const Tensor& depth = constant_input(op, 1, "depth");
    if (depth.elements() != 1) refuse(op, "depth is not a scalar");
    std::int64_t number = 0;
    with_number(depth.dtype(), [&]<class T>(T) { number = saturated<std::int64_t>(depth.as<T>()[0]); });
    if (number < 0 || number > kMaxElements) refuse(op, "depth " + std::to_string(number) + " is no size");
    return number;
}

std::size_t one_hot_axis(const OpContext& op) {
    return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank() + 1);
}

class OneHotOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        check_dtype(op, 1, kNumbers);
        if (op.inputs[2].shape != Shape{2}) refuse(op, "values " + op.inputs[2].shape.to_text() + " are not two");
        std::vector<std::int64_t> dims = op.inputs[0].shape.dims();
        dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(one_hot_axis(op)), one_hot_depth(op));
        return {{op.inputs[2].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::int64_t depth = one_hot_depth(op);
        const Shape& out = outputs[0].type.shape;
        std::int64_t step = 1;
        for (std::size_t d = one_hot_axis(op) + 1; d < out.rank(); ++d) step *= out[d];
        with_word(inputs[2].type.dtype, [&]<class Word>(Word) {
            const auto* values = reinterpret_cast<const Word*>(inputs[2].data);
            auto* y = reinterpret_cast<Word*>(outputs[0].data);
            // Everything is "off" first, so that each index only sets one element.
            std::fill(y, y + out.elements(), values[0]);
            if (depth == 0) return;
            with_number(inputs[0].type.dtype, [&]<class T>(T) {
                const auto indices = inputs[0].as<T>();
                for (std::size_t i = 0; i < indices.size(); ++i) {
                    auto index = saturated<std::int64_t>(indices[i]);
                    // Outside of the range nothing is set; this is no error in ONNX.
                    if (index < -depth || index >= depth) continue;
                    if (index < 0) index += depth;
                    const auto place = static_cast<std::int64_t>(i);
                    // The new axis stands between the outer dimensions (place / step) and the inner ones (place %
                    // step).
                    y[(place / step * depth + index) * step + place % step] = values[1];
                }
            });
        });
    }
};

}  // namespace

const RefOp& one_hot_op() {
    static const OneHotOp op;
    return op;
}

}  // namespace halftone::ref
