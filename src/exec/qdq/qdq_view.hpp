#pragma once
// How a graph with QuantizeLinear/DequantizeLinear nodes reads: which values are codes, which constants are stored as
// integers, with which parameters.

#include <map>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

/// The u8 or s8 tensor behind a DequantizeLinear's real output.
struct Codes {
    ValueId value;
    QuantParams params;
};

struct StoredConstant {
    Tensor tensor;
    QuantParams params;
};

/// Real values of stored constants that a view has dequantized, by the value that holds them. It may be shared by the
/// views of one graph, but not by threads.
using DequantizedConstants = std::map<ValueId, Tensor>;

/// Answers questions about one graph. Not thread-safe, because it fills `cache`. Graph and cache outlive the view.
class QdqView {
public:
    QdqView(const Graph& graph, DequantizedConstants& cache) : graph_(graph), cache_(cache) {}

    /// Set when `real` is produced by DequantizeLinear of a per-tensor u8/s8 activation with constant parameters.
    [[nodiscard]] std::optional<Codes> activation_codes(ValueId real) const;
    /// Set when `real` is produced by DequantizeLinear of a constant of this dtype with constant parameters.
    [[nodiscard]] std::optional<StoredConstant> stored_constant(ValueId real, DType dtype) const;
    /// Returns the f32 constant itself, or the dequantized value of a stored one, which lives in the cache; null when
    /// the value is not constant.
    [[nodiscard]] const Tensor* real_constant(ValueId real) const;

    /// Conv, Gemm or MatMul whose operands an integer kernel takes: codes, s8 weights without zero points and with
    /// scales per tensor or along the output channels, and a matching bias.
    [[nodiscard]] bool has_integer_operands(const Node& n) const;

    /// A QuantizeLinear with constant per-tensor u8/s8 parameters.
    [[nodiscard]] bool is_activation_quantize(NodeId id) const;
    /// @pre is_activation_quantize(id)
    [[nodiscard]] QuantParams quantize_params(NodeId id) const;

private:
    /// Integer kernels add the bias at scale input x weight, as export rule E.3 writes it; another scale runs as f32.
    [[nodiscard]] bool has_matching_bias_scale(const Node& n) const;
    [[nodiscard]] std::optional<QuantParams> params_of(const Node& node, DType codes) const;

    const Graph& graph_;
    DequantizedConstants& cache_;
};

}  // namespace halftone
