// y = x, and then y[index[i, j], j] = updates[i, j] for axis 0, and likewise for others; `reduction` combines instead.
// Source: ONNX operator ScatterElements, opset 18 (Scatter before opset 11).
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/scatter.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/indices.hpp"

namespace halftone::ref {
namespace {

std::size_t scatter_axis(const OpContext& op) {
    if (op.inputs[0].shape.rank() == 0) refuse(op, "input 0 is a scalar");
    return normal_axis(op, int_attribute(op.node, "axis", 0), op.inputs[0].shape.rank());
}

class ScatterElementsOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s32, DType::s64});
        check_same_dtype(op, 2, 0);
        static_cast<void>(scatter_reduction(op));
        const Shape& data = op.inputs[0].shape;
        const Shape& indices = op.inputs[1].shape;
        const std::size_t axis = scatter_axis(op);
        if (indices != op.inputs[2].shape) refuse(op, "indices and updates have different shapes");
        check_rank(op, 1, data.rank(), data.rank());
        for (std::size_t d = 0; d < data.rank(); ++d) {
            // Outside of the axis the place of an update is its own, so there must be room for it.
            const bool are_known = data[d] != kSymbolic && indices[d] != kSymbolic;
            const bool fits =
                d == axis ? data[d] != kSymbolic : indices[d] == data[d] || (are_known && indices[d] <= data[d]);
            if (!fits) refuse(op, "indices " + indices.to_text() + " do not fit data " + data.to_text());
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        // What no index names stays as it is.
        copy_bytes(inputs[0], outputs[0]);
        const Shape& data = inputs[0].type.shape;
        const Shape& shape = inputs[1].type.shape;
        const std::size_t axis = scatter_axis(op);
        const std::vector<std::int64_t> places = indices_of(op, inputs[1], data[axis]);
        const std::vector<std::int64_t> steps = row_major_steps(data);
        const std::vector<std::int64_t> own = row_major_steps(shape);
        const DType dtype = inputs[0].type.dtype == DType::boolean ? DType::u8 : inputs[0].type.dtype;
        with_number(dtype, [&]<class T>(T) {
            with_reduction<T>(scatter_reduction(op), [&](auto combine) {
                const T* updates = reinterpret_cast<const T*>(inputs[2].data);
                T* y = reinterpret_cast<T*>(outputs[0].data);
                for (std::size_t i = 0; i < places.size(); ++i) {
                    std::int64_t offset = 0;
                    for (std::size_t d = 0; d < shape.rank(); ++d) {
                        // The place of update i in dimension d, from its row-major number.
                        const std::int64_t place = static_cast<std::int64_t>(i) / own[d] % shape[d];
                        offset += (d == axis ? places[i] : place) * steps[d];
                    }
                    // In the order of the updates: without a reduction the last one stays.
                    y[offset] = combine(y[offset], updates[i]);
                }
            });
        });
    }
};

}  // namespace

const RefOp& scatter_elements_op() {
    static const ScatterElementsOp op;
    return op;
}

}  // namespace halftone::ref
