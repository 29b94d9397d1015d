// Source: ONNX operator MatMul, opset 13. By a constant [K, N]: one oneDNN matmul over all rows, with bias, residual
// and activation, fp32 or int8. Of two tensors: batched, fp32, or codes times codes.
#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/implementation.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/product.hpp"
#include "kernel/dnnl/lib/widened.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

// ---- by a constant ----------------------------------------------------------------------------------------------

std::int64_t columns_of(const KernelRequest& request) { return request.weight.values.shape()[1]; }

// Leading dimensions of the input are rows of one large matrix, so one packing of the weights and one call serve them
// all (lib/product).
Product mat_mul_product(const KernelRequest& request) {
    Product product{.request = request, .columns = columns_of(request), .weights = request.weight.values, .bias = {}};
    if (!request.bias.is_empty()) {
        product.bias.assign(request.bias.as<float>().begin(), request.bias.as<float>().end());
    }
    return product;
}

Support check_weighted(const KernelRequest& request) {
    if (request.weight.values.shape().rank() != 2) return Support::no("the weights are not a matrix");
    if (request.inputs[0].type.shape.rank() < 2) return Support::no("the input is not a matrix");
    if (request.outputs[0].type.shape.elements() == 0) return Support::no("the output is empty");
    if (!request.bias.is_empty() && request.bias.elements() != columns_of(request)) {
        return Support::no("the bias does not have one value for each column");
    }
    return check_fused(request, columns_of(request), 1);
}

// ---- of two tensors ---------------------------------------------------------------------------------------------

/// Row-major, with leading dimensions of 1 up to `rank`, as oneDNN wants operands of one rank.
memory::desc stacked(const TensorType& type, std::size_t rank, memory::data_type element) {
    memory::dims dims = type.shape.dims();
    dims.insert(dims.begin(), rank - dims.size(), 1);
    return row_major(dims, element);
}

bool is_u8(const OperandEncoding& port) { return port.type.dtype == DType::u8; }

/// oneDNN takes int8 on the right only: uint8 codes are read as code - 128, with the zero point moved likewise.
constexpr std::int32_t kShift = 128;

Fusion fuse_pair(const KernelRequest& request) {
    Fusion fusion{plain_attributes(), {}};
    add_post_ops(fusion, request);
    if (!request.is_quantized()) return fusion;
    const QuantParams& left = *request.inputs[0].params;
    const QuantParams& right = *request.inputs[1].params;
    add_scales(fusion, DNNL_ARG_SRC, 0, left.scale);
    add_scales(fusion, DNNL_ARG_WEIGHTS, 0, right.scale);
    add_zero_point(fusion, DNNL_ARG_SRC, left.zero_point[0]);
    // The shift moves code and zero point alike, so code - zero point, and with it the product, stays the same.
    add_zero_point(fusion, DNNL_ARG_WEIGHTS, right.zero_point[0] - (is_u8(request.inputs[1]) ? kShift : 0));
    add_output_params(fusion, request);
    return fusion;
}

struct PairDescs {
    memory::desc left;
    memory::desc right;
    memory::desc output;
};

PairDescs pair_descs(const KernelRequest& request) {
    const std::size_t rank = request.outputs[0].type.shape.rank();
    const auto element = [](const OperandEncoding& port) { return to_dnnl(port.type.dtype); };
    const memory::data_type right = request.is_quantized() ? memory::data_type::s8 : memory::data_type::f32;
    return {stacked(request.inputs[0].type, rank, element(request.inputs[0])),
            stacked(request.inputs[1].type, rank, right),
            stacked(request.outputs[0].type, rank, element(request.outputs[0]))};
}

dnnl::matmul::primitive_desc describe_pair(const KernelRequest& request, const Fusion& fusion) {
    const PairDescs descs = pair_descs(request);
    return {cpu_engine(), descs.left, descs.right, descs.output, fusion.attributes};
}

/// A product of two data tensors, such as the scores of attention. Neither side is packed, because both change in every
/// run.
Support check_pair(const KernelRequest& request) {
    if (request.inputs.size() != 2) return Support::no("two data inputs are needed");
    const OperandEncoding& left = request.inputs[0];
    const OperandEncoding& right = request.inputs[1];
    const OperandEncoding& output = request.outputs[0];
    if (left.type.shape.rank() < 2 || right.type.shape.rank() < 2) return Support::no("an operand is no matrix");
    if (output.type.shape.elements() == 0) return Support::no("the output is empty");
    if (request.is_fused()) return Support::no("nothing is fused with a product of two tensors");
    if (output.params && !output.params->is_per_tensor()) return Support::no("the output has several scales");
    if (!request.is_quantized()) {
        const bool is_real = !right.params && !output.params && left.type.dtype == DType::f32;
        return is_real && right.type.dtype == DType::f32 ? Support::yes()
                                                         : Support::no("the operands are not both fp32");
    }
    if (!is_codes(left) || !is_codes(right)) return Support::no("both operands are codes, per tensor");
    return Support::yes();
}

/// The right operand's uint8 codes, moved to int8 in scratch memory before the product.
class ShiftedProduct final : public Primitive {
public:
    ShiftedProduct(std::unique_ptr<Primitive> product, const TensorType& right)
        : product_(std::move(product)), right_(right) {}

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override {
        return i == 1 ? right_ : product_->input_layout(i);
    }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return product_->output_layout(i); }
    [[nodiscard]] std::size_t scratch_bytes() const override { return shifted_bytes() + product_->scratch_bytes(); }
    [[nodiscard]] std::string implementation() const override { return product_->implementation(); }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        // code ^ 0x80, read as signed, is code - 128: a flip of the upper bit, without arithmetic or overflow.
        const std::size_t bytes = right_.bytes();
        for (std::size_t i = 0; i < bytes; ++i) scratch[i] = inputs[1][i] ^ std::byte{0x80};
        const std::array<const std::byte*, 2> operands{inputs[0], scratch};
        product_->execute(operands, outputs, scratch + shifted_bytes());
    }

private:
    // Rounded up to a cache line, so that the product's own scratch memory behind it is aligned.
    [[nodiscard]] std::size_t shifted_bytes() const { return (right_.bytes() + 63) / 64 * 64; }

    std::unique_ptr<Primitive> product_;
    Layout right_;
};

std::unique_ptr<Primitive> build_pair(const KernelRequest& request) {
    const Fusion fusion = fuse_pair(request);
    const auto descriptor = chosen([&] { return describe_pair(request, fusion); }, request, request.implementation);
    const PairDescs descs = pair_descs(request);
    StepParts parts{.inputs = {{Layout(request.inputs[0].type), DNNL_ARG_SRC, descs.left},
                               {Layout(request.inputs[1].type), DNNL_ARG_WEIGHTS, descs.right}},
                    .outputs = {{Layout(request.outputs[0].type), DNNL_ARG_DST, descs.output}},
                    .constants = fusion.arguments};
    auto product = std::make_unique<Step>(dnnl::matmul(descriptor), descriptor, std::move(parts));
    // fp32 and signed operands go to oneDNN as they are.
    if (!request.is_quantized() || !is_u8(request.inputs[1])) return product;
    return std::make_unique<ShiftedProduct>(std::move(product), request.inputs[1].type);
}

class MatMulOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const Support support = request.weight.values.is_empty() ? check_pair(request) : check_weighted(request);
        if (!support.is_supported) return support;
        return as_computed(request, [](const KernelRequest& real) {
            if (!real.weight.values.is_empty()) return check_product(mat_mul_product(real));
            return attempt("this matrix product", [&] { return describe_pair(real, fuse_pair(real)); });
        });
    }

    bool loses_nan(const KernelRequest& request) const override { return epilogue_loses_nan(request); }

    std::vector<std::string> implementations(const KernelRequest& request) const override {
        return as_computed(request, [](const KernelRequest& real) {
            if (!real.weight.values.is_empty()) return product_implementations(mat_mul_product(real));
            return names_of(describe_pair(real, fuse_pair(real)), real);
        });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const auto build_here = [&](const KernelRequest& real) {
                return real.weight.values.is_empty() ? build_pair(real) : build_product(mat_mul_product(real), context);
            };
            // Without VNNI oneDNN's int8 products may saturate; then the codes are multiplied as fp32, which is exact
            // (lib/widened).
            if (!needs_widening(request)) return build_here(request);
            const Shape& shape = request.outputs[0].type.shape;
            return build_widened(request, shape[shape.rank() - 1], build_here);
        });
    }
};

}  // namespace

const FastOp& mat_mul_op() {
    static const MatMulOp op;
    return op;
}

}  // namespace halftone::onednn
