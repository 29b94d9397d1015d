// A product of codes whose input was quantized at run time, by a constant matrix, in real values: what exec/passes
// makes of MatMulInteger, Cast, Mul and Add. oneDNN multiplies u8 by s8 to int32; codes::ScaledProduct does the rest.
//
// Without VNNI, oneDNN adds two neighbouring products in 16 bits and saturates. There a code w is split as
// 2 * floor(w / 2) + (w mod 2), and two products whose sums fit are taken: 2 * 255 * 64 < 2^15. (With AVX2,
// native/scaled_mat_mul_integer.cpp is faster than that and is asked first.)
#include "kernel/codes/scaled_product.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/dnnl/lib/weights.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

/// Half of each code, rounded down, or what is left of it.
Tensor part_of_codes(const Tensor& codes, bool is_half) {
    Tensor result(codes.type());
    const auto from = codes.as<std::int8_t>();
    const auto to = result.mutable_view().as<std::int8_t>();
    for (std::size_t i = 0; i < to.size(); ++i) {
        const int half = from[i] >> 1;
        to[i] = static_cast<std::int8_t>(is_half ? half : from[i] - 2 * half);
    }
    return result;
}

dnnl::matmul::primitive_desc describe_sums(const KernelRequest& request) {
    const std::int64_t inner = request.constants[codes::kProductMatrix].shape()[0];
    const std::int64_t columns = request.constants[codes::kProductMatrix].shape()[1];
    const std::int64_t rows = request.inputs[0].type.shape.elements() / inner;
    return {cpu_engine(), row_major({rows, inner}, memory::data_type::u8),
            memory::desc({inner, columns}, memory::data_type::s8, memory::format_tag::any),
            row_major({rows, columns}, memory::data_type::s32), plain_attributes()};
}

std::size_t in_cache_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

class IntegerProduct final : public Primitive {
public:
    IntegerProduct(const KernelRequest& request, const BuildContext& context)
        : product_(request),
          descriptor_(describe_sums(request)),
          primitive_(descriptor_),
          stream_(cpu_engine()),
          output_(request.outputs[0].type) {
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
        is_split_ = !has_exact_int8() && !pairs_fit_16_bits(product_.matrix());
        const memory::desc given = row_major(product_.matrix().type());
        const auto packed = [&](const Tensor& codes) {
            return pack(context.weights, codes, given, descriptor_.weights_desc());
        };
        if (!is_split_) packed_.push_back(packed(product_.matrix()));
        for (const bool is_half : {true, false}) {
            if (is_split_) packed_.push_back(packed(part_of_codes(product_.matrix(), is_half)));
        }
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return std::string("run_time_codes:") + descriptor_.impl_info_str() + (is_split_ ? ":split" : "");
    }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return own_scratch() + packed_.size() * bytes_of_sums();
    }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        const codes::ScaledProduct::Sums sums{.sums = multiply(inputs[0], 0, scratch),
                                              .rest = is_split_ ? multiply(inputs[0], 1, scratch) : nullptr};
        product_.finish(inputs, sums, reinterpret_cast<float*>(outputs[0]));
    }

private:
    [[nodiscard]] std::size_t own_scratch() const { return in_cache_lines(descriptor_.scratchpad_desc().get_size()); }
    [[nodiscard]] std::size_t bytes_of_sums() const {
        return in_cache_lines(product_.rows() * product_.columns() * sizeof(std::int32_t));
    }

    /// The product by one part of the weights, in its part of the scratch memory.
    const std::int32_t* multiply(const std::byte* codes, std::size_t part, std::byte* scratch) {
        std::byte* sums = scratch + own_scratch() + part * bytes_of_sums();
        checked("a product of codes", [&] {
            const auto bind = [](const memory::desc& desc, const std::byte* bytes) {
                return memory(desc, cpu_engine(), const_cast<std::byte*>(bytes));  // oneDNN's handles are not const
            };
            primitive_.execute(stream_, {{DNNL_ARG_SRC, bind(descriptor_.src_desc(), codes)},
                                         {DNNL_ARG_WEIGHTS, packed_[part]->memory},
                                         {DNNL_ARG_DST, bind(descriptor_.dst_desc(), sums)},
                                         {DNNL_ARG_SCRATCHPAD, bind(descriptor_.scratchpad_desc(), scratch)}});
            stream_.wait();
        });
        return reinterpret_cast<const std::int32_t*>(sums);
    }

    codes::ScaledProduct product_;
    dnnl::matmul::primitive_desc descriptor_;
    dnnl::matmul primitive_;
    dnnl::stream stream_;
    std::vector<SharedWeight> packed_;  ///< one, or two where codes are split
    bool is_split_ = false;
    Layout output_;
    std::vector<Layout> inputs_;
};

class ScaledMatMulIntegerOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const Support form = codes::accepts_scaled_product(request);
        if (!form.is_supported) return form;
        return attempt("this product of codes", [&] { return describe_sums(request); });
    }

    // The rule is to see codes as they are stored: the operator's scales are inputs of its own.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            return std::make_unique<IntegerProduct>(request, context);
        });
    }
};

}  // namespace

const FastOp& scaled_mat_mul_integer_op() {
    static const ScaledMatMulIntegerOp op;
    return op;
}

}  // namespace halftone::onednn
