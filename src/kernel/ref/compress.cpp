// The slices along an axis for which the condition is true; without an axis, the elements of the flattened input. How
// many they are is data, so the condition must be known. Source: ONNX operator Compress, opset 11.
#include <algorithm>
#include <cstring>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class CompressOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, kBoolean);
        check_rank(op, 1, 1, 1);
        const auto condition = constant_input(op, 1, "condition").as<std::uint8_t>();
        const auto kept = static_cast<std::int64_t>(
            std::count_if(condition.begin(), condition.end(), [](std::uint8_t is_kept) { return is_kept != 0; }));
        Shape shape = op.inputs[0].shape;
        const bool has_axis = op.node.attributes.contains("axis");
        const std::size_t axis = has_axis ? compress_axis(op) : 0;
        const std::int64_t size = has_axis ? shape[axis] : product(op, shape.dims());
        if (size == kSymbolic) refuse(op, "cannot cut the symbolic batch");
        // A condition may be shorter than the axis: the rest is left out.
        if (static_cast<std::int64_t>(condition.size()) > size) {
            refuse(op,
                   "the condition has " + std::to_string(condition.size()) + " elements for " + std::to_string(size));
        }
        if (!has_axis) return {{op.inputs[0].dtype, Shape{kept}}};
        shape[axis] = kept;
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        const auto condition = inputs[1].as<std::uint8_t>();
        const bool has_axis = op.node.attributes.contains("axis");
        const std::size_t axis = has_axis ? compress_axis(op) : 0;
        // A row is what one element of the condition stands for: a slice behind the axis, or a single element.
        std::size_t outer = 1;
        std::size_t row = size_of(inputs[0].type.dtype);
        for (std::size_t d = 0; d < axis; ++d) outer *= static_cast<std::size_t>(shape[d]);
        for (std::size_t d = axis + 1; has_axis && d < shape.rank(); ++d) row *= static_cast<std::size_t>(shape[d]);
        const std::size_t count = has_axis ? static_cast<std::size_t>(shape[axis]) : 0;
        if (row == 0) return;
        std::byte* to = outputs[0].data;
        for (std::size_t o = 0; o < outer; ++o) {
            for (std::size_t i = 0; i < condition.size(); ++i) {
                if (condition[i] == 0) continue;
                std::memcpy(to, inputs[0].data + (o * count + i) * row, row);
                to += row;
            }
        }
    }

private:
    static std::size_t compress_axis(const OpContext& op) {
        return normal_axis(op, int_attribute(op.node, "axis", 0), op.inputs[0].shape.rank());
    }
};

}  // namespace

const RefOp& compress_op() {
    static const CompressOp op;
    return op;
}

}  // namespace halftone::ref
