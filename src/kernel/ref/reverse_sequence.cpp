// The first sequence_lens[b] steps of each sample in reverse order, the others as they are.
// Source: ONNX operator ReverseSequence, opset 10.
#include <cstring>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class ReverseSequenceOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s64});
        const Shape& shape = op.inputs[0].shape;
        if (shape.rank() < 2) refuse(op, "input 0 " + shape.to_text() + " has no batch and time");
        const std::int64_t batch = int_attribute(op.node, "batch_axis", 1);
        const std::int64_t time = int_attribute(op.node, "time_axis", 0);
        if (batch + time != 1 || batch < 0 || time < 0) refuse(op, "batch_axis and time_axis must be 0 and 1");
        if (op.inputs[1].shape != Shape{shape[static_cast<std::size_t>(batch)]})
            refuse(op, "sequence_lens does not fit");
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        // All steps are copied first, so that only those within a length need to be turned.
        copy_bytes(inputs[0], outputs[0]);
        const Shape& shape = inputs[0].type.shape;
        if (shape.elements() == 0) return;
        const auto time_axis = static_cast<std::size_t>(int_attribute(op.node, "time_axis", 0));
        const std::size_t row = inputs[0].bytes() / static_cast<std::size_t>(shape[0] * shape[1]);
        const auto lengths = inputs[1].as<std::int64_t>();
        // Batch and time are the first two dimensions in either order; what is behind them moves as one row.
        const auto place = [&](std::int64_t sample, std::int64_t step) {
            const std::int64_t index = time_axis == 0 ? step * shape[1] + sample : sample * shape[1] + step;
            return static_cast<std::size_t>(index) * row;
        };
        for (std::size_t b = 0; b < lengths.size(); ++b) {
            if (lengths[b] < 0 || lengths[b] > shape[time_axis]) refuse(op, "a length is outside of the sequence");
            for (std::int64_t t = 0; t < lengths[b]; ++t) {
                const auto sample = static_cast<std::int64_t>(b);
                std::memcpy(outputs[0].data + place(sample, t), inputs[0].data + place(sample, lengths[b] - 1 - t),
                            row);
            }
        }
    }
};

}  // namespace

const RefOp& reverse_sequence_op() {
    static const ReverseSequenceOp op;
    return op;
}

}  // namespace halftone::ref
