// The input [N, C, d1, …] read at the points of a grid [N, o1, …, rank], whose last dimension names them from the last
// spatial dimension to the first, in [-1, 1]. Neighbours and weights are in lib/grid_kernel. Source: ONNX operator
// GridSample, opsets 16 (bilinear, bicubic) and 20 (linear, cubic).
#include "kernel/ref/lib/grid_kernel.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

GridMode grid_mode(const OpContext& op) {
    const std::string word = string_attribute(op.node, "mode", "linear");
    // Opset 20 renamed the modes when it allowed more than two dimensions.
    if (word == "linear" || word == "bilinear") return GridMode::linear;
    if (word == "cubic" || word == "bicubic") return GridMode::cubic;
    if (word != "nearest") refuse(op, "mode '" + word + "'");
    return GridMode::nearest;
}

GridPadding grid_padding(const OpContext& op) {
    const std::string word = string_attribute(op.node, "padding_mode", "zeros");
    if (word == "border") return GridPadding::border;
    if (word == "reflection") return GridPadding::reflection;
    if (word != "zeros") refuse(op, "padding_mode '" + word + "'");
    return GridPadding::zeros;
}

/// The weighted sum of the neighbours in all dimensions from `dimension` on.
double sample_at(const float* plane, const std::vector<GridTaps>& taps, const Shape& shape, std::size_t dimension,
                 std::int64_t offset) {
    if (dimension == taps.size()) return static_cast<double>(plane[offset]);
    double sum = 0;
    const GridTaps& line = taps[dimension];
    for (std::size_t i = 0; i < line.count; ++i) {
        // A place in the padding of zeros adds nothing.
        if (line.places[i] < 0) continue;
        // Row-major place so far, and this dimension's place behind it.
        const std::int64_t next = offset * shape[dimension + 2] + line.places[i];
        sum += line.weights[i] * sample_at(plane, taps, shape, dimension + 1, next);
    }
    return sum;
}

class GridSampleOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 3, 5);
        check_rank(op, 1, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
        static_cast<void>(grid_mode(op));
        static_cast<void>(grid_padding(op));
        const Shape& x = op.inputs[0].shape;
        const Shape& grid = op.inputs[1].shape;
        for (std::size_t d = 2; d < x.rank(); ++d) {
            if (x[d] < 1) refuse(op, "input 0 " + x.to_text() + " has no pixels");
        }
        if (grid[0] != x[0] || grid[grid.rank() - 1] != static_cast<std::int64_t>(x.rank()) - 2) {
            refuse(op, "grid " + grid.to_text() + " does not fit input 0 " + x.to_text());
        }
        std::vector<std::int64_t> dims{x[0], x[1]};
        dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
        return {{DType::f32, Shape(std::move(dims))}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const Shape& shape = inputs[0].type.shape;
        const std::size_t rank = shape.rank() - 2;
        const std::int64_t channels = shape[1];
        std::int64_t plane = 1;
        for (std::size_t d = 0; d < rank; ++d) plane *= shape[d + 2];
        const std::int64_t points = outputs[0].elements() / (shape[0] * channels);
        const GridMode mode = grid_mode(op);
        const GridPadding padding = grid_padding(op);
        const bool align_corners = int_attribute(op.node, "align_corners", 0) != 0;
        const float* grid = inputs[1].as<float>().data();
        const float* x = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        std::vector<GridTaps> taps(rank);
        for (std::int64_t point = 0; point < shape[0] * points; ++point, grid += rank) {
            for (std::size_t d = 0; d < rank; ++d) {
                // The grid counts dimensions from the last one: x before y before z.
                taps[d] =
                    grid_taps(static_cast<double>(grid[rank - 1 - d]), shape[d + 2], mode, padding, align_corners);
            }
            const std::int64_t sample = point / points;
            // All channels are read at the same point, so its neighbours are found once.
            for (std::int64_t c = 0; c < channels; ++c) {
                const float* from = x + (sample * channels + c) * plane;
                y[(sample * channels + c) * points + point % points] =
                    static_cast<float>(sample_at(from, taps, shape, 0, 0));
            }
        }
    }
};

}  // namespace

const RefOp& grid_sample_op() {
    static const GridSampleOp op;
    return op;
}

}  // namespace halftone::ref
