#include "graph/onnx/attribute_proto.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "base/error.hpp"
#include "graph/onnx/tensor_proto.hpp"

namespace halftone {

// The kinds that Attribute holds are all that the supported operators use.
Attribute attribute_from_proto(const onnx::AttributeProto& proto, const std::string& owner) {
    const std::string name = fmt::format("{}: attribute '{}'", owner, proto.name());
    // Such a reference has a meaning only inside a function, and calls of functions were replaced by their nodes.
    if (!proto.ref_attr_name().empty())
        throw ModelError(name + " refers to a function's attribute outside of a function");
    switch (proto.type()) {
        case onnx::AttributeProto::INT:
            return proto.i();
        case onnx::AttributeProto::FLOAT:
            return proto.f();
        case onnx::AttributeProto::STRING:
            return proto.s();
        case onnx::AttributeProto::INTS:
            return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
        case onnx::AttributeProto::STRINGS:
            return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
        case onnx::AttributeProto::FLOATS:
            return std::vector<float>(proto.floats().begin(), proto.floats().end());
        case onnx::AttributeProto::TENSOR:
            return tensor_from_proto(proto.t(), name);
        case onnx::AttributeProto::GRAPH:
        case onnx::AttributeProto::GRAPHS:
            throw ModelError(name + " is a subgraph, which is not supported");
        // Sparse tensors and types, which no operator here reads.
        default:
            throw ModelError(fmt::format("{} has type {}, which is not supported", name,
                                         onnx::AttributeProto::AttributeType_Name(proto.type())));
    }
}

// Each short form has one type of its own, so the name and the type must agree.
std::optional<Tensor> constant_from(const std::string& name, const Attribute& attribute) {
    const auto length = [](const auto& values) { return Shape{static_cast<std::int64_t>(values.size())}; };
    if (const auto* tensor = std::get_if<Tensor>(&attribute); tensor != nullptr && name == "value") return *tensor;
    if (const auto* number = std::get_if<float>(&attribute); number != nullptr && name == "value_float") {
        return Tensor::scalar(*number);
    }
    if (const auto* integer = std::get_if<std::int64_t>(&attribute); integer != nullptr && name == "value_int") {
        return Tensor::scalar(*integer);
    }
    if (const auto* numbers = std::get_if<std::vector<float>>(&attribute);
        numbers != nullptr && name == "value_floats") {
        return Tensor::of<float>(length(*numbers), *numbers);
    }
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute);
        integers != nullptr && name == "value_ints") {
        return Tensor::of<std::int64_t>(length(*integers), *integers);
    }
    return std::nullopt;
}

}  // namespace halftone
