#pragma once
// A tiny OpLibrary, so that tests of the room graph need no kernels: shape rules just wide enough for ResNet-like
// networks, and values for Add, Mul and Relu. The real one is kernel's reference_ops().

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"
#include "graph/op_library.hpp"

namespace halftone::test {

class ToyOps final : public OpLibrary {
public:
    [[nodiscard]] bool knows(std::string_view op) const override {
        static const std::set<std::string, std::less<>> known{"Add",
                                                              "BatchNormalization",
                                                              "Clip",
                                                              "Conv",
                                                              "DequantizeLinear",
                                                              "Flatten",
                                                              "Gemm",
                                                              "GlobalAveragePool",
                                                              "MaxPool",
                                                              "Mul",
                                                              "Reshape",
                                                              "Relu",
                                                              "QuantizeLinear",
                                                              "Softmax",
                                                              "Squeeze"};
        return known.contains(op);
    }

    [[nodiscard]] std::vector<TensorType> infer(const OpContext& op) const override {
        const std::string& type = op.node.op;
        if (!op.has_input(0)) throw ModelError(describe(op.node) + " has no input 0");
        if (type == "Conv") return {{DType::f32, conv_shape(op)}};
        if (type == "Gemm") return {{DType::f32, gemm_shape(op)}};
        if (type == "GlobalAveragePool") return {{DType::f32, Shape{dim(op, 0, 0), dim(op, 0, 1), 1, 1}}};
        if (type == "Flatten") return {{op.inputs[0].dtype, flatten_shape(op)}};
        if (type == "Reshape") return {{op.inputs[0].dtype, Shape(reshape_dims(op))}};
        if (type == "QuantizeLinear") return {{need(op, 2).dtype, op.inputs[0].shape}};
        if (type == "DequantizeLinear") return {{DType::f32, op.inputs[0].shape}};
        if ((type == "Add" || type == "Mul") && need(op, 1).shape != op.inputs[0].shape) {
            throw ModelError(describe(op.node) + ": shapes differ");
        }
        return {op.inputs[0]};
    }

    [[nodiscard]] std::vector<Tensor> evaluate(const OpContext& op, const std::vector<Tensor>& inputs) const override {
        Tensor out(inputs[0].type());
        const auto to = out.mutable_view().as<float>();
        const auto a = inputs[0].as<float>();
        for (std::size_t i = 0; i < to.size(); ++i) {
            if (op.node.op == "Relu") to[i] = std::max(a[i], 0.0F);
            if (op.node.op == "Add") to[i] = a[i] + inputs[1].as<float>()[i];
            if (op.node.op == "Mul") to[i] = a[i] * inputs[1].as<float>()[i];
        }
        return {out};
    }

private:
    static const TensorType& need(const OpContext& op, std::size_t input) {
        if (!op.has_input(input)) throw ModelError(describe(op.node) + " misses input " + std::to_string(input));
        return op.inputs[input];
    }
    static std::int64_t dim(const OpContext& op, std::size_t input, std::size_t i) {
        const Shape& shape = need(op, input).shape;
        if (i >= shape.rank()) throw ModelError(describe(op.node) + ": rank of input " + std::to_string(input));
        return shape[i];
    }
    static Shape conv_shape(const OpContext& op) {
        const std::vector<std::int64_t> strides = ints_attribute(op.node, "strides", {1, 1});
        const std::vector<std::int64_t> pads = ints_attribute(op.node, "pads", {0, 0, 0, 0});
        if (strides.size() != 2 || pads.size() != 4) throw ModelError(describe(op.node) + ": only 2-D here");
        Shape out{dim(op, 0, 0), dim(op, 1, 0), 0, 0};
        for (std::size_t i = 0; i < 2; ++i) {
            const std::int64_t padded =
                std::clamp<std::int64_t>(pads[i], 0, 1000) + std::clamp<std::int64_t>(pads[i + 2], 0, 1000);
            out[2 + i] = (dim(op, 0, 2 + i) + padded - dim(op, 1, 2 + i)) / std::max<std::int64_t>(strides[i], 1) + 1;
        }
        return out;
    }
    static Shape gemm_shape(const OpContext& op) {
        return {dim(op, 0, 0), dim(op, 1, int_attribute(op.node, "transB", 0) != 0 ? 0 : 1)};
    }
    static Shape flatten_shape(const OpContext& op) {
        const auto axis = static_cast<std::size_t>(std::clamp<std::int64_t>(
            int_attribute(op.node, "axis", 1), 1, static_cast<std::int64_t>(op.inputs[0].shape.rank())));
        std::int64_t rows = dim(op, 0, 0);
        std::int64_t columns = 1;
        for (std::size_t i = 1; i < op.inputs[0].shape.rank(); ++i) (i < axis ? rows : columns) *= dim(op, 0, i);
        return {rows < 0 ? kSymbolic : rows, columns};
    }
    static std::vector<std::int64_t> reshape_dims(const OpContext& op) {
        need(op, 1);
        if (op.constants[1] == nullptr || op.constants[1]->dtype() != DType::s64) {
            throw ModelError(describe(op.node) + ": shape must be a constant");
        }
        const auto dims = op.constants[1]->as<std::int64_t>();
        return {dims.begin(), dims.end()};
    }
};

}  // namespace halftone::test
