// Puts each value back where MaxPool found it; everything else is 0. The indices count the elements of the whole tensor
// that was pooled. A larger output_shape holds that tensor in its first corner. Source: ONNX operator MaxUnpool, opset
// 11, and onnx's reference evaluator for output_shape.
#include <algorithm>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/indices.hpp"
#include "kernel/shape/shape_input.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

/// The shape of what was pooled, as far as kernel, strides and pads tell it.
Shape shape_before_pooling(const OpContext& op) {
    Shape shape = op.inputs[0].shape;
    const std::size_t rank = shape.rank() - 2;
    const std::vector<std::int64_t> kernel = pool_kernel(op, rank);
    const std::vector<std::int64_t> strides = ints_attribute(op.node, "strides", std::vector<std::int64_t>(rank, 1));
    const std::vector<std::int64_t> pads = ints_attribute(op.node, "pads", std::vector<std::int64_t>(2 * rank, 0));
    if (strides.size() != rank || pads.size() != 2 * rank) refuse(op, "strides or pads do not fit the input");
    const auto is_size = [](std::int64_t number, std::int64_t least) {
        return number >= least && number < kMaxElements;
    };
    for (std::size_t d = 0; d < rank; ++d) {
        const bool fits = is_size(shape[d + 2], 1) && is_size(kernel[d], 1) && is_size(strides[d], 1) &&
                          is_size(pads[d], 0) && is_size(pads[d + rank], 0);
        if (!fits) refuse(op, "a size, stride or padding is out of range");
        shape[d + 2] = (shape[d + 2] - 1) * strides[d] + kernel[d] - pads[d] - pads[d + rank];
        if (!is_size(shape[d + 2], 1)) refuse(op, "nothing is left between its pads");
    }
    return shape;
}

class MaxUnpoolOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_dtype(op, 1, {DType::s64});
        check_rank(op, 0, 3, 5);
        if (op.inputs[1].shape != op.inputs[0].shape) refuse(op, "it needs one index for each value");
        const Shape before = shape_before_pooling(op);
        if (!op.has_input(2)) return {{op.inputs[0].dtype, before}};
        check_rank(op, 2, 1, 1);
        const Shape wanted = shape_from(op, shape_input(op, 2, "output_shape"));
        bool fits = wanted.rank() == before.rank();
        // The two dimensions in front are the same; a spatial one may be larger.
        for (std::size_t d = 0; fits && d < before.rank(); ++d)
            fits = d < 2 ? wanted[d] == before[d] : wanted[d] >= before[d];
        if (!fits) refuse(op, "output_shape " + wanted.to_text() + " cannot hold " + before.to_text());
        return {{op.inputs[0].dtype, wanted}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        Shape before = shape_before_pooling(op);
        // The batch is known by now; the rule may have been asked with an open one.
        before[0] = inputs[0].type.shape[0];
        const std::vector<std::int64_t> steps = row_major_steps(before);
        const std::vector<std::int64_t> out_steps = row_major_steps(outputs[0].type.shape);
        const std::vector<std::int64_t> places = indices_of(op, inputs[1], before.elements());
        with_word(inputs[0].type.dtype, [&]<class Word>(Word) {
            const auto* x = reinterpret_cast<const Word*>(inputs[0].data);
            auto* y = reinterpret_cast<Word*>(outputs[0].data);
            std::fill_n(y, outputs[0].elements(), Word{0});
            for (std::size_t i = 0; i < places.size(); ++i) {
                // From the element's number in the pooled tensor to its place in the output, which may be larger.
                std::int64_t offset = 0;
                for (std::size_t d = 0; d < before.rank(); ++d)
                    offset += places[i] / steps[d] % before[d] * out_steps[d];
                y[offset] = x[i];
            }
        });
    }
};

}  // namespace

const RefOp& max_unpool_op() {
    static const MaxUnpoolOp op;
    return op;
}

}  // namespace halftone::ref
