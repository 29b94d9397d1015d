#pragma once
// The primitive builder: what one fused step needs (KernelRequest), whether an implementation takes it (Support), and
// the built Primitive. Implementations: `ref` (plain loops, the oracle) of every op, `dnnl` (fast) and `native`
// (faster). No third-party type appears here.

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/node.hpp"
#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// Plain loops, oneDNN, and kernels of our own where those are measured to be faster.
enum class Backend { ref, dnnl, native };

/// min(max(x, low), high); Relu is [0, inf), Clip(0,6) is [0, 6].
struct Clamp {
    float low = -std::numeric_limits<float>::infinity();
    float high = std::numeric_limits<float>::infinity();
    [[nodiscard]] bool is_identity() const {
        return low == -std::numeric_limits<float>::infinity() && high == std::numeric_limits<float>::infinity();
    }
    friend bool operator==(const Clamp&, const Clamp&) = default;
};

/// A data input or output as it is stored: u8/s8 tensors carry their (per-tensor) parameters.
struct Port {
    TensorType type{};  ///< static shape
    std::optional<QuantParams> params{};
};

/// u8 or s8 codes with per-tensor parameters of the same dtype.
[[nodiscard]] bool is_codes(const Port& port);

/// One step: `node` with everything that runs fused with it. Meaning, in real numbers:
///   y = clamp(activation(op(inputs[0], …) [+ inputs.back() when has_residual])), then quantized to output.params if
///   set.
/// Integer inputs mean (code - zero_point) * scale. Conv, Gemm, and MatMul with constant weights [K, N]:
///   f32: weight f32, bias f32.  int8: weight s8 with weight_params (zero points 0; per tensor or per output channel),
///   bias s32 with scale inputs[0].scale * weight.scale[c], as the exported file holds it; MatMul, whose bias is an Add
///   behind it in the file, f32.  bf16 (is_bf16, all else as f32): inputs and weights rounded to bf16, products added
///   in f32 with an f32 bias, y rounded to bf16.
struct KernelRequest {
    const Node* node = nullptr;  ///< op type and attributes; outlives the request, not the primitive
    std::vector<Port> inputs{};  ///< data inputs only, in node order; the residual last
    std::vector<Port> outputs{};
    Tensor weight{};  ///< Conv, Gemm, MatMul by a constant; empty elsewhere
    std::optional<QuantParams> weight_params{};
    Tensor bias{};                     ///< empty if none
    bool has_residual = false;         ///< f32 Conv/Gemm/MatMul only
    bool is_bf16 = false;              ///< Conv, Gemm, MatMul by a constant, with f32 ports
    const Node* activation = nullptr;  ///< a unary element-wise node (Sigmoid, Swish, Gelu…); Conv, Gemm, MatMul
    Clamp clamp{};                     ///< Conv, Gemm, MatMul, Add
    std::vector<Tensor> constants{};   ///< of other ops: constant inputs by input number (empty where not constant)
    std::string implementation{};      ///< wanted one of Op::implementations(); empty or unknown: the first of them

    [[nodiscard]] bool is_quantized() const { return !inputs.empty() && inputs[0].params.has_value(); }
    /// Something besides the operator itself is computed.
    [[nodiscard]] bool is_fused() const { return has_residual || activation != nullptr || !clamp.is_identity(); }
};

/// How a tensor lies in memory: plain row-major, or an implementation's own (blocked, channels-last).
class Layout {
public:
    struct Impl {
        virtual ~Impl() = default;
        [[nodiscard]] virtual bool equals(const Impl& other) const = 0;
    };
    /// Plain row-major of this type.
    explicit Layout(const TensorType& type);
    Layout(TensorType type, std::size_t bytes, std::string name, std::shared_ptr<const Impl> impl);

    [[nodiscard]] bool is_plain() const { return impl_ == nullptr; }
    [[nodiscard]] const TensorType& type() const { return type_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }       ///< padding included
    [[nodiscard]] const std::string& name() const { return name_; }  ///< "plain", "nhwc", "nChw16c"
    [[nodiscard]] const Impl* impl() const { return impl_.get(); }
    friend bool operator==(const Layout& a, const Layout& b);

private:
    TensorType type_;
    std::size_t bytes_ = 0;
    std::string name_;
    std::shared_ptr<const Impl> impl_;
};

/// Yes, or a reason that a user can read.
struct Support {
    bool is_supported = false;
    std::string why;  ///< empty when supported
    static Support yes() { return {true, {}}; }
    static Support no(std::string reason) { return {false, std::move(reason)}; }
};

/// A built step: immutable, callable from one thread at a time (it may own scale buffers).
class Primitive {
public:
    virtual ~Primitive() = default;
    [[nodiscard]] virtual const Layout& input_layout(std::size_t i) const = 0;
    [[nodiscard]] virtual const Layout& output_layout(std::size_t i) const = 0;
    [[nodiscard]] virtual std::size_t scratch_bytes() const { return 0; }
    /// Input whose buffer the output may share (same layout), -1 if none; then no copy is needed.
    [[nodiscard]] virtual int in_place_input() const { return -1; }
    /// Name of the implementation, for profiles: "brg_conv:avx512_core_vnni", "ref".
    [[nodiscard]] virtual std::string implementation() const = 0;
    /// Buffers are 64-byte aligned and as large as the layouts say.
    virtual void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                         std::byte* scratch) const = 0;
};

/// Packed weights, shared by all sessions of a process: key = content hash of the weights + wanted layout.
class WeightCache {
public:
    virtual ~WeightCache() = default;
    [[nodiscard]] virtual std::size_t bytes() const = 0;
    [[nodiscard]] virtual std::size_t entries() const = 0;
};
[[nodiscard]] std::unique_ptr<WeightCache> make_weight_cache();

struct BuildContext {
    WeightCache* weights = nullptr;  ///< may be null: pack without caching
    std::vector<Layout> available;   ///< layout in which each data input is at hand; a hint
};

class Op {
public:
    virtual ~Op() = default;
    [[nodiscard]] virtual Support supports(const KernelRequest& request) const = 0;
    /// Names of those that can run this step, the default first; empty where there is only one, which has no name.
    /// @pre supports(request)
    [[nodiscard]] virtual std::vector<std::string> implementations(const KernelRequest& request) const;
    /// @pre supports(request). @throws InternalError
    [[nodiscard]] virtual std::unique_ptr<Primitive> build(const KernelRequest& request,
                                                           const BuildContext& context) const = 0;
};

/// The backends that may run a step, best first: all of them for dnnl and native, ref alone for ref.
[[nodiscard]] std::span<const Backend> backends_in_order(Backend wanted);
/// Null when that backend has no such op.
[[nodiscard]] const Op* find_op(Backend backend, std::string_view op_type);
[[nodiscard]] std::vector<std::string> op_types(Backend backend);

/// In which tensors with channels are kept: channels last for rank 3 to 5, plain for any other.
[[nodiscard]] Layout channels_last_layout(const TensorType& type);

/// For element-wise steps: `available[i]` when that is a dense permutation of the dimensions, else channels-last.
[[nodiscard]] Layout dense_layout(const TensorType& type, const std::vector<Layout>& available, std::size_t i);
/// The same order of dimensions for another element type. @pre `layout` comes from dense_layout()
[[nodiscard]] Layout with_dtype(const Layout& layout, DType dtype);

/// A step that changes the layout only, or f32 to bf16 and back. Any pair of layouts of one shape, from any backend.
[[nodiscard]] std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to);

}  // namespace halftone
