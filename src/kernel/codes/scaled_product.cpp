// The constant matrix of a product of run-time codes, and what one run does to the integer sums.
//
//   accepts_scaled_product   which requests have this form
//   ScaledProduct            the matrix as int8 with zero points, and the sums of its columns
//   values_of_run            the matrix's values with the input's scale and zero point in them
//   finish                   takes zero points off, multiplies by scales and adds the bias, row by row
//   scale_row                one row of that, compiled for AVX2 too
#include "kernel/codes/scaled_product.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernel/codes/parallel.hpp"
#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::codes {
namespace {

// Numbers of the operator's other inputs, as in kernel/ref/scaled_mat_mul_integer.cpp.
constexpr std::size_t kMatrixScale = 3;
constexpr std::size_t kMatrixZero = 5;
constexpr std::size_t kRow = 6;
constexpr std::size_t kRunTimeInputs = 3;  ///< the codes, their scale, their zero point

bool is_given(const KernelRequest& request, std::size_t input) {
    return input < request.constants.size() && !request.constants[input].is_empty();
}

std::size_t padded(std::size_t columns) { return (columns + 15) / 16 * 16; }

/// One value for each column, also where the file has one for all.
std::vector<float> row_of(const Tensor& tensor, std::size_t columns) {
    const auto values = tensor.as<float>();
    std::vector<float> row(padded(columns), values[0]);
    if (values.size() == columns) std::copy(values.begin(), values.end(), row.begin());
    return row;
}

std::int32_t code_at(const Tensor& codes, std::size_t i) {
    return codes.dtype() == DType::u8 ? codes.as<std::uint8_t>()[i] : codes.as<std::int8_t>()[i];
}

/// A row of sums and where its real values go.
struct RowOfSums {
    std::size_t columns = 0;
    const std::int32_t* sums = nullptr;
    const std::int32_t* rest = nullptr;  ///< may be null
    std::uint32_t codes = 0;             ///< sum of the row's codes
    float* y = nullptr;
};

HALFTONE_INLINE void scale_row(const ScaledProduct::RunValues& run, const RowOfSums& row) {
    for (std::size_t n = 0; n < row.columns; ++n) {
        auto sum = static_cast<std::uint32_t>(row.sums[n]);
        if (row.rest != nullptr) sum = 2 * sum + static_cast<std::uint32_t>(row.rest[n]);
        sum -= run.offset[n];
        if (run.zero != nullptr) sum -= run.zero[n] * row.codes;
        row.y[n] = static_cast<float>(static_cast<std::int32_t>(sum)) * run.scale[n] + run.bias[n];
    }
}

void scale_row_anywhere(const ScaledProduct::RunValues& run, const RowOfSums& row) { scale_row(run, row); }
#ifdef __x86_64__
HALFTONE_AVX2 void scale_row_avx2(const ScaledProduct::RunValues& run, const RowOfSums& row) { scale_row(run, row); }
#endif

using ScaleRow = void (*)(const ScaledProduct::RunValues&, const RowOfSums&);
ScaleRow find_scale_row() {
#ifdef __x86_64__
    if (has_avx2()) return scale_row_avx2;
#endif
    return scale_row_anywhere;
}

}  // namespace

Support accepts_scaled_product(const KernelRequest& request) {
    if (request.is_fused() || request.outputs[0].params) return Support::no("the operator fuses nothing");
    const bool has_run_time_codes =
        request.inputs.size() == kRunTimeInputs && !is_given(request, 0) && is_given(request, kProductMatrix) &&
        is_given(request, kMatrixScale) && request.inputs[0].type.dtype == DType::u8 &&
        request.inputs[1].type.dtype == DType::f32 && request.inputs[2].type.dtype == DType::u8;
    if (!has_run_time_codes) return Support::no("only uint8 codes of run time by a constant matrix");
    if (request.outputs[0].type.shape.elements() == 0 || request.inputs[0].type.shape.elements() == 0)
        return Support::no("the product is empty");
    return Support::yes();
}

ScaledProduct::ScaledProduct(const KernelRequest& request)
    : inner_(static_cast<std::size_t>(request.constants[kProductMatrix].shape()[0])),
      columns_(static_cast<std::size_t>(request.constants[kProductMatrix].shape()[1])),
      matrix_(request.constants[kProductMatrix]),
      column_sums_(padded(columns_), 0),
      scale_(row_of(request.constants[kMatrixScale], columns_)),
      // -0.0 is the number that changes nothing when it is added, also not a -0.0.
      bias_(is_given(request, kRow) ? row_of(request.constants[kRow], columns_)
                                    : std::vector<float>(padded(columns_), -0.0F)),
      run_scale_(padded(columns_)),
      run_offset_(padded(columns_)) {
    rows_ = static_cast<std::size_t>(request.inputs[0].type.shape.elements()) / inner_;
    // The kernels' matrices are signed: unsigned ones move by 128, and so do their zero points.
    const std::int32_t shift = matrix_.dtype() == DType::u8 ? 128 : 0;
    std::vector<std::int32_t> zeros(columns_, -shift);
    if (is_given(request, kMatrixZero)) {
        const Tensor& given = request.constants[kMatrixZero];
        for (std::size_t n = 0; n < columns_; ++n) zeros[n] += code_at(given, given.elements() == 1 ? 0 : n);
    }
    if (shift != 0) {
        Tensor moved(TensorType{DType::s8, matrix_.shape()});
        const auto to = moved.mutable_view().as<std::int8_t>();
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::int8_t>(code_at(matrix_, i) - shift);
        matrix_ = std::move(moved);
    }
    const auto values = matrix_.as<std::int8_t>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        column_sums_[i % columns_] += static_cast<std::uint32_t>(values[i] - zeros[i % columns_]);
    }
    if (std::all_of(zeros.begin(), zeros.end(), [](std::int32_t zero) { return zero == 0; })) return;
    for (const std::int32_t zero : zeros) zero_points_.push_back(static_cast<std::uint32_t>(zero));
    zero_points_.resize(padded(columns_), 0);
}

ScaledProduct::RunValues ScaledProduct::values_of_run(std::span<const std::byte* const> inputs) {
    float scale = 0;
    std::memcpy(&scale, inputs[1], sizeof scale);
    const auto zero = static_cast<std::uint32_t>(inputs[2][0]);
    for (std::size_t n = 0; n < scale_.size(); ++n) {
        run_scale_[n] = scale * scale_[n];
        run_offset_[n] = zero * column_sums_[n];
    }
    return {.offset = run_offset_.data(),
            .zero = zero_points_.empty() ? nullptr : zero_points_.data(),
            .scale = run_scale_.data(),
            .bias = bias_.data()};
}

void ScaledProduct::finish(std::span<const std::byte* const> inputs, const Sums& sums, float* y) {
    const RunValues run = values_of_run(inputs);
    const auto* codes = reinterpret_cast<const std::uint8_t*>(inputs[0]);
    const ScaleRow scale_one = find_scale_row();
    in_rows(rows_, columns_, [&](std::size_t first, std::size_t last) {
        for (std::size_t m = first; m < last; ++m) {
            RowOfSums row{.columns = columns_, .sums = sums.sums + m * columns_, .y = y + m * columns_};
            if (sums.rest != nullptr) row.rest = sums.rest + m * columns_;
            // Only a matrix with zero points needs the sum of the row's codes. It holds the input's zero point already,
            // because the column sums of the offset are those of codes minus zero point.
            if (run.zero != nullptr) row.codes = std::accumulate(codes + m * inner_, codes + (m + 1) * inner_, 0U);
            scale_one(run, row);
        }
    });
}

}  // namespace halftone::codes
