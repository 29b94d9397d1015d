// y[i, j] = x[index[i, j], j] for axis 0, and likewise for others: one index for each element of the output, where
// Gather has one for each slice. Source: ONNX operator GatherElements, opset 13.
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/indices.hpp"

namespace halftone::ref {
namespace {

class GatherElementsOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s32, DType::s64});
        const Shape& data = op.inputs[0].shape;
        const Shape& indices = op.inputs[1].shape;
        if (data.rank() == 0) refuse(op, "input 0 is a scalar");
        check_rank(op, 1, data.rank(), data.rank());
        const std::size_t axis = normal_axis(op, int_attribute(op.node, "axis", 0), data.rank());
        for (std::size_t d = 0; d < data.rank(); ++d) {
            // Outside of the axis the output may be smaller than the data, but not larger: its own place is the index
            // there.
            const bool fits = d == axis ? data[d] != kSymbolic
                                        : indices[d] == data[d] || (indices[d] != kSymbolic && data[d] != kSymbolic &&
                                                                    indices[d] <= data[d]);
            if (!fits) refuse(op, "indices " + indices.to_text() + " do not fit data " + data.to_text());
        }
        return {{op.inputs[0].dtype, indices}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& data = inputs[0].type.shape;
        const Shape& out = outputs[0].type.shape;
        const std::size_t axis = normal_axis(op, int_attribute(op.node, "axis", 0), data.rank());
        const std::vector<std::int64_t> places = indices_of(op, inputs[1], data[axis]);
        const std::vector<std::int64_t> steps = row_major_steps(data);
        const std::vector<std::int64_t> own = row_major_steps(out);
        with_word(inputs[0].type.dtype, [&]<class Word>(Word) {
            const auto* from = reinterpret_cast<const Word*>(inputs[0].data);
            auto* to = reinterpret_cast<Word*>(outputs[0].data);
            for (std::size_t i = 0; i < places.size(); ++i) {
                std::int64_t offset = 0;
                for (std::size_t d = 0; d < out.rank(); ++d) {
                    // The element's own position in this dimension, from its number in row-major order.
                    const std::int64_t place = static_cast<std::int64_t>(i) / own[d] % out[d];
                    offset += (d == axis ? places[i] : place) * steps[d];
                }
                to[i] = from[offset];
            }
        });
    }
};

}  // namespace

const RefOp& gather_elements_op() {
    static const GatherElementsOp op;
    return op;
}

}  // namespace halftone::ref
