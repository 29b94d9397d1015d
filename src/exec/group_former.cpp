// Forming groups: which nodes run as one step.
//
//   form_group                by the operator of the main node, one of the five below
//   form_linear_group         DQ, DQ(weight) -> Conv/Gemm/MatMul -> function -> clamp -> Q on codes; else the same in
//                             fp32 with a residual Add; else the node alone
//   form_product_group        MatMul of two tensors of codes
//   form_binary_group         Add, Mul, Sub between codes, fp32 and constant rows
//   form_transposed_group     ConvTranspose -> function -> clamp
//   form_transparent_group    what only moves codes: MaxPool, Flatten, Reshape, Transpose, Concat
//   join_*                    take the next node along, if it is the only reader of what the group has so far
//   accept                    asks the kernels; a group that none supports is not formed
//
// A group never crosses a value that has a second reader, is a graph output, or is tapped: somebody needs that value.
#include "exec/group_former.hpp"

#include <limits>
#include <utility>

#include "exec/apply_plan.hpp"
#include "exec/group_request.hpp"
#include "exec/kernel_selection.hpp"
#include "graph/unit.hpp"
#include "kernel/clamp.hpp"

namespace halftone {
namespace {

class GroupFormer {
public:
    GroupFormer(const LoweringView& view, const KernelChoices& kernels)
        : view_(view), kernels_(kernels), bf16_(bf16_nodes(view.graph())) {}

    StepGroups run() {
        for (std::size_t n = 0; n < view_.graph().nodes().size(); ++n) form_group(make_id<NodeId>(n));
        return std::move(groups_);
    }

private:
    [[nodiscard]] const Node& node(NodeId id) const { return view_.node(id); }

    /// The node that the group may take next: the only reader of its output, if no other group has it.
    [[nodiscard]] NodeId free_reader(ValueId value) const {
        const NodeId reader = view_.sole_reader(value);
        return reader.is_valid() && groups_.nodes.contains(reader) ? NodeId{} : reader;
    }

    /// A group that consists of its main node.
    [[nodiscard]] StepGroup group_of(NodeId id) const {
        return {.main = id, .output = node(id).outputs[0], .last = id};
    }

    void form_group(NodeId id) {
        const Node& n = node(id);
        if (groups_.nodes.contains(id)) return;
        if (view_.is_linear(n)) {
            form_linear_group(id);
        } else if (n.op == "MatMul") {
            form_product_group(id);
        } else if (LoweringView::is_binary(n)) {
            form_binary_group(id);
        } else if (n.op == "BatchNormalization") {
            StepGroup group = group_of(id);
            join_clamp(group);
            if (group.clamp.is_valid()) (void)accept(group, true);
        } else if (n.op == "ConvTranspose") {
            form_transposed_group(id);
        } else if (is_code_transparent(n) || n.op == "Transpose" || n.op == "Concat") {
            form_transparent_group(id);
        }
    }

    void form_linear_group(NodeId id) {
        if (view_.qdq().has_integer_operands(node(id))) {
            for (const bool joins_function : {true, false}) {  // not every kernel has every function
                StepGroup group = group_of(id);
                group.is_integer = true;
                join_bias_add(group);
                if (joins_function) join_function(group);
                join_clamp(group);
                join_quantize(group);
                if (accept(group)) return;
            }
        }
        if (!view_.has_constant_weights(node(id))) return;
        // A unit's result is rounded to bf16: nothing behind the unit may join it.
        const bool is_bf16 = bf16_.contains(node(id).name);
        for (const bool joins_function : {true, false}) {
            if (joins_function && is_bf16) continue;
            StepGroup group = group_of(id);
            group.is_bf16 = is_bf16;
            join_bias_add(group);
            join_residual(group);
            if (joins_function) join_function(group);
            join_clamp(group);
            join_guard(group);
            if (accept(group)) return;
        }
        StepGroup alone = group_of(id);
        alone.is_bf16 = is_bf16;
        (void)accept(alone);
    }

    /// MatMul of two tensors: codes times codes, if both are.
    void form_product_group(NodeId id) {
        const Node& n = node(id);
        if (!view_.qdq().activation_codes(n.inputs[0]) || !view_.qdq().activation_codes(n.inputs[1])) return;
        StepGroup group = group_of(id);
        group.is_integer = true;
        join_quantize(group);
        (void)accept(group);
    }

    /// Codes, fp32 and constant rows in, codes out where a QuantizeLinear follows.
    void form_binary_group(NodeId id) {
        const Node& n = node(id);
        const bool reads_codes = view_.qdq().activation_codes(n.inputs[0]) || view_.qdq().activation_codes(n.inputs[1]);
        StepGroup group = group_of(id);
        group.is_integer = true;
        join_clamp(group);
        join_quantize(group);
        if ((group.quantize.is_valid() || reads_codes) && accept(group, true)) return;
        if (n.op != "Add") return;
        StepGroup fp32 = group_of(id);
        join_clamp(fp32);
        (void)accept(fp32);
    }

    /// In fp32 only. Alone it is a step like any other, so nothing is formed then.
    void form_transposed_group(NodeId id) {
        for (const bool joins_function : {true, false}) {  // not every kernel has every function
            StepGroup group = group_of(id);
            if (joins_function) join_function(group);
            join_clamp(group);
            if (group.last != id && accept(group, true)) return;
        }
    }

    /// Moves codes, which is right only where the parameters on both sides are the same.
    void form_transparent_group(NodeId id) {
        const auto codes = view_.qdq().activation_codes(node(id).inputs[0]);
        if (!codes) return;
        if (node(id).op == "Concat" && !view_.all_have_codes(node(id), codes->params)) return;
        StepGroup group = group_of(id);
        group.is_integer = true;
        join_quantize(group);
        if (!group.quantize.is_valid() || !(view_.qdq().quantize_params(group.quantize) == codes->params)) return;
        (void)accept(group);
    }

    /// Appends a node to the group. @param member  the field of the group that names it
    void append(StepGroup& group, NodeId StepGroup::*member, NodeId id) const {
        group.*member = id;
        group.output = node(id).outputs[0];
        group.last = id;
    }

    void join_bias_add(StepGroup& group) const {
        if (node(group.main).op != "MatMul") return;  // Conv and Gemm have a bias of their own
        const NodeId add = free_reader(group.output);
        if (!add.is_valid() || view_.row_added_by(node(add), group.output) == nullptr) return;
        append(group, &StepGroup::bias_add, add);
    }

    /// A residual Add joins the later of its producers: the other operand must exist before this step runs.
    void join_residual(StepGroup& group) const {
        const NodeId add = free_reader(group.output);
        if (!add.is_valid() || node(add).op != "Add") return;
        const auto& operands = node(add).inputs;
        const ValueId other = operands[0] == group.output ? operands[1] : operands[0];
        if (other == group.output || view_.graph().value(other).is_constant()) return;
        if (!(view_.type(other) == view_.type(group.output))) return;  // kernels add without broadcasting
        const NodeId producer = view_.graph().producer(other);
        if (producer.is_valid() && producer > group.main && view_.is_linear(node(producer)) &&
            free_reader(other).is_valid() && !view_.qdq().has_integer_operands(node(producer))) {
            return;  // that one takes it
        }
        group.residual = other;
        append(group, &StepGroup::residual_add, add);
    }

    void join_function(StepGroup& group) const {
        static const std::set<std::string> functions{"Gelu", "HardSwish", "LeakyRelu", "Sigmoid", "Swish", "Tanh"};
        const NodeId next = free_reader(group.output);
        if (next.is_valid() && functions.contains(node(next).op)) append(group, &StepGroup::function, next);
    }

    void join_clamp(StepGroup& group) const {
        const NodeId next = free_reader(group.output);
        if (!next.is_valid() || !find_clamp(view_.graph(), node(next)) || node(next).inputs[0] != group.output) return;
        append(group, &StepGroup::clamp, next);
    }

    /// A Max with the lowest float is there for other runtimes (export rule E.9) and costs nothing here.
    void join_guard(StepGroup& group) const {
        const NodeId next = free_reader(group.output);
        if (!next.is_valid() || node(next).op != "Max") return;
        const auto clamp = find_clamp(view_.graph(), node(next));
        if (!clamp || clamp->low != std::numeric_limits<float>::lowest()) return;
        append(group, &StepGroup::guard, next);
    }

    void join_quantize(StepGroup& group) const {
        const NodeId next = free_reader(group.output);
        if (next.is_valid() && view_.qdq().is_activation_quantize(next)) append(group, &StepGroup::quantize, next);
    }

    /// Registers the group if a kernel supports it. `is_fast`: only where the step is not slower than its parts, so by
    /// plain loops only if all steps run so.
    bool accept(StepGroup group, bool is_fast = false) {
        const Backend backend = view_.options().backend;
        group.request = group_request(view_, group);
        group.kernel = select_kernel(group.request, backend, kernels_);
        if (!group.kernel.op) return false;
        if (is_fast && group.kernel.backend == Backend::ref && backend != Backend::ref) return false;
        for (const NodeId id : {group.main, group.bias_add, group.residual_add, group.function, group.clamp,
                                group.guard, group.quantize}) {
            if (id.is_valid()) groups_.nodes.insert(id);
        }
        const NodeId last = group.last;
        groups_.by_last_node.emplace(last, std::move(group));
        return true;
    }

    const LoweringView& view_;
    const KernelChoices& kernels_;
    std::set<std::string> bf16_;  ///< names of nodes
    StepGroups groups_;
};

}  // namespace

StepGroups form_groups(const LoweringView& view, const KernelChoices& kernels) {
    return GroupFormer(view, kernels).run();
}

}  // namespace halftone
