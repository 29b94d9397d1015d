#pragma once
// The one list of the fields of a KernelRequest. Hash, equality and text walk it, so that none of them can forget a
// field: each structured binding below names all fields of its struct, and a field that is added to the struct alone
// does not compile. A forgotten field in the hash would make two different steps share their results.

#include <string>
#include <string_view>

#include "kernel/ops/request.hpp"

namespace halftone {

/// Each calls visit(name, field) for every field, in the order of the struct.
template <class Visitor>
void visit_fields(const Clamp& clamp, const Visitor& visit) {
    const auto& [low, high] = clamp;
    visit("low", low);
    visit("high", high);
}

template <class Visitor>
void visit_fields(const TensorType& type, const Visitor& visit) {
    const auto& [dtype, shape] = type;
    visit("dtype", dtype);
    visit("shape", shape);
}

template <class Visitor>
void visit_fields(const QuantParams& params, const Visitor& visit) {
    const auto& [dtype, scale, zero_point, axis, block_size] = params;
    visit("dtype", dtype);
    visit("scale", scale);
    visit("zero_point", zero_point);
    visit("axis", axis);
    visit("block_size", block_size);
}

template <class Visitor>
void visit_fields(const OperandEncoding& operand, const Visitor& visit) {
    const auto& [type, params] = operand;
    visit("type", type);
    visit("params", params);
}

template <class Visitor>
void visit_fields(const WeightOperand& weight, const Visitor& visit) {
    const auto& [values, params] = weight;
    visit("values", values);
    visit("params", params);
}

template <class Visitor>
void visit_fields(const Epilogue& epilogue, const Visitor& visit) {
    const auto& [has_residual, activation, clamp] = epilogue;
    visit("has_residual", has_residual);
    visit("activation", activation);
    visit("clamp", clamp);
}

template <class Visitor>
void visit_fields(const KernelRequest& request, const Visitor& visit) {
    const auto& [node, inputs, outputs, weight, bias, epilogue, is_bf16, constants, implementation] = request;
    visit("node", node);
    visit("inputs", inputs);
    visit("outputs", outputs);
    visit("weight", weight);
    visit("bias", bias);
    visit("epilogue", epilogue);
    visit("is_bf16", is_bf16);
    visit("constants", constants);
    visit("implementation", implementation);
}

template <class T>
concept HasFields = requires(const T& value) {
    visit_fields(value, [](std::string_view, const auto&) {});
};

/// Returns a hash of everything that decides the results of a step, except the contents of its data inputs. Names of
/// nodes and values play no part: two steps with equal operators, encodings and constants have equal hashes.
[[nodiscard]] std::uint64_t hash_of(const KernelRequest& request);
/// Returns a hash of the type and the elements of a tensor.
[[nodiscard]] std::uint64_t hash_of(const Tensor& tensor);

/// Returns the bytes of all fields, of tensors only the type. Two requests with equal bytes differ at most in the
/// elements of their tensors (weights, bias, constants, tensors among the node's attributes).
[[nodiscard]] std::string type_key(const KernelRequest& request);

/// Returns whether the two are equal in every field. Nodes are compared by what they compute (operator and attributes),
/// tensors by their type and elements.
[[nodiscard]] bool is_same(const KernelRequest& a, const KernelRequest& b);
/// Returns whether type and elements are equal. Tensors that share a buffer are equal without a look at the elements.
[[nodiscard]] bool is_same(const Tensor& a, const Tensor& b);

/// Returns the request on one line for messages of tests: "node=Conv{group=1}, inputs=[…], …".
[[nodiscard]] std::string to_text(const KernelRequest& request);

}  // namespace halftone
