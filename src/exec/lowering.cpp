// Lowering: turns a graph into the list of steps that a session executes.
//
//   form_groups      (group_former)     which nodes run as one kernel: Conv + Add + Relu + QuantizeLinear, and so on
//   group_request    (group_request)    what a kernel is asked for to run a group
//   select_kernel    (kernel_selection) the first kernel that says it can; none: the group is not formed
//   StepEmitter      (here)             steps in graph order, and DequantizeLinear where somebody needs the real values
#include "exec/lowering.hpp"

#include <set>
#include <utility>

#include "base/error.hpp"
#include "exec/group_former.hpp"
#include "exec/group_request.hpp"
#include "exec/kernel_selection.hpp"
#include "exec/lowering_view.hpp"
#include "graph/unit.hpp"

namespace halftone {
namespace {

class StepEmitter {
public:
    StepEmitter(const LoweringView& view, const KernelChoices& kernels) : view_(view), kernels_(kernels) {}

    Lowering run(const StepGroups& groups) {
        for (std::size_t n = 0; n < view_.graph().nodes().size(); ++n) {
            const NodeId id = make_id<NodeId>(n);
            if (const auto group = groups.by_last_node.find(id); group != groups.by_last_node.end()) {
                emit_group(group->second);
            } else if (!groups.nodes.contains(id)) {
                emit_single(id);
            }
        }
        for (const ValueId output : view_.graph().outputs()) need_real(output);
        for (const ValueId tap : view_.options().taps) need_real(tap);
        return std::move(lowering_);
    }

private:
    /// @throws ModelError when there is no kernel: it names the node and gives every backend's reason
    void emit(const KernelRequest& request, const SelectedKernel& kernel, const std::string& name,
              std::vector<ValueId> inputs, std::vector<ValueId> outputs) {
        if (!kernel.op) throw ModelError(describe(*request.node) + ": " + kernel.why);
        lowering_.steps.push_back(
            {request, kernel.op, kernel.backend, name, std::move(inputs), std::move(outputs), {name}});
        lowering_.steps.back().request.implementation = kernel.implementation;
    }

    void emit_group(const StepGroup& group) {
        std::vector<ValueId> inputs = group_inputs(view_, group);
        // Codes are at hand already, and need_real leaves them alone; an Add of codes and fp32 has inputs of both
        // kinds.
        for (const ValueId input : inputs) need_real(input);
        emit(group.request, group.kernel, view_.node(group.main).name, std::move(inputs), {group.output});
        std::vector<std::string>& nodes = lowering_.steps.back().nodes;
        for (const NodeId id :
             {group.bias_add, group.residual_add, group.function, group.clamp, group.guard, group.quantize}) {
            if (id.is_valid()) nodes.push_back(view_.node(id).name);
        }
    }

    void emit_single(NodeId id) {
        const Node& node = view_.node(id);
        if (node.op == "DequantizeLinear") return;  // only where its real values are read: see need_real
        KernelRequest request;
        request.node = &node;
        const std::vector<ValueId> inputs = view_.data_inputs(node);
        for (const ValueId input : inputs) {
            need_real(input);
            request.inputs.push_back(view_.fp32_port(input));
        }
        add_constants(view_, node, request);
        for (const ValueId output : node.outputs) request.outputs.push_back(view_.fp32_port(output));
        if (view_.qdq().is_activation_quantize(id)) request.outputs[0].params = view_.qdq().quantize_params(id);
        emit(request, node.name, inputs, node.outputs);
    }

    void emit(const KernelRequest& request, const std::string& name, std::vector<ValueId> inputs,
              std::vector<ValueId> outputs) {
        emit(request, select_kernel(request, view_.options().backend, kernels_), name, std::move(inputs),
             std::move(outputs));
    }

    /// Makes the real numbers of a value available: emits the DequantizeLinear that produces it on first use, or folds
    /// it when its codes are constant. Values that no DequantizeLinear produces are there anyway.
    void need_real(ValueId value) {
        const Graph& graph = view_.graph();
        const NodeId producer = graph.producer(value);
        if (!producer.is_valid() || view_.node(producer).op != "DequantizeLinear" || real_.contains(value)) {
            if (graph.value(value).is_constant()) lowering_.constants.emplace(value, graph.value(value).constant);
            return;
        }
        real_.insert(value);
        if (const Tensor* constant = view_.qdq().real_constant(value)) {
            lowering_.constants.emplace(value, *constant);
            return;
        }
        const Node& node = view_.node(producer);
        KernelRequest request;
        request.node = &node;
        add_constants(view_, node, request);
        request.outputs.push_back(view_.fp32_port(value));
        // None where constant codes are in blocks, which real_constant() does not read; several where the scale or the
        // zero point is made at run time.
        const std::vector<ValueId> inputs = view_.data_inputs(node);
        for (const ValueId input : inputs) {
            if (input != node.inputs[0]) need_real(input);  // a scale may be stored as codes itself
            request.inputs.push_back(view_.fp32_port(input));
        }
        if (const auto codes = view_.qdq().activation_codes(value)) request.inputs[0].params = codes->params;
        emit(request, node.name, inputs, {value});
    }

    const LoweringView& view_;
    const KernelChoices& kernels_;
    std::set<ValueId> real_;  ///< outputs of DequantizeLinear nodes that were emitted or folded
    Lowering lowering_;
};

}  // namespace

Lowering lower(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options) {
    const LoweringView view(graph, types, options);
    const KernelChoices kernels = kernel_choices(graph);
    return StepEmitter(view, kernels).run(form_groups(view, kernels));
}

}  // namespace halftone
