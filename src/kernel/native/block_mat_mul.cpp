// Rows by a constant matrix that is stored as codes by blocks: what exec/passes makes of DequantizeLinear, MatMul and
// Add. The codes are packed once, when the step is built; lib/block_panels has the product.
// Source: ONNX operators DequantizeLinear, opset 21, and MatMul, opset 13.
#include "kernel/native/lib/block_panels.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

// Numbers of the operator's inputs, as in kernel/ref/block_mat_mul.cpp.
constexpr std::size_t kBlockCodes = 1;
constexpr std::size_t kBlockScale = 2;
constexpr std::size_t kBlockZero = 3;
constexpr std::size_t kBlockBias = 4;

bool is_in_bf16(const KernelRequest& request) { return int_attribute(*request.node, "bf16", 0) != 0; }

Tensor block_constant(const KernelRequest& request, std::size_t input) {
    return input < request.constants.size() ? request.constants[input] : Tensor();
}

std::size_t bytes_of_blocks(const BlockPanels& matrix) {
    return matrix.codes.size() + (matrix.scale.size() + matrix.zero.size() + matrix.bias.size()) * sizeof(float);
}

/// The packed matrix, which all sessions of a process share.
std::shared_ptr<const BlockPanels> shared_blocks(const KernelRequest& request, const BuildContext& context) {
    const std::int64_t size = int_attribute(*request.node, "block_size", 0);
    const std::vector<Tensor> sources{request.constants[kBlockCodes], request.constants[kBlockScale],
                                      block_constant(request, kBlockZero), block_constant(request, kBlockBias)};
    return shared_pack(
        context.weights, sources, "blocks of " + std::to_string(size),
        [&] { return pack_blocks(sources[0], sources[1], sources[2], sources[3], size); }, bytes_of_blocks);
}

class BlockProductStep final : public Primitive {
public:
    BlockProductStep(const KernelRequest& request, const BuildContext& context)
        : input_(request.inputs[0].type),
          output_(request.outputs[0].type),
          packed_(shared_blocks(request, context)),
          matrix_(*packed_),
          is_own_(context.weights == nullptr),
          rows_(request.outputs[0].type.shape.elements() / matrix_.columns),
          is_bf16_(is_in_bf16(request)) {}

    [[nodiscard]] const Layout& input_layout(std::size_t /*i*/) const override { return input_; }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        const std::string name = "int" + std::to_string(matrix_.bits) + "_blocks:";
        return name + (is_bf16_ ? "avx512_bf16" : product_instructions());
    }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return is_bf16_ ? bf16_scratch_bytes(matrix_, rows_) : 0;
    }
    [[nodiscard]] std::size_t weight_bytes() const override { return is_own_ ? bytes_of_blocks(matrix_) : 0; }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        const auto* x = reinterpret_cast<const float*>(inputs[0]);
        auto* y = reinterpret_cast<float*>(outputs[0]);
        if (is_bf16_) return multiply_blocks_bf16(matrix_, x, rows_, y, scratch);
        multiply_blocks(matrix_, x, rows_, y);
    }

private:
    Layout input_, output_;
    std::shared_ptr<const BlockPanels> packed_;
    const BlockPanels& matrix_;  ///< *packed_
    bool is_own_;                ///< it lies in no cache
    std::int64_t rows_;
    bool is_bf16_;
};

class BlockMatMulOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.is_fused() || request.outputs[0].params) return Support::no("the operator fuses nothing");
        const bool has_matrix = request.inputs.size() == 1 && !request.inputs[0].params &&
                                !block_constant(request, kBlockCodes).is_empty() &&
                                !block_constant(request, kBlockScale).is_empty();
        if (!has_matrix) return Support::no("only fp32 rows by a constant matrix");
        if (is_in_bf16(request) && !has_bf16()) return Support::no("bf16 needs AVX-512 BF16");
        if (request.outputs[0].type.shape.elements() == 0 || request.inputs[0].type.shape.elements() == 0)
            return Support::no("the product is empty");
        return Support::yes();
    }

    // The rule is to see codes as they are stored: the operator's scales are inputs of its own.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return std::make_unique<BlockProductStep>(request, context);
    }
};

}  // namespace

const FastOp& block_mat_mul_op() {
    static const BlockMatMulOp op;
    return op;
}

}  // namespace halftone::native
