// Points of a regular grid in [-1, 1], moved by a matrix for each sample: theta [N, 2, 3] or [N, 3, 4] and the size of
// the output give a grid [N, H, W, 2] or [N, D, H, W, 3], whose last dimension names the last spatial dimension first.
// GridSample reads pictures at such points. Source: ONNX operator AffineGrid, opset 20; a dimension of one point has it
// in the middle, as in PyTorch.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

/// Where point i of `count` lies. With aligned corners the first and the last point lie on -1 and 1, else they lie half
/// a step inside.
double grid_place(std::int64_t i, std::int64_t count, bool align_corners) {
    const auto n = static_cast<double>(count);
    if (!align_corners) return (2.0 * static_cast<double>(i) + 1.0) / n - 1.0;
    return count == 1 ? 0.0 : 2.0 * static_cast<double>(i) / (n - 1.0) - 1.0;
}

class AffineGridOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_rank(op, 0, 3, 3);
        check_rank(op, 1, 1, 1);
        const Shape size = shape_from(op, shape_input(op, 1, "size"));
        const Shape& theta = op.inputs[0].shape;
        const auto spatial = static_cast<std::int64_t>(size.rank()) - 2;
        if ((spatial != 2 && spatial != 3) || theta[1] != spatial || theta[2] != spatial + 1 || theta[0] != size[0]) {
            refuse(op, "theta " + theta.to_text() + " does not fit the size " + size.to_text());
        }
        std::vector<std::int64_t> dims(size.dims().begin() + 2, size.dims().end());
        for (const std::int64_t dim : dims) {
            if (dim < 0) refuse(op, "only the batch may be open in the size " + size.to_text());
        }
        dims.insert(dims.begin(), theta[0]);
        dims.push_back(spatial);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const bool align_corners = int_attribute(op.node, "align_corners", 0) != 0;
        const Shape& out = outputs[0].type.shape;
        const std::size_t spatial = out.rank() - 2;
        std::int64_t points = 1;
        for (std::size_t d = 0; d < spatial; ++d) points *= out[d + 1];
        const auto fill = [&]<class T>(T) {
            const T* theta = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            // Homogeneous coordinates: a matrix with one more column than rows turns, stretches and moves in one
            // product.
            std::vector<double> place(spatial + 1, 1.0);  // the last one is what the offsets of theta multiply
            for (std::int64_t n = 0; n < out[0]; ++n, theta += spatial * (spatial + 1)) {
                for (std::int64_t point = 0; point < points; ++point) {
                    // The point's number as places, from the last spatial dimension to the first, which is the order in
                    // which the grid names them.
                    std::int64_t rest = point;
                    for (std::size_t d = spatial; d-- > 0;) {
                        place[spatial - 1 - d] = grid_place(rest % out[d + 1], out[d + 1], align_corners);
                        rest /= out[d + 1];
                    }
                    for (std::size_t row = 0; row < spatial; ++row) {
                        double sum = 0;
                        for (std::size_t c = 0; c <= spatial; ++c) {
                            sum += static_cast<double>(theta[row * (spatial + 1) + c]) * place[c];
                        }
                        *y++ = static_cast<T>(sum);
                    }
                }
            }
        };
        if (inputs[0].type.dtype == DType::f32) return fill(float{});
        fill(double{});
    }
};

}  // namespace

const RefOp& affine_grid_op() {
    static const AffineGridOp op;
    return op;
}

}  // namespace halftone::ref
