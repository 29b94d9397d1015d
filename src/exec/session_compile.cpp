// Compilation: from lowered steps to primitives with buffers between them.
//
//   compile_steps                 lower, then constants, inputs, steps, outputs and taps in this order
//   SessionBuilder::add_step      builds one primitive; asks in_layout for each of its inputs
//   SessionBuilder::in_layout     finds a value in a layout, or puts a Reorder in that makes it
//   SessionBuilder::keep_plain    gives outputs and taps memory that outlives the run
//   SessionBuilder::add_flow      hashes what a step computes, for sessions that share a prefix
//
// Layouts are agreed greedily in execution order: a kernel proposes from what is at hand, and nothing looks ahead.
#include <map>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/lowering.hpp"
#include "exec/session_state.hpp"
#include "exec/step_cost.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reorder.hpp"
#include "kernel/ops/request_fields.hpp"

namespace halftone {
namespace {

/// Builds primitives one step after the other, puts in a reorder where a step wants its input in another layout, and
/// remembers in which layouts each value is at hand.
class SessionBuilder {
public:
    SessionBuilder(SessionState& state, const CompileOptions& options) : state_(state), options_(options) {}

    void add_constant(ValueId value, const Tensor& tensor) {
        const std::size_t buffer = new_buffer(Layout(tensor.type()));
        state_.buffers[buffer].is_fixed = true;
        state_.buffers[buffer].fixed = tensor;
        if (options_.hashes_steps) {
            state_.buffers[buffer].key = hash_of(tensor);
            state_.buffers[buffer].source.constant = tensor;
        }
        nan_guard_.add_constant(value, tensor);
        at_hand_[value].push_back(buffer);
    }

    std::size_t add_input(ValueId value, const TensorType& type) {
        const std::size_t buffer = new_fixed(Layout(type));
        // Sessions that share a prefix are fed alike, so the input's number says it all.
        state_.buffers[buffer].source.graph_input = inputs_;
        state_.buffers[buffer].key = ++inputs_;
        at_hand_[value].push_back(buffer);
        return buffer;
    }

    void add_step(const LoweredStep& step) {
        // The kernel sees in which layouts its inputs are at hand, and may choose its own accordingly.
        BuildContext context;
        context.weights = options_.weights;
        for (const ValueId input : step.inputs) context.available.push_back(newest(input).layout);
        std::unique_ptr<Primitive> primitive = step.op->build(step.request, context);
        SessionStep built;
        for (std::size_t i = 0; i < step.inputs.size(); ++i) {
            built.inputs.push_back(in_layout(step.inputs[i], primitive->input_layout(i)));
        }
        for (std::size_t i = 0; i < step.outputs.size(); ++i) {
            const std::size_t buffer = new_buffer(primitive->output_layout(i));
            built.outputs.push_back(buffer);
            at_hand_[step.outputs[i]].push_back(buffer);
        }
        built.primitive = std::move(primitive);
        built.guard = nan_guard_.add_step(step);
        if (built.guard.loses_nan) built.witness.emplace(step);
        push(std::move(built), &step.request,
             {.name = step.name,
              .op = step.request.node->op,
              .implementation = {},
              .is_integer = step.request.is_quantized() || step.request.node->op == "ScaledMatMulInteger",
              .is_bf16 = step.request.is_bf16,
              .operations = operations_of(step.request),
              .kernels = kernels_of(step),
              .nodes = step.nodes});
    }

    /// A buffer of its own with the value in plain layout, which stays valid after the run.
    std::size_t keep_plain(ValueId value, const TensorType& type) {
        const std::size_t source = in_layout(value, Layout(type));
        if (state_.buffers[source].is_fixed) return source;
        state_.buffers[source].is_fixed = true;
        return source;
    }

private:
    [[nodiscard]] std::vector<std::string> kernels_of(const LoweredStep& step) const {
        std::vector<std::string> names;
        if (!options_.lists_kernels) return names;
        for (const Kernel& kernel : all_kernels(step.request)) names.push_back(kernel.name());
        return names;
    }

    std::size_t new_buffer(Layout layout) {
        state_.buffers.push_back(
            {.layout = std::move(layout), .first = state_.steps.size(), .last = state_.steps.size()});
        return state_.buffers.size() - 1;
    }

    std::size_t new_fixed(Layout layout) {
        const std::size_t buffer = new_buffer(std::move(layout));
        state_.buffers[buffer].is_fixed = true;
        return buffer;
    }

    [[nodiscard]] const SessionBuffer& newest(ValueId value) const {
        const auto found = at_hand_.find(value);
        HALFTONE_CHECK(found != at_hand_.end(), "a step's input exists before the step");
        return state_.buffers[found->second.back()];
    }

    /// The buffer that has the value in this layout. A reorder is made once: later readers find its result.
    std::size_t in_layout(ValueId value, const Layout& layout) {
        auto& buffers = at_hand_.at(value);
        for (const std::size_t b : buffers) {
            if (state_.buffers[b].layout == layout) return b;
        }
        const std::size_t source = buffers.back();  // the newest is most likely still in the processor's cache
        SessionStep reorder;
        reorder.primitive = build_reorder(state_.buffers[source].layout, layout);
        reorder.inputs = {source};
        const std::size_t target = new_buffer(layout);
        reorder.outputs = {target};
        push(std::move(reorder), nullptr,
             {.name = state_.buffers[source].layout.name() + " to " + layout.name(),
              .op = "Reorder",
              .implementation = {}});
        at_hand_.at(value).push_back(target);
        return target;
    }

    /// @param request  what the step computes; null for a reorder
    void push(SessionStep step, const KernelRequest* request, StepInfo info) {
        const std::size_t index = state_.steps.size();
        if (options_.hashes_steps) add_flow(step, request);
        for (const std::size_t b : step.inputs) state_.buffers[b].last = index;
        for (const std::size_t b : step.outputs) {
            state_.buffers[b].first = index;
            state_.buffers[b].last = index;
        }
        info.implementation = step.primitive->implementation();
        state_.steps.push_back(std::move(step));
        state_.infos.push_back(std::move(info));
    }

    /// The key of a step covers the computation, the kernel (another one may round differently), its inputs' keys and
    /// the layouts of its outputs: two steps of any sessions with one key write the same bytes.
    void add_flow(const SessionStep& step, const KernelRequest* request) {
        StepFlow flow;
        auto identity = std::make_shared<StepIdentity>(request);
        identity->implementation = step.primitive->implementation();
        Hasher hasher;
        hasher.add(request == nullptr ? kReorderKey : hash_of(*request));
        hasher.add(std::string_view(identity->implementation));
        for (const std::size_t b : step.inputs) {
            const SessionBuffer& buffer = state_.buffers[b];
            hasher.add(buffer.key);
            identity->inputs.push_back(buffer.source);
            if (buffer.producer != SessionBuffer::kNone) flow.producers.push_back(buffer.producer);
        }
        for (const std::size_t b : step.outputs) {
            const Layout& layout = state_.buffers[b].layout;
            hasher.add(std::string_view(layout.name()));
            hasher.add(static_cast<std::uint64_t>(layout.bytes()));
            identity->output_layouts.push_back(layout.name() + " of " + std::to_string(layout.bytes()) + " bytes");
            flow.output_bytes.push_back(layout.bytes());
        }
        flow.key = hasher.digest();
        for (std::size_t i = 0; i < step.outputs.size(); ++i) {
            state_.buffers[step.outputs[i]].key = mix(flow.key, i);
            state_.buffers[step.outputs[i]].producer = state_.steps.size();
            state_.buffers[step.outputs[i]].source = {.producer = state_.steps.size(), .output = i};
        }
        flow.identity = std::move(identity);
        state_.flow.push_back(std::move(flow));
    }

    static constexpr std::uint64_t kReorderKey = 0x72656f72646572;  // a name for all: the layouts say the rest

    SessionState& state_;
    const CompileOptions& options_;
    std::uint64_t inputs_ = 0;
    NanGuard nan_guard_;
    std::map<ValueId, std::vector<std::size_t>> at_hand_;
};

/// Marks the steps whose results the user reads: sharing must never leave those out.
void mark_results(SessionState& state) {
    for (const auto* ports : {&state.outputs, &state.taps}) {
        for (const SessionPort& port : *ports) {
            const std::size_t producer = state.buffers[port.buffer].producer;
            if (producer != SessionBuffer::kNone) state.flow[producer].is_result = true;
        }
    }
}

}  // namespace

void compile_steps(SessionState& state, const Graph& graph, std::size_t outputs, const std::vector<ValueId>& taps,
                   const OpLibrary& ops, const CompileOptions& options) {
    const std::vector<TensorType> types = bind_batch(graph, ops, options.batch);
    const Lowering lowering = lower(graph, types, {options.backend, taps});
    SessionBuilder builder(state, options);
    for (const auto& [value, tensor] : lowering.constants) builder.add_constant(value, tensor);
    for (const ValueId value : graph.inputs()) {
        const TensorType& type = types[value.index()];
        state.inputs.push_back({type, builder.add_input(value, type)});
    }
    for (const LoweredStep& step : lowering.steps) builder.add_step(step);
    // Last, because a reorder back to plain layout must come behind the step that makes the value.
    for (std::size_t i = 0; i < outputs; ++i) {
        const ValueId value = graph.outputs()[i];
        state.outputs.push_back({types[value.index()], builder.keep_plain(value, types[value.index()])});
    }
    for (const ValueId value : taps) {
        state.taps.push_back({types[value.index()], builder.keep_plain(value, types[value.index()])});
    }
    if (options.hashes_steps) mark_results(state);
}

}  // namespace halftone
