// The mean of a window over channels-last images. oneDNN counts padding in one of two ways, as the node asks.
// Source: ONNX operator AveragePool, opset 19. fp32.
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/window.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

bool counts_padding(const KernelRequest& request) { return int_attribute(*request.node, "count_include_pad", 0) != 0; }

/// oneDNN has the two ways of counting as two algorithms.
dnnl::algorithm algorithm_of(const KernelRequest& request) {
    return counts_padding(request) ? dnnl::algorithm::pooling_avg_include_padding
                                   : dnnl::algorithm::pooling_avg_exclude_padding;
}

class AveragePoolOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        const PoolWindow window = pool_window_of(request);
        // oneDNN would count what lies beyond the declared padding, ONNX does not.
        if (window.passes_padding && counts_padding(request)) {
            return Support::no("ceil_mode with count_include_pad and windows beyond the padding");
        }
        return supports_pool(request, algorithm_of(request), window);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_pool(request, algorithm_of(request), pool_window_of(request));
    }
};

}  // namespace

const FastOp& average_pool_op() {
    static const AveragePoolOp op;
    return op;
}

}  // namespace halftone::onednn
