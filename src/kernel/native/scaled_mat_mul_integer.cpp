// A product of codes whose input was quantized at run time, by a constant matrix. With AVX-512 and VNNI the real values
// are made while the sums are in the first-level cache, which oneDNN's product leaves to a second pass. With AVX2
// oneDNN would take two products for codes of more than 6 bits (dnnl/scaled_mat_mul_integer.cpp). lib/code_panels has
// the sums, codes::ScaledProduct the zero points, scales and bias.
#include "kernel/codes/scaled_product.hpp"
#include "kernel/native/lib/code_panels.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::native {
namespace {

/// The packed matrix, which all sessions of a process share: it depends on the file's codes and on the machine alone.
std::shared_ptr<const CodePanels> shared_panels(const KernelRequest& request, const BuildContext& context,
                                                const codes::ScaledProduct& product) {
    const std::int64_t depth = has_avx512_vnni() ? kVnniDepth : kAvx2Depth;
    return shared_pack(
        context.weights, {request.constants[codes::kProductMatrix]}, "code panels of " + std::to_string(depth),
        [&] { return pack_code_panels(product.matrix(), depth); },
        [](const CodePanels& panels) { return panels.codes.size(); });
}

class CodesProductStep final : public Primitive {
public:
    CodesProductStep(const KernelRequest& request, const BuildContext& context)
        : product_(request),
          panels_(shared_panels(request, context, product_)),
          is_own_(context.weights == nullptr),
          output_(request.outputs[0].type) {
        product_.forget_matrix();
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return panels_->depth == kVnniDepth ? "run_time_codes:native:avx512_vnni" : "run_time_codes:native:avx2";
    }
    [[nodiscard]] std::size_t weight_bytes() const override { return is_own_ ? panels_->codes.size() : 0; }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return bytes_of_code_sums() + staged_bytes(*panels_, rows());
    }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        multiply_codes({.matrix = panels_.get(),
                        .codes = reinterpret_cast<const std::uint8_t*>(inputs[0]),
                        .rows = rows(),
                        .run = product_.values_of_run(inputs),
                        .staged = scratch + bytes_of_code_sums(),
                        .code_sums = reinterpret_cast<std::uint32_t*>(scratch),
                        .y = reinterpret_cast<float*>(outputs[0])});
    }

private:
    [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(product_.rows()); }
    [[nodiscard]] std::size_t bytes_of_code_sums() const { return product_.rows() * sizeof(std::uint32_t); }

    codes::ScaledProduct product_;
    std::shared_ptr<const CodePanels> panels_;
    bool is_own_;  ///< the panels lie in no cache
    Layout output_;
    std::vector<Layout> inputs_;
};

class ScaledMatMulIntegerOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const Support form = codes::accepts_scaled_product(request);
        if (!form.is_supported || has_avx512_vnni()) return form;
        if (has_exact_int8()) return Support::no("oneDNN's product is exact on this machine");
        if (!has_avx2()) return Support::no("the machine has no AVX2");
        const Tensor& matrix = request.constants[codes::kProductMatrix];
        if (matrix.dtype() == DType::s8 && pairs_fit_16_bits(matrix))
            return Support::no("oneDNN's product is exact for codes of 6 bits, and faster");
        return Support::yes();
    }

    // The rule is to see codes as they are stored: the operator's scales are inputs of its own.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return std::make_unique<CodesProductStep>(request, context);
    }
};

}  // namespace

const FastOp& scaled_mat_mul_integer_op() {
    static const ScaledMatMulIntegerOp op;
    return op;
}

}  // namespace halftone::native
