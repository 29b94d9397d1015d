// oneDNN has no operator for it; a pool whose window is the image means the same, and stays channels-last.
// Source: ONNX operator GlobalAveragePool, opset 1. fp32; one window as large as the image.
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/window.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

constexpr dnnl::algorithm kAlgorithm = dnnl::algorithm::pooling_avg_exclude_padding;

PoolWindow whole_image(const KernelRequest& request) {
    const std::vector<std::int64_t>& dims = request.inputs[0].type.shape.dims();
    const dnnl::memory::dims kernel(dims.begin() + 2, dims.end());
    const dnnl::memory::dims zeros(kernel.size(), 0);
    return {.kernel = kernel,
            .strides = dnnl::memory::dims(kernel.size(), 1),
            .dilations = zeros,
            .pads_begin = zeros,
            .pads_end = zeros};
}

class GlobalAveragePoolOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        const std::size_t rank = request.inputs[0].type.shape.rank();
        if (rank < 3 || rank > 5) return Support::no("1 to 3 spatial dimensions");
        return supports_pool(request, kAlgorithm, whole_image(request));
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_pool(request, kAlgorithm, whole_image(request));
    }
};

}  // namespace

const FastOp& global_average_pool_op() {
    static const GlobalAveragePoolOp op;
    return op;
}

}  // namespace halftone::onednn
