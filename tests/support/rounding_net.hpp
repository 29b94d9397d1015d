#pragma once
// Graphs with QuantizeLinear and DequantizeLinear between their nodes, as a quantized file has them: uint8, per tensor.

#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::test {

class RoundingNet : public GraphMaker {
public:
    explicit RoundingNet(Shape shape) : x(input("x", std::move(shape))) {}

    ValueId x;

    ValueId quantize(const std::string& name, ValueId from, float scale, std::uint8_t zero_point) {
        return node("QuantizeLinear", name, parameters(name, from, scale, zero_point));
    }
    ValueId dequantize(const std::string& name, ValueId from, float scale, std::uint8_t zero_point) {
        return node("DequantizeLinear", name, parameters(name, from, scale, zero_point));
    }
    /// QuantizeLinear and DequantizeLinear.
    ValueId rounded(const std::string& name, ValueId from, float scale, std::uint8_t zero_point) {
        return dequantize(name + "_d", quantize(name + "_q", from, scale, zero_point), scale, zero_point);
    }
    Graph typed(ValueId y) { return infer_types(build({y}), reference_ops()); }

private:
    std::vector<ValueId> parameters(const std::string& name, ValueId from, float scale, std::uint8_t zero_point) {
        return {from, constant(name + "_s", Tensor::scalar(scale)), constant(name + "_z", Tensor::scalar(zero_point))};
    }
};

}  // namespace halftone::test
