#pragma once
// ONNX models written as protobuf text, so that a test shows the file it is about.

#include <google/protobuf/text_format.h>
#include <onnx/onnx_pb.h>

#include <stdexcept>
#include <string>

#include "graph/onnx/onnx_model.hpp"
#include "support/toy_ops.hpp"

namespace halftone::test {

/// The serialised file of a ModelProto in text form.
inline std::string model_bytes(const std::string& text) {
    onnx::ModelProto model;
    if (!google::protobuf::TextFormat::ParseFromString(text, &model))
        throw std::runtime_error("bad model text: " + text);
    return model.SerializeAsString();
}

/// The file of a graph: `body` is the text of its GraphProto.
inline std::string graph_bytes(const std::string& body, int opset = 13, int ir_version = 7) {
    return model_bytes("ir_version: " + std::to_string(ir_version) +
                       " opset_import { version: " + std::to_string(opset) + " } graph { name: 'g' " + body + " }");
}

inline Graph import_text(const std::string& body, int opset = 13, int ir_version = 7) {
    return import_onnx(graph_bytes(body, opset, ir_version), "m.onnx", ToyOps());
}

/// What a file of this graph is refused with; "" if it is accepted.
inline std::string refusal(const std::string& body, int opset = 13, int ir_version = 7) {
    try {
        (void)import_text(body, opset, ir_version);
        return "";
    } catch (const ModelError& error) {
        return error.what();
    }
}

/// ValueInfoProto text: a float tensor; a dimension is a number or a quoted name.
inline std::string value_text(const std::string& field, const std::string& name, const std::vector<std::string>& dims) {
    std::string shape;
    for (const std::string& dim : dims) {
        const bool is_number = !dim.empty() && (std::isdigit(static_cast<unsigned char>(dim[0])) != 0 || dim[0] == '-');
        if (dim.empty())
            shape += "dim {} ";
        else
            shape += is_number ? "dim { dim_value: " + dim + " } " : "dim { dim_param: '" + dim + "' } ";
    }
    return field + " { name: '" + name + "' type { tensor_type { elem_type: 1 shape { " + shape + "} } } } ";
}

inline std::string x_to_y(const std::vector<std::string>& dims = {"N", "4"}) {
    return value_text("input", "x", dims) + value_text("output", "y", dims);
}

}  // namespace halftone::test
