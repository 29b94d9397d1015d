// Source: ONNX operator ReduceMean, opset 18 (13 with the attribute axes). fp32, over the last dimensions.
#include <algorithm>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/axes.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

/// Rows to average: [rows, columns], with columns of 0 when the axes are not the last ones.
struct Rows {
    std::int64_t rows = 1;
    std::int64_t columns = 0;
};

Rows reduced_rows(const KernelRequest& request) {
    const Shape& shape = request.inputs[0].type.shape;
    const ref::RequestContext context(request, ref::SeenAs::stored);
    const ref::Axes axes = ref::axes_of(context.op(), 1, shape.rank());
    // Without axes ReduceMean reduces everything, or nothing (noop_with_empty_axes). Both are rare, so other kernels
    // do them.
    if (!axes.is_given || axes.places.empty()) return {};
    const std::size_t first = shape.rank() - axes.places.size();
    // Sorted axes are the last ones when they count up to the rank; then rows lie together in memory.
    for (std::size_t i = 0; i < axes.places.size(); ++i) {
        if (axes.places[i] != first + i) return {};
    }
    Rows rows{1, 1};
    for (std::size_t d = 0; d < shape.rank(); ++d) (d < first ? rows.rows : rows.columns) *= shape[d];
    return rows;
}

memory::desc matrix(std::int64_t rows, std::int64_t columns) {
    return row_major({rows, columns}, memory::data_type::f32);
}

dnnl::reduction::primitive_desc describe_mean(const Rows& rows) {
    return {cpu_engine(),
            dnnl::algorithm::reduction_mean,
            matrix(rows.rows, rows.columns),
            matrix(rows.rows, 1),
            0.0F,
            0.0F,
            plain_attributes()};
}

class ReduceMeanOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        const Rows rows = reduced_rows(request);
        if (rows.columns == 0 || rows.rows == 0) return Support::no("the mean is not over the last dimensions");
        return attempt("this mean", [&] { return describe_mean(rows); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const Rows rows = reduced_rows(request);
            const auto descriptor = describe_mean(rows);
            // Kept dimensions of 1 do not change the memory, so keepdims plays no part here.
            StepParts parts{.inputs = {{Layout(request.inputs[0].type), DNNL_ARG_SRC, matrix(rows.rows, rows.columns)}},
                            .outputs = {{Layout(request.outputs[0].type), DNNL_ARG_DST, matrix(rows.rows, 1)}},
                            .constants = {}};
            return std::make_unique<Step>(dnnl::reduction(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& reduce_mean_op() {
    static const ReduceMeanOp op;
    return op;
}

}  // namespace halftone::onednn
