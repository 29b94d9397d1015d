// The dimensions of x as int64, or those from `start` to `end`. The batch among them is not a number yet: it is passed
// on as a PartialInt, so that what is computed from it can become a shape again. Source: ONNX operator Shape, opset 19.
#include <algorithm>

#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {
namespace {

class ShapeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        const auto [first, last] = bounds(op);
        return {{DType::s64, Shape{last - first}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto [first, last] = bounds(op);
        const Shape& shape = inputs[0].type.shape;
        for (std::int64_t d = first; d < last; ++d) {
            outputs[0].as<std::int64_t>()[static_cast<std::size_t>(d - first)] = shape[static_cast<std::size_t>(d)];
        }
    }

private:
    /// Attributes start and end, from the back if negative, clamped to the rank.
    static std::pair<std::int64_t, std::int64_t> bounds(const OpContext& op) {
        const auto rank = static_cast<std::int64_t>(op.inputs[0].shape.rank());
        const auto place = [&](const char* name, std::int64_t fallback) {
            const std::int64_t given = int_attribute(op.node, name, fallback);
            return std::clamp<std::int64_t>(given < 0 ? given + rank : given, 0, rank);
        };
        const std::int64_t first = place("start", 0);
        return {first, std::max(first, place("end", rank))};
    }
};

}  // namespace

const RefOp& shape_op() {
    static const ShapeOp op;
    return op;
}

}  // namespace halftone::ref
