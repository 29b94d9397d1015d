// The data with some of its elements or slices replaced by updates, or combined with them (`reduction`). Each row of
// the indices names a place of the data. Source: ONNX operator ScatterND, opset 18.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/scatter.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

/// Dimensions of the data that a row of indices names.
std::size_t scatter_depth(const OpContext& op) {
    const Shape& data = op.inputs[0].shape;
    const Shape& indices = op.inputs[1].shape;
    if (data.rank() == 0 || indices.rank() == 0) refuse(op, "an input is a scalar");
    const std::int64_t depth = indices[indices.rank() - 1];
    if (depth < 1 || depth > static_cast<std::int64_t>(data.rank())) {
        refuse(op, "indices " + indices.to_text() + " do not fit data " + data.to_text());
    }
    return static_cast<std::size_t>(depth);
}

class ScatterNDOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s64});
        check_same_dtype(op, 2, 0);
        static_cast<void>(scatter_reduction(op));
        const std::size_t depth = scatter_depth(op);
        const Shape& data = op.inputs[0].shape;
        for (std::size_t d = 0; d < depth; ++d) {
            if (data[d] == kSymbolic) refuse(op, "cannot scatter along the symbolic batch");
        }
        // Updates have one slice for each row of indices.
        std::vector<std::int64_t> wanted(op.inputs[1].shape.dims().begin(), op.inputs[1].shape.dims().end() - 1);
        for (std::size_t d = depth; d < data.rank(); ++d) wanted.push_back(data[d]);
        if (op.inputs[2].shape.dims() != wanted) {
            refuse(op, "updates " + op.inputs[2].shape.to_text() + " do not have the shape " + text_of(wanted));
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
        if (inputs[2].elements() == 0) return;
        const std::size_t depth = scatter_depth(op);
        const std::vector<std::int64_t> steps = row_major_steps(inputs[0].type.shape);
        // A row names a slice of this many elements.
        const std::int64_t slice = steps[depth - 1];
        const auto rows = inputs[1].as<std::int64_t>();
        const DType dtype = inputs[0].type.dtype == DType::boolean ? DType::u8 : inputs[0].type.dtype;
        with_number(dtype, [&]<class T>(T) {
            with_reduction<T>(scatter_reduction(op), [&](auto combine) {
                const T* update = reinterpret_cast<const T*>(inputs[2].data);
                T* y = reinterpret_cast<T*>(outputs[0].data);
                // Rows apply in order. Where two name one place, the later one wins, or both are combined.
                for (std::size_t row = 0; row < rows.size(); row += depth) {
                    std::int64_t offset = 0;
                    for (std::size_t i = 0; i < depth; ++i) {
                        offset += scatter_place(op, rows[row + i], inputs[0].type.shape[i]) * steps[i];
                    }
                    for (std::int64_t i = 0; i < slice; ++i, ++update) y[offset + i] = combine(y[offset + i], *update);
                }
            });
        });
    }
};

}  // namespace

const RefOp& scatter_nd_op() {
    static const ScatterNDOp op;
    return op;
}

}  // namespace halftone::ref
