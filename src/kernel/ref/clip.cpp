// Bounds come as inputs 1 and 2, either of which may be missing, which means unbounded on that side.
// Source: ONNX operator Clip, opset 13: min(max(x, low), high), so that high wins when low > high. NaN stays NaN.
#include <limits>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class ClipOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        for (std::size_t i = 1; i < op.input_count(); ++i) {
            if (!op.has_input(i)) continue;
            check_same_dtype(op, i, 0);
            const Shape& shape = op.inputs[i].shape;
            if (shape != Shape{} && shape != Shape{1}) {
                refuse(op, std::string(i == 1 ? "min " : "max ") + shape.to_text() + " is not a scalar");
            }
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            using Limits = std::numeric_limits<T>;
            // A bound that is missing is infinity where the type has one: lowest() would clip -infinity to the least
            // number.
            T low = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
            T high = Limits::has_infinity ? Limits::infinity() : Limits::max();
            if (op.has_input(1)) low = inputs[1].as<T>()[0];
            if (op.has_input(2)) high = inputs[2].as<T>()[0];
            const auto x = inputs[0].as<T>();
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) {
                // Both comparisons are false for NaN, which so passes. std::clamp would be undefined for low > high.
                const T raised = x[i] < low ? low : x[i];
                y[i] = raised > high ? high : raised;
            }
        });
    }
};

}  // namespace

const RefOp& clip_op() {
    static const ClipOp op;
    return op;
}

}  // namespace halftone::ref
