// y = the slices of x along an axis that the indices name; the index tensor's shape takes the place of that axis.
// Embedding tables are read by it. A slice is copied as bytes, so every element type will do. Source: ONNX operator
// Gather, opset 13.
#include <cstring>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/shape/indices.hpp"

namespace halftone::ref {
namespace {

std::size_t gather_axis(const OpContext& op) {
    if (op.inputs[0].shape.rank() == 0) refuse(op, "input 0 is a scalar");
    return normal_axis(op, int_attribute(op.node, "axis", 0), op.inputs[0].shape.rank());
}

class GatherOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s32, DType::s64});
        const std::size_t axis = gather_axis(op);
        const std::vector<std::int64_t>& data = op.inputs[0].shape.dims();
        const std::vector<std::int64_t>& indices = op.inputs[1].shape.dims();
        // Indices could not be checked against a size that is not known.
        if (data[axis] == kSymbolic) refuse(op, "cannot gather along the symbolic batch");
        std::vector<std::int64_t> dims(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(axis));
        dims.insert(dims.end(), indices.begin(), indices.end());
        dims.insert(dims.end(), data.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.end());
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        const std::size_t axis = gather_axis(op);
        const std::vector<std::int64_t> places = indices_of(op, inputs[1], shape[axis]);
        std::size_t outer = 1;
        for (std::size_t d = 0; d < axis; ++d) outer *= static_cast<std::size_t>(shape[d]);
        std::size_t row = size_of(inputs[0].type.dtype);
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) row *= static_cast<std::size_t>(shape[d]);
        // A block holds all slices of one position in front of the axis.
        const std::size_t block = row * static_cast<std::size_t>(shape[axis]);
        if (row == 0) return;
        std::byte* to = outputs[0].data;
        for (std::size_t o = 0; o < outer; ++o) {
            for (const std::int64_t place : places) {
                std::memcpy(to, inputs[0].data + o * block + static_cast<std::size_t>(place) * row, row);
                to += row;
            }
        }
    }
};

}  // namespace

const RefOp& gather_op() {
    static const GatherOp op;
    return op;
}

}  // namespace halftone::ref
