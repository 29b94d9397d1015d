#pragma once
// Private to graph/onnx: local functions and branches of If, replaced by the nodes that they consist of.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace onnx {
class AttributeProto;
class FunctionProto;
class GraphProto;
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace halftone {

/// A node of the file, or one that was made from a function's body.
struct FlatNode {
    const onnx::NodeProto* proto = nullptr;
    std::int64_t opset = 0;  ///< of the default domain: a function may import another one than the model
};

/// Makes flat lists of nodes. What it makes lives as long as the Inliner; the model must live as long, too.
///
/// A file of a few kilobytes can stand for any number of nodes, because functions call functions. So the depth of
/// calls, the number of nodes that are made and their bytes are limited.
class Inliner {
public:
    /// @param opset  of the model's default domain
    /// @throws ModelError for two functions with one name
    Inliner(const onnx::ModelProto& model, std::int64_t opset);
    ~Inliner();
    Inliner(const Inliner&) = delete;
    Inliner& operator=(const Inliner&) = delete;

    /// Returns the nodes of the model's graph. A call of a function is replaced by the nodes of its body, whose values
    /// and nodes get names that begin with the name of the call.
    /// @throws ModelError for calls that go too deep, become too many nodes, or do not fit their function
    [[nodiscard]] std::vector<FlatNode> graph_nodes();

    /// Returns the nodes of one branch of an If, in the same way: constants of the branch are Constant nodes, and an
    /// Identity writes each output of the If.
    /// @throws ModelError as above, and if the branch has another number of outputs than the If
    [[nodiscard]] std::vector<FlatNode> branch_nodes(const FlatNode& if_node, const onnx::GraphProto& branch);

    /// Returns the latest operator set of all functions that the model's graph calls, and of the model itself.
    [[nodiscard]] std::int64_t latest_opset() const { return latest_opset_; }

private:
    using Names = std::map<std::string, std::string>;  ///< name in the body -> name in the graph; "": left out

    void append(const FlatNode& node, int depth, std::vector<FlatNode>& out);
    void append_call(const FlatNode& call, const onnx::FunctionProto& function, int depth, std::vector<FlatNode>& out);
    void append_body_node(const onnx::NodeProto& node, const onnx::NodeProto& call, const onnx::FunctionProto* function,
                          Names& names, std::int64_t opset, int depth, std::vector<FlatNode>& out);
    void bind_attributes(onnx::NodeProto& node, const onnx::NodeProto& call, const onnx::FunctionProto& function) const;
    void rename_captures(onnx::GraphProto& graph, const Names& names, const onnx::NodeProto& call,
                         const onnx::FunctionProto* function, int depth) const;
    onnx::NodeProto& make_node(const onnx::NodeProto& call);
    void count_bytes(const onnx::NodeProto& made, const onnx::NodeProto& call);
    [[nodiscard]] std::string fresh_name(const onnx::NodeProto& call, const std::string& name);

    const onnx::ModelProto& model_;
    std::int64_t opset_;
    std::int64_t latest_opset_;
    std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;  ///< by domain and name
    std::deque<onnx::NodeProto> made_;  // a deque, because pointers into it are given out
    std::set<std::string> taken_;       ///< names of values
    std::map<std::string, int> next_number_;
    std::size_t made_bytes_ = 0;
};

}  // namespace halftone
