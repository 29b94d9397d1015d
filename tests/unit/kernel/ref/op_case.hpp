#pragma once
// A node with the types of its inputs, for tests of shape rules, and a request with its data, for tests of steps.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/ops/find_op.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::test {

struct OpCase {
    std::string op;
    std::vector<Shape> inputs;
    Attributes attributes{};
    std::map<std::size_t, Tensor> constants{};  ///< by input number; they replace the shape given in `inputs`
    DType dtype = DType::f32;
    std::size_t outputs = 1;
};

inline Node node_of(const OpCase& test) {
    Node node{.name = "n", .op = test.op, .inputs = {}, .outputs = {}, .attributes = test.attributes};
    std::int64_t next = 0;
    for (std::size_t i = 0; i < test.inputs.size(); ++i) node.inputs.push_back(ValueId{next++});
    for (std::size_t i = 0; i < test.outputs; ++i) node.outputs.push_back(ValueId{next++});
    return node;
}

inline std::vector<TensorType> infer(const OpCase& test) {
    const Node node = node_of(test);
    OpContext op{.node = node, .inputs = {}, .constants = {}};
    for (std::size_t i = 0; i < test.inputs.size(); ++i) {
        const auto constant = test.constants.find(i);
        const bool is_constant = constant != test.constants.end();
        op.inputs.push_back(is_constant ? constant->second.type() : TensorType{test.dtype, test.inputs[i]});
        op.constants.push_back(is_constant ? &constant->second : nullptr);
    }
    return reference_ops().infer(op);
}

/// "[N,64]": the first output's shape.
inline std::string inferred(const OpCase& test) { return infer(test).at(0).shape.to_text(); }

/// The ModelError's message; fails when there is none.
inline std::string refusal(const OpCase& test) {
    try {
        return "accepted as " + inferred(test);
    } catch (const ModelError& error) {
        return error.what();
    }
}

inline OperandEncoding real_port(Shape shape) { return {.type = {DType::f32, std::move(shape)}}; }

inline OperandEncoding code_port(DType dtype, Shape shape, float scale, std::int32_t zero_point) {
    return {.type = {dtype, std::move(shape)},
            .params = QuantParams{.dtype = dtype, .scale = {scale}, .zero_point = {zero_point}}};
}

template <class T>
Tensor tensor(Shape shape, const std::vector<T>& values) {
    return Tensor::of<T>(std::move(shape), values);
}

/// Builds the request with the reference operator and runs it on `inputs`.
inline Tensor run_step(const KernelRequest& request, const std::vector<Tensor>& inputs) {
    const Op* op = find_op(Backend::ref, request.node->op);
    if (op == nullptr) throw std::runtime_error("no reference operator " + request.node->op);
    const Support support = op->supports(request);
    if (!support.is_supported) throw std::runtime_error("not supported: " + support.why);
    const auto primitive = op->build(request, {});
    std::vector<const std::byte*> data;
    for (const Tensor& input : inputs) data.push_back(input.view().data);
    Tensor output(primitive->output_layout(0).type());
    std::byte* out = output.mutable_view().data;
    std::vector<std::byte> scratch(primitive->scratch_bytes() + 1);
    primitive->execute(data, std::span<std::byte* const>(&out, 1), scratch.data());
    return output;
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
    const auto span = tensor.as<T>();
    return {span.begin(), span.end()};
}

inline std::string why_not(const KernelRequest& request) {
    const Support support = find_op(Backend::ref, request.node->op)->supports(request);
    return support.is_supported ? "supported" : support.why;
}

}  // namespace halftone::test
