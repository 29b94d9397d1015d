// A product of codes whose input was quantized at run time, by a constant matrix, in real values: what exec/passes
// makes of MatMulInteger, Cast, Mul and Add.
//
//   Weights           the matrix as int8 with zero points, and the sums of its columns
//   IntegerProduct    oneDNN multiplies u8 by s8 to int32; then zero points, scales and bias row by row
//   scale_rows        that second part, compiled for AVX2 too; its roundings are those of the nodes, bit for bit
//
// Without VNNI, oneDNN adds two neighbouring products in 16 bits and saturates. There a code w is split as
// 2 * floor(w / 2) + (w mod 2), and two products whose sums fit are taken: 2 * 255 * 64 < 2^15.
#include <algorithm>
#include <cstring>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
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

// Numbers of the operator's inputs, as in kernel/ref/scaled_mat_mul_integer.cpp.
constexpr std::size_t kMatrix = 1;
constexpr std::size_t kMatrixScale = 3;
constexpr std::size_t kMatrixZero = 5;
constexpr std::size_t kRow = 6;
constexpr std::size_t kRunTimeInputs = 3;  ///< the codes, their scale, their zero point

bool is_given(const KernelRequest& request, std::size_t input) {
    return input < request.constants.size() && !request.constants[input].is_empty();
}

/// One value for each column, also where the file has one for all.
std::vector<float> row_of(const Tensor& tensor, std::size_t columns) {
    const auto values = tensor.as<float>();
    std::vector<float> row(columns, values[0]);
    if (values.size() == columns) std::copy(values.begin(), values.end(), row.begin());
    return row;
}

std::int32_t code_at(const Tensor& codes, std::size_t i) {
    return codes.dtype() == DType::u8 ? codes.as<std::uint8_t>()[i] : codes.as<std::int8_t>()[i];
}

/// The constant matrix [inner, columns] as int8.
struct Weights {
    std::size_t inner = 0, columns = 0;
    Tensor codes;
    std::vector<std::uint32_t> zero_points;  ///< by column, as two's complement; empty if all are 0
    std::vector<std::uint32_t> column_sums;  ///< of codes minus zero point

    explicit Weights(const KernelRequest& request) : codes(request.constants[kMatrix]) {
        inner = static_cast<std::size_t>(codes.shape()[0]);
        columns = static_cast<std::size_t>(codes.shape()[1]);
        // oneDNN's weights are signed: unsigned ones move by 128, and so do their zero points.
        const std::int32_t shift = codes.dtype() == DType::u8 ? 128 : 0;
        std::vector<std::int32_t> zeros(columns, -shift);
        if (is_given(request, kMatrixZero)) {
            const Tensor& given = request.constants[kMatrixZero];
            for (std::size_t n = 0; n < columns; ++n) zeros[n] += code_at(given, given.elements() == 1 ? 0 : n);
        }
        if (shift != 0) {
            Tensor moved(TensorType{DType::s8, codes.shape()});
            const auto to = moved.mutable_view().as<std::int8_t>();
            for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::int8_t>(code_at(codes, i) - shift);
            codes = std::move(moved);
        }
        const auto values = codes.as<std::int8_t>();
        column_sums.assign(columns, 0);
        for (std::size_t i = 0; i < values.size(); ++i) {
            column_sums[i % columns] += static_cast<std::uint32_t>(values[i] - zeros[i % columns]);
        }
        if (std::all_of(zeros.begin(), zeros.end(), [](std::int32_t zero) { return zero == 0; })) return;
        for (const std::int32_t zero : zeros) zero_points.push_back(static_cast<std::uint32_t>(zero));
    }

    /// Half of each code, rounded down, or what is left of it.
    [[nodiscard]] Tensor part(bool is_half) const {
        Tensor result(codes.type());
        const auto from = codes.as<std::int8_t>();
        const auto to = result.mutable_view().as<std::int8_t>();
        for (std::size_t i = 0; i < to.size(); ++i) {
            const int half = from[i] >> 1;
            to[i] = static_cast<std::int8_t>(is_half ? half : from[i] - 2 * half);
        }
        return result;
    }
};

/// What one run does to the sums of all rows.
struct Scaling {
    std::size_t columns = 0;
    const std::int32_t* sums = nullptr;
    const std::int32_t* rest = nullptr;     ///< the second product, where the codes were split; else null
    const std::uint32_t* offset = nullptr;  ///< by column: the input's zero point times the sum of the column
    const std::uint32_t* zero = nullptr;    ///< by column; null if all are 0
    const float* scale = nullptr;           ///< by column, with the input's scale in it
    const float* bias = nullptr;            ///< by column
};

/// float(sum - offset - zero * codes) * scale + bias. Integers are unsigned, because sums wrap as in MatMulInteger.
HALFTONE_INLINE void scale_row(const Scaling& s, std::size_t row, std::uint32_t codes, float* y) {
    const std::int32_t* sums = s.sums + row * s.columns;
    const std::int32_t* rest = s.rest == nullptr ? nullptr : s.rest + row * s.columns;
    for (std::size_t n = 0; n < s.columns; ++n) {
        auto sum = static_cast<std::uint32_t>(sums[n]);
        if (rest != nullptr) sum = 2 * sum + static_cast<std::uint32_t>(rest[n]);
        sum -= s.offset[n];
        if (s.zero != nullptr) sum -= s.zero[n] * codes;
        y[n] = static_cast<float>(static_cast<std::int32_t>(sum)) * s.scale[n] + s.bias[n];
    }
}

void scale_row_anywhere(const Scaling& s, std::size_t row, std::uint32_t codes, float* y) {
    scale_row(s, row, codes, y);
}
#ifdef __x86_64__
HALFTONE_AVX2 void scale_row_avx2(const Scaling& s, std::size_t row, std::uint32_t codes, float* y) {
    scale_row(s, row, codes, y);
}
#endif

using ScaleRow = void (*)(const Scaling&, std::size_t, std::uint32_t, float*);
ScaleRow find_scale_row() {
#ifdef __x86_64__
    if (has_avx2()) return scale_row_avx2;
#endif
    return scale_row_anywhere;
}

dnnl::matmul::primitive_desc describe_sums(std::int64_t rows, std::int64_t inner, std::int64_t columns) {
    return {cpu_engine(), row_major({rows, inner}, memory::data_type::u8),
            memory::desc({inner, columns}, memory::data_type::s8, memory::format_tag::any),
            row_major({rows, columns}, memory::data_type::s32), plain_attributes()};
}

dnnl::matmul::primitive_desc describe_sums(const KernelRequest& request) {
    const Shape& matrix = request.constants[kMatrix].shape();
    return describe_sums(request.inputs[0].type.shape.elements() / matrix[0], matrix[0], matrix[1]);
}

std::size_t in_cache_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

class IntegerProduct final : public Primitive {
public:
    IntegerProduct(const KernelRequest& request, const BuildContext& context)
        : weights_(request),
          descriptor_(describe_sums(request)),
          primitive_(descriptor_),
          stream_(cpu_engine()),
          scale_(row_of(request.constants[kMatrixScale], weights_.columns)),
          // -0.0 is the number that changes nothing when it is added, also not a -0.0.
          bias_(is_given(request, kRow) ? row_of(request.constants[kRow], weights_.columns)
                                        : std::vector<float>(weights_.columns, -0.0F)),
          run_scale_(weights_.columns),
          run_offset_(weights_.columns),
          scale_row_(find_scale_row()),
          output_(request.outputs[0].type) {
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
        rows_ = static_cast<std::size_t>(request.inputs[0].type.shape.elements()) / weights_.inner;
        is_split_ = !has_exact_int8() && !pairs_fit_16_bits(weights_.codes);
        const memory::desc given = row_major(weights_.codes.type());
        const auto packed = [&](const Tensor& codes) {
            return pack(context.weights, codes, given, descriptor_.weights_desc());
        };
        if (!is_split_) packed_.push_back(packed(weights_.codes));
        for (const bool is_half : {true, false}) {
            if (is_split_) packed_.push_back(packed(weights_.part(is_half)));
        }
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return std::string("run_time_codes:") + descriptor_.impl_info_str() + (is_split_ ? ":split" : "");
    }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return own_scratch() + packed_.size() * in_cache_lines(rows_ * weights_.columns * sizeof(std::int32_t));
    }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        float scale = 0;
        std::memcpy(&scale, inputs[1], sizeof scale);
        const auto zero = static_cast<std::uint32_t>(inputs[2][0]);
        for (std::size_t n = 0; n < weights_.columns; ++n) {
            run_scale_[n] = scale * scale_[n];
            run_offset_[n] = zero * weights_.column_sums[n];
        }
        Scaling scaling{.columns = weights_.columns,
                        .sums = multiply(inputs[0], 0, scratch),
                        .rest = is_split_ ? multiply(inputs[0], 1, scratch) : nullptr,
                        .offset = run_offset_.data(),
                        .zero = weights_.zero_points.empty() ? nullptr : weights_.zero_points.data(),
                        .scale = run_scale_.data(),
                        .bias = bias_.data()};
        scale_rows(scaling, reinterpret_cast<const std::uint8_t*>(inputs[0]), reinterpret_cast<float*>(outputs[0]));
    }

private:
    [[nodiscard]] std::size_t own_scratch() const { return in_cache_lines(descriptor_.scratchpad_desc().get_size()); }

    /// The product by one part of the weights, in its part of the scratch memory.
    const std::int32_t* multiply(const std::byte* codes, std::size_t part, std::byte* scratch) {
        std::byte* sums =
            scratch + own_scratch() + part * in_cache_lines(rows_ * weights_.columns * sizeof(std::int32_t));
        checked("a product of codes", [&] {
            const auto bind = [](const memory::desc& desc, const std::byte* bytes) {
                return memory(desc, cpu_engine(), const_cast<std::byte*>(bytes));  // oneDNN's handles are not const
            };
            primitive_.execute(stream_, {{DNNL_ARG_SRC, bind(descriptor_.src_desc(), codes)},
                                         {DNNL_ARG_WEIGHTS, packed_[part]},
                                         {DNNL_ARG_DST, bind(descriptor_.dst_desc(), sums)},
                                         {DNNL_ARG_SCRATCHPAD, bind(descriptor_.scratchpad_desc(), scratch)}});
            stream_.wait();
        });
        return reinterpret_cast<const std::int32_t*>(sums);
    }

    void scale_rows(const Scaling& scaling, const std::uint8_t* codes, float* y) const {
        codes::in_rows(rows_, weights_.columns, [&](std::size_t first, std::size_t last) {
            for (std::size_t row = first; row < last; ++row) {
                // Only weights with zero points need the sum of the row's codes. It holds the input's zero point
                // already, because the column sums of the offset are those of codes minus zero point.
                std::uint32_t sum = 0;
                if (scaling.zero != nullptr) {
                    for (std::size_t k = 0; k < weights_.inner; ++k) sum += codes[row * weights_.inner + k];
                }
                scale_row_(scaling, row, sum, y + row * weights_.columns);
            }
        });
    }

    Weights weights_;
    dnnl::matmul::primitive_desc descriptor_;
    dnnl::matmul primitive_;
    dnnl::stream stream_;
    std::vector<memory> packed_;  ///< one, or two where codes are split
    bool is_split_ = false;
    std::size_t rows_ = 0;
    std::vector<float> scale_, bias_;  ///< by column
    std::vector<float> run_scale_;     ///< of one run
    std::vector<std::uint32_t> run_offset_;
    ScaleRow scale_row_;
    Layout output_;
    std::vector<Layout> inputs_;
};

class ScaledMatMulIntegerOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.is_fused() || request.outputs[0].params) return Support::no("the operator fuses nothing");
        const bool has_run_time_codes =
            request.inputs.size() == kRunTimeInputs && !is_given(request, 0) && is_given(request, kMatrix) &&
            is_given(request, kMatrixScale) && request.inputs[0].type.dtype == DType::u8 &&
            request.inputs[1].type.dtype == DType::f32 && request.inputs[2].type.dtype == DType::u8;
        if (!has_run_time_codes) return Support::no("only uint8 codes of run time by a constant matrix");
        if (request.outputs[0].type.shape.elements() == 0 || request.inputs[0].type.shape.elements() == 0)
            return Support::no("the product is empty");
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
