#pragma once
// How a graph with QuantizeLinear/DequantizeLinear nodes reads: which values are codes, which constants are stored as
// integers, with which parameters.

#include <map>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "tensor/quant_params.hpp"

namespace halftone {

/// The u8 or s8 tensor whose real values a DequantizeLinear gives.
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

    /// Returns the codes if `real` is produced by DequantizeLinear of a per-tensor u8 or s8 activation with constant
    /// parameters; else nothing.
    [[nodiscard]] std::optional<Codes> activation_codes(ValueId real) const;
    /// Returns the constant if `real` is produced by DequantizeLinear of a constant of this dtype with constant
    /// parameters; else nothing.
    [[nodiscard]] std::optional<StoredConstant> stored_constant(ValueId real, DType dtype) const;
    /// Returns the f32 constant itself, or the dequantized value of a stored one, which lives in the cache; null when
    /// the value is not constant.
    [[nodiscard]] const Tensor* real_constant(ValueId real) const;

    /// Can an integer kernel take the operands of this Conv, Gemm or MatMul? It needs codes, s8 weights without zero
    /// points and with scales per tensor or along the output channels, and a bias whose scale is that of the products.
    [[nodiscard]] bool has_integer_operands(const Node& n) const;

    /// Is the node a QuantizeLinear with constant per-tensor u8 or s8 parameters?
    [[nodiscard]] bool is_activation_quantize(NodeId id) const;
    /// Returns the parameters of a QuantizeLinear. @pre is_activation_quantize(id)
    [[nodiscard]] QuantParams quantize_params(NodeId id) const;

private:
    /// Integer kernels add the bias at scale input x weight, as export rule E.3 writes it; another scale runs as f32.
    [[nodiscard]] bool has_matching_bias_scale(const Node& n) const;
    [[nodiscard]] std::optional<QuantParams> params_of(const Node& node, DType codes) const;

    const Graph& graph_;
    DequantizedConstants& cache_;
};

}  // namespace halftone
