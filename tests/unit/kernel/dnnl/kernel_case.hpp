#pragma once
// Little language of the kernel tests: make a request, run it on a backend with plain tensors in and out, compare.
// The oracle is the reference backend, which has its own tests against ONNX's vectors.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/ops/find_op.hpp"

namespace halftone::test {

/// A request with the node it points to, and data for its inputs. Not copied: `request.node` points into it.
struct KernelCase {
    KernelCase(std::string op, Attributes attributes, std::size_t node_inputs);
    KernelCase(const KernelCase&) = delete;
    KernelCase& operator=(const KernelCase&) = delete;

    /// A data input with fp32 values, or with codes that have these parameters.
    KernelCase& input(Tensor data, std::optional<QuantParams> params = std::nullopt);
    KernelCase& weights(Tensor weight, Tensor bias = {}, std::optional<QuantParams> params = std::nullopt);
    KernelCase& constants(std::vector<Tensor> by_input_number);
    KernelCase& clamp(float low, float high);
    /// An fp32 tensor of the output's shape. Call after everything that decides that shape.
    KernelCase& residual(std::uint64_t seed);
    /// Sets the output port to the shape that the shape rule gives; fp32, or codes of these parameters.
    KernelCase& output(std::optional<QuantParams> params = std::nullopt);

    Node node;
    KernelRequest request;
    std::vector<Tensor> data;
};

[[nodiscard]] Tensor random_reals(Shape shape, double low, double high, std::uint64_t seed);
/// Codes over the whole range of the dtype.
[[nodiscard]] Tensor random_codes(DType dtype, Shape shape, std::uint64_t seed);
/// The largest code everywhere: sums of two products by the largest weight do not fit into 16 bits.
[[nodiscard]] Tensor largest_codes(DType dtype, Shape shape);
[[nodiscard]] Tensor random_bias(std::int64_t channels, std::int32_t limit, std::uint64_t seed);
[[nodiscard]] QuantParams per_tensor(DType dtype, float scale, std::int32_t zero_point);
/// s8 weights' parameters: scales between half and twice `scale`.
[[nodiscard]] QuantParams per_channel(std::int64_t channels, float scale, std::int64_t axis, std::uint64_t seed);

/// The primitive of a backend; fails the test and returns null if it is not supported.
[[nodiscard]] std::unique_ptr<Primitive> build(Backend backend, const KernelRequest& request,
                                               const BuildContext& context = {});
/// A tensor whose elements lie as in `from`, as they lie in `to`. @pre neither layout is padded
[[nodiscard]] Tensor in_layout(const Tensor& x, const Layout& from, const Layout& to);
/// Reorders the plain inputs as the primitive wants them, runs it and gives its first output, plain.
[[nodiscard]] Tensor run(Primitive& primitive, const std::vector<Tensor>& data);
[[nodiscard]] Tensor run(Backend backend, const KernelCase& kernel_case, const BuildContext& context = {});

/// Largest |a - b| over max(1, largest |b|).
[[nodiscard]] double relative_error(const Tensor& a, const Tensor& b);

struct CodeDifference {
    int largest = 0;
    double share = 0;  ///< of codes that differ
};
[[nodiscard]] CodeDifference code_difference(const Tensor& a, const Tensor& b);

/// dnnl's result is ref's within `tolerance` (relative_error).
void expect_close_to_ref(const KernelCase& kernel_case, double tolerance);
/// The result of each of dnnl's implementations is ref's, but for the last bit of a real value.
void expect_every_implementation(KernelCase& kernel_case);
/// dnnl's result is ref's, bit for bit.
void expect_equal_to_ref(const KernelCase& kernel_case, Backend backend = Backend::dnnl);

}  // namespace halftone::test
