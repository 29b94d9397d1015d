#include "exec/lowering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/check.hpp"
#include "base/error.hpp"
#include "exec/apply_plan.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/unit.hpp"
#include "kernel/clamp.hpp"

namespace halftone {
namespace {

struct Choice {
    const Op* op = nullptr;
    Backend backend = Backend::ref;
    std::string why;
    std::string implementation{};  ///< of the wanted kernel
};

/// Nodes that run as one step, at the place of the last of them.
struct Group {
    NodeId main{};
    NodeId bias_add{};  ///< the Add of a constant row behind a MatMul
    NodeId residual_add{};
    NodeId unary{};  ///< an activation that is a function of its own
    NodeId activation{};
    NodeId guard{};     ///< a Max that changes nothing (apply_plan: guard_from_quantization)
    NodeId quantize{};  ///< the QuantizeLinear that ends it
    bool is_integer = false;
    bool is_bf16 = false;
    ValueId residual{};
    ValueId output{};
    NodeId last{};
    KernelRequest request{};
    Choice choice{};
};

class Lowerer {
public:
    Lowerer(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options)
        : graph_(graph),
          types_(types),
          options_(options),
          qdq_(graph, dequantized_),
          bf16_(bf16_nodes(graph)),
          kernels_(kernel_choices(graph)),
          taps_(options.taps.begin(), options.taps.end()) {}

    Lowering run() {
        for (std::size_t n = 0; n < graph_.nodes().size(); ++n) form_group(make_id<NodeId>(n));
        for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
            const NodeId id = make_id<NodeId>(n);
            if (const auto group = group_at_.find(id); group != group_at_.end())
                emit_group(group->second);
            else if (!grouped_.contains(id))
                emit_single(id);
        }
        for (const ValueId output : graph_.outputs()) need_real(output);
        for (const ValueId tap : options_.taps) need_real(tap);
        return std::move(lowering_);
    }

private:
    [[nodiscard]] const Node& node(NodeId id) const { return graph_.node(id); }
    [[nodiscard]] const TensorType& type(ValueId id) const { return types_[id.index()]; }

    /// The only reader of a value that nobody else may see; invalid otherwise.
    [[nodiscard]] NodeId sole_reader(ValueId value) const {
        const auto& uses = graph_.uses(value);
        if (uses.size() != 1 || graph_.is_output(value) || taps_.contains(value)) return {};
        return grouped_.contains(uses[0].node) ? NodeId{} : uses[0].node;
    }

    void form_group(NodeId id) {
        const Node& n = node(id);
        if (grouped_.contains(id)) return;
        if (is_linear(n)) {
            form_linear_group(id);
        } else if (n.op == "MatMul") {
            form_product_group(id);
        } else if (is_binary(n)) {
            form_binary_group(id);
        } else if (n.op == "BatchNormalization") {
            Group group{.main = id, .output = n.outputs[0], .last = id};
            take_activation(group);
            if (group.activation.is_valid()) (void)accept(group, true);
        } else if (is_code_transparent(n) || n.op == "Transpose" || n.op == "Concat") {
            form_transparent_group(id);
        }
    }

    void form_linear_group(NodeId id) {
        if (qdq_.has_integer_operands(node(id))) {
            for (const bool takes_unary : {true, false}) {  // not every kernel has every function
                Group group{.main = id, .is_integer = true, .output = node(id).outputs[0], .last = id};
                take_bias_add(group);
                if (takes_unary) take_unary(group);
                take_activation(group);
                take_quantize(group);
                if (accept(group)) return;
            }
        }
        if (!has_constant_weights(node(id))) return;
        // A unit's result is rounded to bf16: nothing behind the unit may join it.
        const bool is_bf16 = bf16_.contains(node(id).name);
        for (const bool takes_unary : {true, false}) {
            if (takes_unary && is_bf16) continue;
            Group group{.main = id, .is_bf16 = is_bf16, .output = node(id).outputs[0], .last = id};
            take_bias_add(group);
            take_residual(group);
            if (takes_unary) take_unary(group);
            take_activation(group);
            take_guard(group);
            if (accept(group)) return;
        }
        Group alone{.main = id, .is_bf16 = is_bf16, .output = node(id).outputs[0], .last = id};
        (void)accept(alone);
    }

    /// MatMul of two tensors: codes times codes, if both are.
    void form_product_group(NodeId id) {
        const Node& n = node(id);
        if (!qdq_.activation_codes(n.inputs[0]) || !qdq_.activation_codes(n.inputs[1])) return;
        Group group{.main = id, .is_integer = true, .output = n.outputs[0], .last = id};
        take_quantize(group);
        (void)accept(group);
    }

    /// Codes, fp32 and constant rows in, codes out where a QuantizeLinear follows.
    void form_binary_group(NodeId id) {
        const Node& n = node(id);
        Group group{.main = id, .output = n.outputs[0], .last = id};
        const bool is_real = !qdq_.activation_codes(n.inputs[0]) && !qdq_.activation_codes(n.inputs[1]);
        group.is_integer = true;
        take_activation(group);
        take_quantize(group);
        if ((group.quantize.is_valid() || !is_real) && accept(group, true)) return;
        if (n.op != "Add") return;
        Group real{.main = id, .output = n.outputs[0], .last = id};
        take_activation(real);
        (void)accept(real);
    }

    /// MaxPool, Flatten, Reshape, Transpose, Concat between DQ and Q of the same parameters run on the codes.
    void form_transparent_group(NodeId id) {
        const auto codes = qdq_.activation_codes(node(id).inputs[0]);
        if (!codes) return;
        if (node(id).op == "Concat" && !all_have_codes(node(id), codes->params)) return;
        Group group{.main = id, .is_integer = true, .output = node(id).outputs[0], .last = id};
        take_quantize(group);
        if (!group.quantize.is_valid() || !(qdq_.quantize_params(group.quantize) == codes->params)) return;
        (void)accept(group);
    }

    [[nodiscard]] bool all_have_codes(const Node& n, const QuantParams& params) const {
        return std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId input) {
            const auto codes = qdq_.activation_codes(input);
            return codes && codes->params == params;
        });
    }

    /// Operators with steps that read and give codes.
    [[nodiscard]] static bool is_binary(const Node& n) { return n.op == "Add" || n.op == "Mul" || n.op == "Sub"; }

    [[nodiscard]] bool has_constant_weights(const Node& n) const {
        for (std::size_t i = 1; i < n.inputs.size(); ++i) {
            if (n.inputs[i].is_valid() && !qdq_.real_constant(n.inputs[i])) return false;
        }
        return true;
    }

    /// The other operand of an Add, if it is one constant row with a value for each column of the product.
    [[nodiscard]] const Tensor* row_added_by(const Node& add, ValueId product) const {
        if (add.op != "Add") return nullptr;
        const Tensor* row = qdq_.real_constant(add.inputs[0] == product ? add.inputs[1] : add.inputs[0]);
        const Shape& shape = type(product).shape;
        if (row == nullptr || row->dtype() != DType::f32 || row->shape().rank() < 1 ||
            row->shape().rank() > shape.rank()) {
            return nullptr;
        }
        const std::int64_t columns = shape[shape.rank() - 1];
        return row->elements() == columns && row->shape()[row->shape().rank() - 1] == columns ? row : nullptr;
    }

    void take_bias_add(Group& group) {
        if (node(group.main).op != "MatMul") return;
        const NodeId add = sole_reader(group.output);
        if (!add.is_valid() || row_added_by(node(add), group.output) == nullptr) return;
        group.bias_add = add;
        group.output = node(add).outputs[0];
        group.last = add;
    }

    /// A residual Add joins the later of its producers: the other operand must exist before this step runs.
    void take_residual(Group& group) {
        const NodeId add = sole_reader(group.output);
        if (!add.is_valid() || node(add).op != "Add") return;
        const auto& operands = node(add).inputs;
        const ValueId other = operands[0] == group.output ? operands[1] : operands[0];
        if (other == group.output || graph_.value(other).is_constant()) return;
        if (!(type(other) == type(group.output))) return;
        const NodeId producer = graph_.producer(other);
        if (producer.is_valid() && producer > group.main && is_linear(node(producer)) &&
            sole_reader(other).is_valid() && !qdq_.has_integer_operands(node(producer))) {
            return;  // that one takes it
        }
        group.residual_add = add;
        group.residual = other;
        group.output = node(add).outputs[0];
        group.last = add;
    }

    /// Conv, Gemm, or MatMul by a constant matrix.
    [[nodiscard]] bool is_linear(const Node& n) const {
        if (n.op == "Conv" || n.op == "Gemm") return true;
        return n.op == "MatMul" && qdq_.real_constant(n.inputs[1]) != nullptr && type(n.inputs[1]).shape.rank() == 2;
    }

    void take_unary(Group& group) {
        static const std::set<std::string> functions{"Gelu", "HardSwish", "LeakyRelu", "Sigmoid", "Swish", "Tanh"};
        const NodeId next = sole_reader(group.output);
        if (!next.is_valid() || !functions.contains(node(next).op)) return;
        group.unary = next;
        group.output = node(next).outputs[0];
        group.last = next;
    }

    void take_activation(Group& group) {
        const NodeId next = sole_reader(group.output);
        if (!next.is_valid() || !find_clamp(graph_, node(next)) || node(next).inputs[0] != group.output) return;
        group.activation = next;
        group.output = node(next).outputs[0];
        group.last = next;
    }

    void take_guard(Group& group) {
        const NodeId next = sole_reader(group.output);
        if (!next.is_valid() || node(next).op != "Max") return;
        const auto clamp = find_clamp(graph_, node(next));
        if (!clamp || clamp->low != std::numeric_limits<float>::lowest()) return;
        group.guard = next;
        group.output = node(next).outputs[0];
        group.last = next;
    }

    void take_quantize(Group& group) {
        const NodeId next = sole_reader(group.output);
        if (!next.is_valid() || !qdq_.is_activation_quantize(next)) return;
        group.quantize = next;
        group.output = node(next).outputs[0];
        group.last = next;
    }

    /// Registers the group if a kernel supports it. `is_fast`: only where the step is not slower than its parts, so by
    /// plain loops only if all steps run so.
    bool accept(Group group, bool is_fast = false) {
        group.request = request_of(group);
        group.choice = choose(group.request);
        if (!group.choice.op) return false;
        if (is_fast && group.choice.backend == Backend::ref && options_.backend != Backend::ref) return false;
        for (const NodeId id : {group.main, group.bias_add, group.residual_add, group.unary, group.activation,
                                group.guard, group.quantize}) {
            if (id.is_valid()) grouped_.insert(id);
        }
        const NodeId last = group.last;
        group_at_.emplace(last, std::move(group));
        return true;
    }

    [[nodiscard]] Choice choose(const KernelRequest& request) const {
        if (const auto wanted = kernels_.find(request.node->name);
            wanted != kernels_.end() && options_.backend != Backend::ref) {
            if (const auto kernel = find_kernel(request, wanted->second)) {
                return {kernel->op, kernel->backend, {}, kernel->implementation};
            }
        }
        std::string why;
        for (const Backend backend : backends_in_order(options_.backend)) {
            const Op* op = find_op(backend, request.node->op);
            if (!op) continue;
            const Support support = op->supports(request);
            if (support.is_supported) return {op, backend, {}};
            why += (why.empty() ? "" : "; ") + support.why;
        }
        return {nullptr, Backend::ref, why.empty() ? "no kernel for this operator" : why};
    }

    [[nodiscard]] Port real_port(ValueId value) const { return {type(value), std::nullopt}; }

    [[nodiscard]] KernelRequest request_of(const Group& group) const {
        const Node& main = node(group.main);
        KernelRequest request;
        request.node = &main;
        request.is_bf16 = group.is_bf16;
        if (group.unary.is_valid()) request.activation = &node(group.unary);
        if (group.activation.is_valid()) request.clamp = clamp_of(graph_, node(group.activation));
        if (group.is_integer) {
            add_integer_operands(main, request);
        } else {
            add_real_operands(main, request);
            if (group.residual.is_valid()) request.inputs.push_back(real_port(group.residual));
            request.has_residual = group.residual.is_valid();
        }
        if (group.bias_add.is_valid()) {
            request.bias = *row_added_by(node(group.bias_add), main.outputs[0]);
        }
        Port output = real_port(group.output);
        if (group.quantize.is_valid()) output.params = qdq_.quantize_params(group.quantize);
        request.outputs.push_back(std::move(output));
        return request;
    }

    void add_integer_operands(const Node& main, KernelRequest& request) const {
        const bool is_weighted = is_linear(main);
        if (is_binary(main)) return add_binary_operands(main, request);
        const bool has_two = main.op == "MatMul" && !is_weighted;
        const std::size_t operands = main.op == "Concat" ? main.inputs.size() : has_two ? 2U : 1U;
        for (std::size_t i = 0; i < operands; ++i) {
            const auto codes = qdq_.activation_codes(main.inputs[i]);
            request.inputs.push_back({type(codes->value), codes->params});
        }
        if (is_weighted) {
            const auto weight = qdq_.stored_constant(main.inputs[1], DType::s8);
            request.weight = weight->tensor;
            request.weight_params = weight->params;
            if (main.inputs.size() > 2 && main.inputs[2].is_valid()) {
                request.bias = qdq_.stored_constant(main.inputs[2], DType::s32)->tensor;
            }
        } else if (operands == 1) {
            add_constants(main, request);
        }
    }

    void add_binary_operands(const Node& main, KernelRequest& request) const {
        for (const ValueId input : main.inputs) {
            const Tensor* constant = qdq_.real_constant(input);
            request.constants.push_back(constant != nullptr ? *constant : Tensor());
            if (constant != nullptr) continue;
            if (const auto codes = qdq_.activation_codes(input)) {
                request.inputs.push_back({type(codes->value), codes->params});
            } else {
                request.inputs.push_back(real_port(input));
            }
        }
    }

    void add_real_operands(const Node& main, KernelRequest& request) const {
        if (is_linear(main) && has_constant_weights(main)) {
            request.inputs.push_back(real_port(main.inputs[0]));
            request.weight = *qdq_.real_constant(main.inputs[1]);
            if (main.inputs.size() > 2 && main.inputs[2].is_valid()) request.bias = *qdq_.real_constant(main.inputs[2]);
            return;
        }
        for (const ValueId input : main.inputs) {
            if (input.is_valid() && !graph_.value(input).is_constant()) request.inputs.push_back(real_port(input));
        }
        add_constants(main, request);
    }

    void add_constants(const Node& main, KernelRequest& request) const {
        for (const ValueId input : main.inputs) {
            request.constants.push_back(input.is_valid() ? graph_.value(input).constant : Tensor());
        }
    }

    void emit(const KernelRequest& request, const std::string& name, std::vector<ValueId> inputs,
              std::vector<ValueId> outputs) {
        emit(request, choose(request), name, std::move(inputs), std::move(outputs));
    }

    void emit(const KernelRequest& request, const Choice& choice, const std::string& name, std::vector<ValueId> inputs,
              std::vector<ValueId> outputs) {
        if (!choice.op) throw ModelError(describe(*request.node) + ": " + choice.why);
        lowering_.steps.push_back({request, choice.op, choice.backend, name, std::move(inputs), std::move(outputs)});
        lowering_.steps.back().request.implementation = choice.implementation;
    }

    void emit_group(const Group& group) {
        const Node& main = node(group.main);
        const KernelRequest& request = group.request;
        std::vector<ValueId> inputs;
        if (group.is_integer && is_binary(main)) {
            inputs = binary_inputs(main);
        } else if (group.is_integer) {
            for (std::size_t i = 0; i < request.inputs.size(); ++i) {
                inputs.push_back(qdq_.activation_codes(main.inputs[i])->value);
            }
        } else if (is_linear(main)) {
            inputs.push_back(main.inputs[0]);
            if (group.residual.is_valid()) inputs.push_back(group.residual);
        } else {
            inputs = data_inputs(main);
        }
        if (!group.is_integer) {
            for (const ValueId input : inputs) need_real(input);
        }
        emit(request, group.choice, main.name, std::move(inputs), {group.output});
    }

    /// The codes of operands that have some, else the operands, which then must exist as reals.
    std::vector<ValueId> binary_inputs(const Node& main) {
        std::vector<ValueId> inputs;
        for (const ValueId input : main.inputs) {
            if (qdq_.real_constant(input) != nullptr) continue;
            const auto codes = qdq_.activation_codes(input);
            if (!codes) need_real(input);
            inputs.push_back(codes ? codes->value : input);
        }
        return inputs;
    }

    [[nodiscard]] std::vector<ValueId> data_inputs(const Node& n) const {
        std::vector<ValueId> inputs;
        for (const ValueId input : n.inputs) {
            if (input.is_valid() && !graph_.value(input).is_constant()) inputs.push_back(input);
        }
        return inputs;
    }

    void emit_single(NodeId id) {
        const Node& n = node(id);
        if (n.op == "DequantizeLinear") return;  // on demand: see need_real
        KernelRequest request;
        request.node = &n;
        const std::vector<ValueId> inputs = data_inputs(n);
        for (const ValueId input : inputs) {
            need_real(input);
            request.inputs.push_back(real_port(input));
        }
        add_constants(n, request);
        for (const ValueId output : n.outputs) request.outputs.push_back(real_port(output));
        if (qdq_.is_activation_quantize(id)) request.outputs[0].params = qdq_.quantize_params(id);
        emit(request, n.name, inputs, n.outputs);
    }

    /// Emits the DequantizeLinear behind a value on first use, or folds it when its codes are constant.
    void need_real(ValueId value) {
        const NodeId producer = graph_.producer(value);
        if (!producer.is_valid() || node(producer).op != "DequantizeLinear" || real_.contains(value)) {
            if (graph_.value(value).is_constant()) lowering_.constants.emplace(value, graph_.value(value).constant);
            return;
        }
        real_.insert(value);
        if (const Tensor* constant = qdq_.real_constant(value)) {
            lowering_.constants.emplace(value, *constant);
            return;
        }
        const Node& n = node(producer);
        KernelRequest request;
        request.node = &n;
        add_constants(n, request);
        request.outputs.push_back(real_port(value));
        if (graph_.value(n.inputs[0]).is_constant()) {  // in blocks, which real_constant() does not read
            emit(request, n.name, {}, {value});
            return;
        }
        Port input{type(n.inputs[0]), std::nullopt};
        if (const auto codes = qdq_.activation_codes(value)) input.params = codes->params;
        request.inputs.push_back(std::move(input));
        emit(request, n.name, {n.inputs[0]}, {value});
    }

    const Graph& graph_;
    const std::vector<TensorType>& types_;
    const LoweringOptions& options_;
    DequantizedConstants dequantized_;
    QdqView qdq_;
    std::set<std::string> bf16_;  // names of nodes
    KernelChoices kernels_;
    std::set<ValueId> taps_;
    std::set<NodeId> grouped_;
    std::map<NodeId, Group> group_at_;
    std::set<ValueId> real_;
    Lowering lowering_;
};

}  // namespace

Lowering lower(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options) {
    return Lowerer(graph, types, options).run();
}

}  // namespace halftone
