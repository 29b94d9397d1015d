#include "graph/onnx/model_check.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "graph/onnx/text_check.hpp"
#include "graph/own_operators.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kFirstImportOpset = 1;  // before 7 only operators whose meaning is known (early_forms.cpp)
constexpr std::int64_t kLastImportOpset = 23;  // a later one may have forms of operators that nobody here has read

// Longer than any exporter's path of scopes. Names are compared, matched with patterns and printed, so their length is
// a cost of everything that follows.
constexpr std::size_t kMostNameBytes = 4096;
constexpr std::size_t kMostSuffixBytes = 256;

class NameLengths {
public:
    explicit NameLengths(const onnx::ModelProto& model)
        : most_(kMostNameBytes + (model.producer_name() == "halftone" ? kMostSuffixBytes : 0)) {}

    void check(const std::string& name, const char* what) const {
        if (name.size() <= most_) return;
        // Only the beginning, because the message is one line of a terminal; and only its plain characters, because the
        // name was not checked to be text yet.
        constexpr std::size_t kShown = 40;
        std::string begin = name.substr(0, kShown);
        const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
        begin.erase(std::find_if_not(begin.begin(), begin.end(), is_printable), begin.end());
        throw ModelError(fmt::format("{} has {} bytes ('{}…'); a name may have {}", what, name.size(), begin, most_));
    }
    void check_value(const onnx::ValueInfoProto& value) const {
        check(value.name(), "a value's name");
        for (const auto& dim : value.type().tensor_type().shape().dim()) check(dim.dim_param(), "a dimension's name");
    }
    void check_node(const onnx::NodeProto& node) const {
        check(node.name(), "a node's name");
        check(node.op_type(), "a node's operator");
        check(node.domain(), "a node's domain");
        for (const std::string& name : node.input()) check(name, "a value's name");
        for (const std::string& name : node.output()) check(name, "a value's name");
        for (const onnx::AttributeProto& attribute : node.attribute()) {
            check(attribute.name(), "an attribute's name");
            // Branches of If. protobuf itself limits how deep messages are nested.
            for (const onnx::NodeProto& inner : attribute.g().node()) check_node(inner);
        }
    }

private:
    std::size_t most_;
};

bool is_default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

/// Operators that the importer itself turns into others, besides those with a rewrite.
bool is_structural(const std::string& op) {
    static const std::set<std::string> structural{"Constant", "Dropout",     "Identity",      "If",      "Loop",
                                                  "Scan",     "QLinearConv", "QLinearMatMul", "Scatter", "Upsample"};
    return structural.contains(op);
}

bool is_supported(const onnx::NodeProto& node, const OpLibrary& ops) {
    if (find_rewrite(rewrite_word(node.domain(), node.op_type())) != nullptr) return true;
    if (!is_default_domain(node.domain())) return false;
    if (is_structural(node.op_type())) return true;
    return ops.knows(node.op_type()) && !is_own_operator(node.op_type());
}

}  // namespace

std::string text_of(const onnx::NodeProto& proto) {
    if (!proto.name().empty()) return fmt::format("{} node '{}'", proto.op_type(), proto.name());
    return fmt::format("unnamed {} node (output '{}')", proto.op_type(),
                       proto.output_size() > 0 ? proto.output(0) : "");
}

// For messages only, so it asks nothing of the file.
std::int64_t named_opset(const onnx::ModelProto& model) {
    std::int64_t opset = 0;
    for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
        if (is_default_domain(entry.domain())) opset = entry.version();
    }
    return opset;
}

std::int64_t checked_opset(const onnx::ModelProto& model) {
    std::int64_t opset = 0;
    for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
        if (!is_default_domain(entry.domain())) continue;  // refused only where a node uses it
        if (opset != 0 && opset != entry.version())
            throw ModelError(
                fmt::format("imports two versions of the default operator set, {} and {}", opset, entry.version()));
        opset = entry.version();
    }
    return checked_opset_version(opset);
}

std::int64_t checked_opset_version(std::int64_t version) {
    if (version < kFirstImportOpset || version > kLastImportOpset) {
        throw ModelError(
            fmt::format("uses operator set {}; supported: {} to {}", version, kFirstImportOpset, kLastImportOpset));
    }
    return version;
}

void check_name_lengths(const onnx::ModelProto& model) {
    const NameLengths lengths(model);
    const onnx::GraphProto& graph = model.graph();
    lengths.check(graph.name(), "the graph's name");
    for (const onnx::NodeProto& node : graph.node()) lengths.check_node(node);
    for (const onnx::FunctionProto& function : model.functions()) {
        lengths.check(function.name(), "a function's name");
        for (const onnx::NodeProto& node : function.node()) lengths.check_node(node);
    }
    for (const onnx::TensorProto& tensor : graph.initializer()) lengths.check(tensor.name(), "an initialiser's name");
    for (const auto* values : {&graph.input(), &graph.output(), &graph.value_info()}) {
        for (const onnx::ValueInfoProto& value : *values) lengths.check_value(value);
    }
}

std::string UnknownOperator::text() const {
    return fmt::format("{} (opset {}, {} time{}, first: {})", op, opset, count, count == 1 ? "" : "s", first);
}

std::vector<UnknownOperator> unknown_operators(const std::vector<FlatNode>& nodes, const OpLibrary& ops) {
    std::map<std::string, UnknownOperator> unknown;
    for (const FlatNode& flat : nodes) {
        const onnx::NodeProto& node = *flat.proto;
        // Checked before they are used: the messages below contain them.
        check_text(node.name(), "a node's name");
        check_text(node.op_type(), "a node's operator");
        check_text(node.domain(), "a domain");
        if (is_supported(node, ops)) continue;
        const std::string domain =
            is_default_domain(node.domain()) ? "" : fmt::format(" of domain '{}'", node.domain());
        UnknownOperator& entry = unknown[node.op_type() + domain];
        if (entry.count++ == 0) {
            entry.op = node.op_type() + domain;
            entry.first = text_of(node);
            entry.opset = flat.opset;
        }
    }
    std::vector<UnknownOperator> all;
    for (auto& [op, entry] : unknown) all.push_back(std::move(entry));
    return all;
}

// All in one message: users want to know the whole distance, not the first step.
void check_operators(const std::vector<FlatNode>& nodes, const OpLibrary& ops) {
    std::string list;
    for (const UnknownOperator& op : unknown_operators(nodes, ops)) list += (list.empty() ? "" : "; ") + op.text();
    if (!list.empty()) throw ModelError("operators that are not supported: " + list);
}

}  // namespace halftone
