// Each row of `indices` names a place, or a slice, of the data; the first batch_dims dimensions of both go together.
// Source: ONNX operator GatherND, opset 13.
#include <algorithm>
#include <cstring>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

struct GatherRows {
    std::size_t batch_dims;
    std::size_t depth;  ///< dimensions of the data that a row of indices names
};

GatherRows gather_rows(const OpContext& op) {
    const Shape& data = op.inputs[0].shape;
    const Shape& indices = op.inputs[1].shape;
    const std::int64_t batch_dims = int_attribute(op.node, "batch_dims", 0);
    if (data.rank() == 0 || indices.rank() == 0) refuse(op, "an input is a scalar");
    const auto limit = static_cast<std::int64_t>(std::min(data.rank(), indices.rank()));
    if (batch_dims < 0 || batch_dims >= limit) refuse(op, "batch_dims " + std::to_string(batch_dims) + " does not fit");
    const std::int64_t depth = indices[indices.rank() - 1];
    if (depth < 1 || depth + batch_dims > static_cast<std::int64_t>(data.rank())) {
        refuse(op, "indices " + indices.to_text() + " do not fit data " + data.to_text());
    }
    return {static_cast<std::size_t>(batch_dims), static_cast<std::size_t>(depth)};
}

class GatherNDOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s64});
        const GatherRows rows = gather_rows(op);
        const Shape& data = op.inputs[0].shape;
        const Shape& indices = op.inputs[1].shape;
        for (std::size_t d = 0; d < rows.batch_dims; ++d) {
            if (data[d] != indices[d])
                refuse(op, "the batches of " + data.to_text() + " and " + indices.to_text() + " differ");
        }
        for (std::size_t d = rows.batch_dims; d < rows.batch_dims + rows.depth; ++d) {
            if (data[d] == kSymbolic) refuse(op, "cannot gather along the symbolic batch");
        }
        std::vector<std::int64_t> dims(indices.dims().begin(), indices.dims().end() - 1);
        for (std::size_t d = rows.batch_dims + rows.depth; d < data.rank(); ++d) dims.push_back(data[d]);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const GatherRows rows = gather_rows(op);
        const Shape& data = inputs[0].type.shape;
        const std::vector<std::int64_t> steps = row_major_steps(data);
        const std::size_t last = rows.batch_dims + rows.depth - 1;
        // A row names a slice of this many bytes: one element if it names all dimensions.
        const std::size_t slice = static_cast<std::size_t>(steps[last]) * size_of(inputs[0].type.dtype);
        const auto places = inputs[1].as<std::int64_t>();
        std::size_t batches = 1;
        for (std::size_t d = 0; d < rows.batch_dims; ++d) batches *= static_cast<std::size_t>(data[d]);
        const std::size_t count = places.size() / rows.depth;
        const std::int64_t batch_step = data.elements() / static_cast<std::int64_t>(batches);
        for (std::size_t row = 0; row < count; ++row) {
            // Rows of one batch read from that batch of the data only.
            std::int64_t offset = static_cast<std::int64_t>(row / (count / batches)) * batch_step;
            for (std::size_t i = 0; i < rows.depth; ++i) {
                const std::int64_t size = data[rows.batch_dims + i];
                std::int64_t place = places[row * rows.depth + i];
                // Indices are data, so a wrong one shows itself only here.
                if (place < -size || place >= size) {
                    refuse(op, "index " + std::to_string(place) + " is outside a dimension of " + std::to_string(size));
                }
                // Negative numbers count from the end.
                if (place < 0) place += size;
                offset += place * steps[rows.batch_dims + i];
            }
            std::memcpy(outputs[0].data + row * slice,
                        inputs[0].data + static_cast<std::size_t>(offset) * size_of(inputs[0].type.dtype), slice);
        }
    }
};

}  // namespace

const RefOp& gather_nd_op() {
    static const GatherNDOp op;
    return op;
}

}  // namespace halftone::ref
