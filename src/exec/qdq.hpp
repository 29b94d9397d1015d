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

class QdqView {
public:
    explicit QdqView(const Graph& graph) : graph_(graph) {}

    /// Set when `real` is produced by DequantizeLinear of a per-tensor u8/s8 activation with constant parameters.
    [[nodiscard]] std::optional<Codes> activation_codes(ValueId real) const;
    /// Set when `real` is produced by DequantizeLinear of a constant of this dtype with constant parameters.
    [[nodiscard]] std::optional<StoredConstant> stored_constant(ValueId real, DType dtype) const;
    /// The f32 constant itself, or the dequantized value of a stored one; null when not constant.
    [[nodiscard]] const Tensor* real_constant(ValueId real) const;

    /// A QuantizeLinear with constant per-tensor u8/s8 parameters.
    [[nodiscard]] bool is_activation_quantize(NodeId id) const;
    /// @pre is_activation_quantize(id)
    [[nodiscard]] QuantParams quantize_params(NodeId id) const;

private:
    [[nodiscard]] std::optional<QuantParams> params_of(const Node& node, DType codes) const;

    const Graph& graph_;
    mutable std::map<ValueId, Tensor> dequantized_;
};

}  // namespace halftone
