#include "graph/onnx/bodies.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "graph/onnx/model_check.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kFirstScanOpset = 9;  // before it, Scan had a batch dimension of its own

/// Walks a graph and the graphs inside of it with the names that are defined there.
class CaptureWalk {
public:
    [[nodiscard]] std::vector<std::string> take() && { return std::move(captured_); }

    // An explicit depth is not needed: protobuf refuses messages that are nested more than a hundred deep.
    void walk(const onnx::GraphProto& graph, std::set<std::string> known) {
        for (const auto& input : graph.input()) known.insert(input.name());
        for (const auto& constant : graph.initializer()) known.insert(constant.name());
        // All names of a graph first: a file's nodes need not be sorted here yet.
        for (const auto& node : graph.node()) known.insert(node.output().begin(), node.output().end());
        for (const auto& node : graph.node()) {
            for (const std::string& name : node.input()) read(name, known);
            for (const auto& attribute : node.attribute()) {
                if (attribute.has_g()) walk(attribute.g(), known);
            }
        }
        for (const auto& output : graph.output()) read(output.name(), known);
    }

private:
    void read(const std::string& name, const std::set<std::string>& known) {
        // In the order in which they are met first, so that equal files give equal inputs of the node.
        if (!name.empty() && !known.contains(name) && seen_.insert(name).second) captured_.push_back(name);
    }

    std::set<std::string> seen_;
    std::vector<std::string> captured_;
};

void check_sizes(const onnx::NodeProto& node, const onnx::GraphProto& body, int inputs, int outputs) {
    if (body.sparse_initializer_size() > 0) throw ModelError(text_of(node) + ": sparse tensors are not supported");
    if (body.input_size() != inputs || (outputs >= 0 && body.output_size() != outputs)) {
        throw ModelError(fmt::format("{}: its graph has {} inputs and {} outputs, needed are {} and {}", text_of(node),
                                     body.input_size(), body.output_size(), inputs, outputs));
    }
}

}  // namespace

bool is_control_flow(const onnx::NodeProto& node) {
    const bool is_own = node.domain().empty() || node.domain() == "ai.onnx";
    return is_own && (node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan");
}

const onnx::GraphProto& body_of(const onnx::NodeProto& node, const std::string& name) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attribute.name() == name && attribute.has_g()) return attribute.g();
    }
    throw ModelError(fmt::format("{} has no graph '{}'", text_of(node), name));
}

std::vector<std::string> captured_names(const onnx::NodeProto& node) {
    CaptureWalk captures;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attribute.has_g()) captures.walk(attribute.g(), {});
    }
    return std::move(captures).take();
}

onnx::ModelProto model_of_body(const onnx::ModelProto& around, const onnx::GraphProto& body,
                               const std::vector<std::string>& captured) {
    onnx::ModelProto model;
    // A body is read by the same importer as a whole model. So it is made one: with the versions and functions of the
    // file around it, and with the captured values as further inputs.
    model.set_ir_version(around.ir_version());
    *model.mutable_opset_import() = around.opset_import();
    *model.mutable_functions() = around.functions();
    *model.mutable_graph() = body;
    for (const std::string& name : captured) model.mutable_graph()->add_input()->set_name(name);
    return model;
}

void check_control_flow(const onnx::NodeProto& node, std::int64_t opset) {
    const int inputs = node.input_size();
    if (node.op_type() == "If") {
        if (inputs != 1) throw ModelError(text_of(node) + " must have one input");
        for (const char* name : {"then_branch", "else_branch"}) {
            check_sizes(node, body_of(node, name), 0, node.output_size());
        }
        return;
    }
    const onnx::GraphProto& body = body_of(node, "body");
    if (node.op_type() == "Loop") {
        if (inputs < 2) throw ModelError(text_of(node) + " must have two inputs at least");
        // A Loop's body takes round and condition in place of count and condition, and gives one more output, the next
        // condition.
        check_sizes(node, body, inputs, node.output_size() + 1);
        return;
    }
    if (opset < kFirstScanOpset) throw ModelError(text_of(node) + ": Scan is supported from operator set 9 on");
    check_sizes(node, body, inputs, node.output_size());
}

}  // namespace halftone
