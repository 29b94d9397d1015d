// Upsampling of segmentation networks and vocoders. Source: ONNX operator ConvTranspose, opset 11.
// The loops are in lib/transposed; here is what they take.
#include "kernel/native/lib/transposed.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

ref::TransposedWindow window_of_transposed(const KernelRequest& request) {
    const ref::RequestContext context(request, ref::SeenAs::stored);
    return ref::transposed_window(context.op());
}

class ConvTransposeStep final : public Primitive {
public:
    explicit ConvTransposeStep(const KernelRequest& request)
        : input_(channels_last_layout(request.inputs[0].type)),
          output_(channels_last_layout(request.outputs[0].type)),
          packed_(pack_transposed(window_of_transposed(request), request.inputs[0].type.shape[0], request.constants[1],
                                  request.constants.size() > 2 ? request.constants[2] : Tensor(),
                                  row_epilogue(request.epilogue))) {}

    [[nodiscard]] const Layout& input_layout(std::size_t /*i*/) const override { return input_; }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return std::string("native_transposed:") + product_instructions();
    }
    /// The products of one block of rows; none for depthwise steps.
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return static_cast<std::size_t>(packed_.scratch()) * sizeof(float);
    }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        run_transposed(packed_, reinterpret_cast<const float*>(inputs[0]), reinterpret_cast<float*>(outputs[0]),
                       reinterpret_cast<float*>(scratch));
    }

private:
    Layout input_, output_;
    Transposed packed_;
};

class ConvTransposeOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const auto is_constant = [&](std::size_t i) {
            return i < request.constants.size() && !request.constants[i].is_empty();
        };
        if (request.inputs.size() != 1 || is_constant(0) || !is_constant(1))
            return Support::no("the weights are not constant, or the input is");
        if (request.epilogue.has_residual) return Support::no("own kernels fuse an activation and a clamp only");
        // Functions that are missing here stay steps of their own (exec/group_former asks again without).
        if (!has_row_function(request.epilogue.activation))
            return Support::no("own kernels do not have the activation " + request.epilogue.activation->op);
        if (request.inputs[0].params || request.outputs[0].params) return Support::no("fp32 only");
        if (request.inputs[0].type.shape.rank() > 4) return Support::no("own kernels have one or two dimensions");
        if (request.outputs[0].type.shape.elements() == 0) return Support::no("the output is empty");
        return Support::yes();
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return std::make_unique<ConvTransposeStep>(request);
    }
};

}  // namespace

const FastOp& conv_transpose_op() {
    static const ConvTransposeOp op;
    return op;
}

}  // namespace halftone::native
