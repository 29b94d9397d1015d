// BatchNormalization that no convolution in front can take (DenseNet's, behind a Concat), with the Relu behind it.
// oneDNN's takes 5 times as long with AVX2 and channels-last. Source: ONNX operator BatchNormalization, opset 15,
// inference.
#include <cmath>

#include "kernel/native/lib/channel_affine.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

class BatchNormalizationOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        // As oneDNN's: the same steps are fused, whichever of the two runs them.
        KernelRequest alone = request;
        if (request.epilogue.clamp == Clamp{.low = 0.0F}) alone.epilogue.clamp = {};
        if (alone.is_fused()) return Support::no("normalizations fuse a Relu only");
        if (request.inputs.size() != 1 || request.inputs[0].params || request.outputs[0].params)
            return Support::no("fp32 only");
        if (int_attribute(*request.node, "training_mode", 0) != 0) return Support::no("training_mode is not supported");
        const TensorType& type = request.inputs[0].type;
        if (type.dtype != DType::f32 || type.shape.elements() == 0) return Support::no("fp32 only");
        if (request.constants.size() != 5) return Support::no("the statistics are not constant");
        for (std::size_t i = 1; i < 5; ++i) {
            const Tensor& constant = request.constants[i];
            if (constant.is_empty() || constant.dtype() != DType::f32 || constant.elements() != type.shape[1])
                return Support::no("the statistics are not one fp32 number for each channel");
        }
        return Support::yes();
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const TensorType& type = request.inputs[0].type;
        // In whichever of the two layouts the input lies; a matrix has its channels innermost in either.
        const bool is_plain = type.shape.rank() < 3 || (!context.available.empty() && context.available[0].is_plain());
        const Layout layout = is_plain ? Layout(type) : channels_last_layout(type);
        ChannelAffine affine{.means = {}, .factors = {}, .shifts = {}, .clamp = request.epilogue.clamp};
        const double epsilon = float_attribute(*request.node, "epsilon", 1e-5F);
        const std::int64_t channels = type.shape[1];
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
            // ONNX's inputs 1 to 4 are scale, B, mean and variance, in this order.
            const auto value = [&](std::size_t input) { return request.constants[input].as<float>()[c]; };
            affine.means.push_back(value(3));
            affine.factors.push_back(static_cast<float>(double{value(1)} / std::sqrt(double{value(4)} + epsilon)));
            affine.shifts.push_back(value(2));
        }
        std::int64_t plane = 1;
        for (std::size_t d = 2; d < type.shape.rank(); ++d) plane *= type.shape[d];
        // One channel or one pixel: both layouts are the same memory, and planes are right for it.
        affine.plane = layout.is_plain() && type.shape.rank() > 2 ? plane : 0;
        affine.rows = type.shape[0] * (affine.plane == 0 ? plane : channels);
        const auto body = [affine](auto inputs, auto outputs) {
            run_channel_affine(affine, reinterpret_cast<const float*>(inputs[0]), reinterpret_cast<float*>(outputs[0]));
        };
        return std::make_unique<LoopStep>("native_batch_normalization", std::vector{layout}, layout, body, 0);
    }
};

}  // namespace

const FastOp& batch_normalization_op() {
    static const BatchNormalizationOp op;
    return op;
}

}  // namespace halftone::native
