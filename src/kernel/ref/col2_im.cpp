// Sums the columns of a sliding window back into pictures: x [N, C * window, positions] becomes [N, C, image…], where
// each element of the image is the sum of all columns that stand for it. It is the reverse of what a convolution reads.
// Source: ONNX operator Col2Im, opset 18.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

struct ColumnPlan {
    std::vector<std::int64_t> image, block, strides, dilations, pads_begin, counts;  ///< by spatial dimension
    std::int64_t window = 1;                                                         ///< elements of the block
    std::int64_t positions = 1;                                                      ///< of the block in the image
};

ColumnPlan column_plan(const OpContext& op) {
    ColumnPlan plan;
    plan.image = number_input(op, 1, "image_shape");
    plan.block = number_input(op, 2, "block_shape");
    const std::size_t rank = plan.image.size();
    const std::vector<std::int64_t> pads = ints_attribute(op.node, "pads", std::vector<std::int64_t>(2 * rank, 0));
    plan.strides = ints_attribute(op.node, "strides", std::vector<std::int64_t>(rank, 1));
    plan.dilations = ints_attribute(op.node, "dilations", std::vector<std::int64_t>(rank, 1));
    // The lists come from a file, and each is read by the others' number of dimensions below.
    if (rank == 0 || plan.block.size() != rank || pads.size() != 2 * rank || plan.strides.size() != rank ||
        plan.dilations.size() != rank) {
        refuse(op, "image_shape, block_shape, strides, dilations and pads do not have the same number of dimensions");
    }
    const auto is_size = [](std::int64_t number, std::int64_t least) {
        return number >= least && number < kMaxElements;
    };
    for (std::size_t d = 0; d < rank; ++d) {
        const bool fits = is_size(plan.image[d], 1) && is_size(plan.block[d], 1) && is_size(plan.strides[d], 1) &&
                          is_size(plan.dilations[d], 1) && is_size(pads[d], 0) && is_size(pads[d + rank], 0);
        if (!fits) refuse(op, "a size, stride, dilation or padding is out of range");
        // The last place of the block's first tap; all numbers are below 2^31, so nothing here overflows.
        const std::int64_t room =
            plan.image[d] + pads[d] + pads[d + rank] - plan.dilations[d] * (plan.block[d] - 1) - 1;
        if (room < 0) refuse(op, "the block is larger than the padded image");
        plan.pads_begin.push_back(pads[d]);
        plan.counts.push_back(room / plan.strides[d] + 1);
        if (__builtin_mul_overflow(plan.window, plan.block[d], &plan.window) ||
            __builtin_mul_overflow(plan.positions, plan.counts[d], &plan.positions) || plan.window > kMaxElements ||
            plan.positions > kMaxElements) {
            refuse(op, "its block or its number of positions is above 2^31");
        }
    }
    return plan;
}

/// The place of a number in row-major order, by dimension.
void split_number(std::int64_t number, const std::vector<std::int64_t>& sizes, std::vector<std::int64_t>& place) {
    for (std::size_t d = sizes.size(); d-- > 0;) {
        place[d] = number % sizes[d];
        number /= sizes[d];
    }
}

class Col2ImOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_rank(op, 0, 3, 3);
        check_rank(op, 1, 1, 1);
        check_rank(op, 2, 1, 1);
        const ColumnPlan plan = column_plan(op);
        const Shape& shape = op.inputs[0].shape;
        if (shape[1] < 0 || shape[1] % plan.window != 0 || shape[2] != plan.positions) {
            refuse(op, "input 0 " + shape.to_text() + " does not hold columns of " + std::to_string(plan.window) +
                           " at " + std::to_string(plan.positions) + " positions");
        }
        std::vector<std::int64_t> dims{shape[0], shape[1] / plan.window};
        dims.insert(dims.end(), plan.image.begin(), plan.image.end());
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const ColumnPlan plan = column_plan(op);
        const Shape& out = outputs[0].type.shape;
        const std::int64_t planes = out[0] * out[1];
        const std::int64_t pixels = planes == 0 ? 0 : outputs[0].elements() / planes;
        const std::vector<std::int64_t> steps = row_major_steps(Shape(plan.image));
        std::vector<std::int64_t> tap(plan.image.size());
        std::vector<std::int64_t> position(plan.image.size());
        // Many columns meet in one element of the image. Double keeps their sum from depending much on the order.
        std::vector<double> sums(static_cast<std::size_t>(pixels));
        const auto add = [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (std::int64_t plane = 0; plane < planes; ++plane, y += pixels) {
                std::fill(sums.begin(), sums.end(), 0.0);
                for (std::int64_t w = 0; w < plan.window; ++w) {
                    split_number(w, plan.block, tap);
                    for (std::int64_t p = 0; p < plan.positions; ++p, ++x) {
                        split_number(p, plan.counts, position);
                        // A place in the padding belongs to no element: what the window read there was 0.
                        std::int64_t offset = 0;
                        bool is_inside = true;
                        for (std::size_t d = 0; d < tap.size() && is_inside; ++d) {
                            const std::int64_t place =
                                position[d] * plan.strides[d] - plan.pads_begin[d] + tap[d] * plan.dilations[d];
                            is_inside = place >= 0 && place < plan.image[d];
                            offset += place * steps[d];
                        }
                        if (is_inside) sums[static_cast<std::size_t>(offset)] += static_cast<double>(*x);
                    }
                }
                for (std::int64_t i = 0; i < pixels; ++i) y[i] = static_cast<T>(sums[static_cast<std::size_t>(i)]);
            }
        };
        if (inputs[0].type.dtype == DType::f32) return add(float{});
        add(double{});
    }
};

}  // namespace

const RefOp& col2_im_op() {
    static const Col2ImOp op;
    return op;
}

}  // namespace halftone::ref
