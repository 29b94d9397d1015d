#include "exec/session.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "exec/align_concat.hpp"
#include "exec/fold_codes.hpp"
#include "exec/fuse_patterns.hpp"
#include "exec/fuse_tables.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/lowering.hpp"
#include "exec/memory_plan.hpp"
#include "exec/request_hash.hpp"
#include "exec/step_cost.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// A piece of memory that steps read and write.
struct Buffer {
    Layout layout;
    bool is_fixed = false;  ///< constant, graph input, output or tap: its own memory, never shared
    Tensor fixed;           ///< memory of fixed buffers (raw bytes)
    std::size_t first = 0;  ///< step that writes it
    std::size_t last = 0;   ///< last step that reads it
    std::size_t alias_of = kNone;
    std::uint64_t key = 0;         ///< of its content
    std::size_t producer = kNone;  ///< step that writes it

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

struct BuiltStep {
    std::unique_ptr<Primitive> primitive;
    std::vector<std::size_t> inputs, outputs;  ///< buffer indices
    std::vector<const std::byte*> input_data;
    std::vector<std::byte*> output_data;
};

Tensor raw_memory(std::size_t bytes) {
    return Tensor(TensorType{DType::u8, Shape{static_cast<std::int64_t>(std::max<std::size_t>(bytes, 1))}});
}

}  // namespace

struct SessionState {
    std::int64_t batch = 1;
    std::vector<Buffer> buffers;
    std::vector<BuiltStep> steps;
    std::vector<StepInfo> infos;
    std::vector<StepFlow> flow;
    std::vector<std::pair<TensorType, std::size_t>> inputs, outputs, taps;  ///< type, buffer
    Tensor arena, scratch;
    std::size_t arena_bytes = 0;
    std::size_t scratch_bytes = 0;
};

namespace {

/// Builds primitives, inserting reorders where layouts differ, and remembers in which layouts a value is at hand.
class SessionBuilder {
public:
    SessionBuilder(SessionState& state, const CompileOptions& options) : state_(state), options_(options) {}

    void add_constant(ValueId value, const Tensor& tensor) {
        const std::size_t buffer = new_buffer(Layout(tensor.type()));
        state_.buffers[buffer].is_fixed = true;
        state_.buffers[buffer].fixed = tensor;
        if (options_.hashes_steps) state_.buffers[buffer].key = hash_of(tensor);
        at_hand_[value].push_back(buffer);
    }

    std::size_t add_input(ValueId value, const TensorType& type) {
        const std::size_t buffer = new_fixed(Layout(type));
        state_.buffers[buffer].key = ++inputs_;
        at_hand_[value].push_back(buffer);
        return buffer;
    }

    void add_step(const LoweredStep& step) {
        BuildContext context;
        context.weights = options_.weights;
        for (const ValueId input : step.inputs) context.available.push_back(newest(input).layout);
        std::unique_ptr<Primitive> primitive = step.op->build(step.request, context);
        BuiltStep built;
        for (std::size_t i = 0; i < step.inputs.size(); ++i) {
            built.inputs.push_back(in_layout(step.inputs[i], primitive->input_layout(i)));
        }
        for (std::size_t i = 0; i < step.outputs.size(); ++i) {
            const std::size_t buffer = new_buffer(primitive->output_layout(i));
            built.outputs.push_back(buffer);
            at_hand_[step.outputs[i]].push_back(buffer);
        }
        built.primitive = std::move(primitive);
        const std::uint64_t content = options_.hashes_steps ? hash_of(step.request) : 0;
        push(std::move(built), content,
             {.name = step.name,
              .op = step.request.node->op,
              .implementation = {},
              .is_integer = step.request.is_quantized(),
              .is_bf16 = step.request.is_bf16,
              .operations = operations_of(step.request),
              .kernels = kernels_of(step)});
    }

    /// A buffer of its own with the plain value, valid after the run.
    std::size_t keep_plain(ValueId value, const TensorType& type) {
        const std::size_t source = in_layout(value, Layout(type));
        if (state_.buffers[source].is_fixed) return source;
        state_.buffers[source].is_fixed = true;
        state_.buffers[source].fixed = raw_memory(state_.buffers[source].layout.bytes());
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
        state_.buffers.push_back(Buffer{std::move(layout), false, {}, state_.steps.size(), state_.steps.size()});
        return state_.buffers.size() - 1;
    }

    std::size_t new_fixed(Layout layout) {
        const std::size_t bytes = layout.bytes();
        const std::size_t buffer = new_buffer(std::move(layout));
        state_.buffers[buffer].is_fixed = true;
        state_.buffers[buffer].fixed = raw_memory(bytes);
        return buffer;
    }

    [[nodiscard]] const Buffer& newest(ValueId value) const {
        const auto found = at_hand_.find(value);
        HALFTONE_CHECK(found != at_hand_.end(), "a step's input exists before the step");
        return state_.buffers[found->second.back()];
    }

    std::size_t in_layout(ValueId value, const Layout& layout) {
        auto& buffers = at_hand_.at(value);
        for (const std::size_t b : buffers) {
            if (state_.buffers[b].layout == layout) return b;
        }
        const std::size_t source = buffers.back();
        BuiltStep reorder;
        reorder.primitive = build_reorder(state_.buffers[source].layout, layout);
        reorder.inputs = {source};
        const std::size_t target = new_buffer(layout);
        reorder.outputs = {target};
        push(std::move(reorder), kReorderKey,
             {.name = state_.buffers[source].layout.name() + " to " + layout.name(),
              .op = "Reorder",
              .implementation = {}});
        at_hand_.at(value).push_back(target);
        return target;
    }

    /// @param content  hash of what the step computes, without its inputs
    void push(BuiltStep step, std::uint64_t content, StepInfo info) {
        const std::size_t index = state_.steps.size();
        if (options_.hashes_steps) add_flow(step, content);
        for (const std::size_t b : step.inputs) state_.buffers[b].last = index;
        for (const std::size_t b : step.outputs) {
            state_.buffers[b].first = index;
            state_.buffers[b].last = index;
        }
        info.implementation = step.primitive->implementation();
        state_.steps.push_back(std::move(step));
        state_.infos.push_back(std::move(info));
    }

    void add_flow(const BuiltStep& step, std::uint64_t content) {
        StepFlow flow;
        Hasher hasher;
        hasher.add(content);
        hasher.add(std::string_view(step.primitive->implementation()));
        for (const std::size_t b : step.inputs) {
            const Buffer& buffer = state_.buffers[b];
            hasher.add(buffer.key);
            if (buffer.producer != Buffer::kNone) flow.producers.push_back(buffer.producer);
        }
        for (const std::size_t b : step.outputs) {
            const Layout& layout = state_.buffers[b].layout;
            hasher.add(std::string_view(layout.name()));
            hasher.add(static_cast<std::uint64_t>(layout.bytes()));
            flow.output_bytes.push_back(layout.bytes());
        }
        flow.key = hasher.digest();
        for (std::size_t i = 0; i < step.outputs.size(); ++i) {
            state_.buffers[step.outputs[i]].key = mix(flow.key, i);
            state_.buffers[step.outputs[i]].producer = state_.steps.size();
        }
        state_.flow.push_back(std::move(flow));
    }

    static constexpr std::uint64_t kReorderKey = 0x72656f72646572;  // a name for all: the layouts say the rest

    SessionState& state_;
    const CompileOptions& options_;
    std::uint64_t inputs_ = 0;
    std::map<ValueId, std::vector<std::size_t>> at_hand_;
};

/// The buffer whose memory this one uses.
std::size_t root_of(const std::vector<Buffer>& buffers, std::size_t b) {
    while (buffers[b].alias_of != Buffer::kNone) b = buffers[b].alias_of;
    return b;
}

/// A primitive that can write over an input does so when nobody reads that input later.
void share_in_place(SessionState& state) {
    for (std::size_t s = 0; s < state.steps.size(); ++s) {
        const BuiltStep& step = state.steps[s];
        const int input = step.primitive->in_place_input();
        if (input < 0 || step.outputs.size() != 1) continue;
        const std::size_t source = root_of(state.buffers, step.inputs[static_cast<std::size_t>(input)]);
        Buffer& target = state.buffers[step.outputs[0]];
        const Buffer& from = state.buffers[source];
        const auto readers =
            std::count(step.inputs.begin(), step.inputs.end(), step.inputs[static_cast<std::size_t>(input)]);
        if (from.is_fixed || target.is_fixed || from.last != s || readers != 1) continue;
        if (from.layout.bytes() < target.layout.bytes()) continue;
        target.alias_of = source;
        state.buffers[source].last = target.last;
    }
}

/// `bytes` of the shared memory, which grows where it is too small (sessions that use the old one keep it alive), or of
/// its own.
Tensor take_memory(std::size_t bytes, Tensor* shared) {
    if (shared == nullptr) return raw_memory(bytes);
    if (shared->is_empty() || shared->bytes() < bytes) *shared = raw_memory(bytes);
    return *shared;
}

/// A session's own pointer into memory that it shares with others.
std::byte* writable(const Tensor& memory) { return const_cast<std::byte*>(memory.view().data); }

void allocate(SessionState& state, WorkingMemory* memory) {
    share_in_place(state);
    std::vector<BufferLife> lives;
    std::vector<std::size_t> planned;
    for (std::size_t b = 0; b < state.buffers.size(); ++b) {
        const Buffer& buffer = state.buffers[b];
        if (buffer.is_fixed || buffer.alias_of != Buffer::kNone) continue;
        lives.push_back({buffer.layout.bytes(), buffer.first, buffer.last});
        planned.push_back(b);
    }
    const MemoryPlan plan = plan_memory(lives);
    state.arena = take_memory(plan.arena_bytes, memory ? &memory->arena : nullptr);
    state.arena_bytes = plan.arena_bytes;

    std::vector<std::byte*> address(state.buffers.size(), nullptr);
    for (std::size_t i = 0; i < planned.size(); ++i) {
        address[planned[i]] = writable(state.arena) + plan.offsets[i];
    }
    for (std::size_t b = 0; b < state.buffers.size(); ++b) {
        if (state.buffers[b].is_fixed) address[b] = state.buffers[b].fixed.mutable_view().data;
    }
    std::size_t scratch = 0;
    for (BuiltStep& step : state.steps) {
        for (const std::size_t b : step.inputs) step.input_data.push_back(address[root_of(state.buffers, b)]);
        for (const std::size_t b : step.outputs) step.output_data.push_back(address[root_of(state.buffers, b)]);
        scratch = std::max(scratch, step.primitive->scratch_bytes());
    }
    state.scratch_bytes = scratch;
    state.scratch = take_memory(scratch, memory ? &memory->scratch : nullptr);
}

/// The values of `to` that are called as those of `from`.
std::vector<ValueId> same_names(const Graph& from, const std::vector<ValueId>& ids, const Graph& to) {
    std::vector<ValueId> found;
    for (const ValueId id : ids) {
        const auto value = to.find_value(from.value(id).name);
        HALFTONE_CHECK(value.has_value(), "a specialised graph keeps its taps");
        found.push_back(*value);
    }
    return found;
}

/// The graph that is compiled, and its taps: the given one, or one made from it.
struct Bound {
    const Graph* graph;
    std::vector<ValueId> taps;
    std::unique_ptr<Graph> own;
};

void replace(Bound& bound, Graph graph) {
    auto own = std::make_unique<Graph>(std::move(graph));
    bound.taps = same_names(*bound.graph, bound.taps, *own);
    bound.own = std::move(own);
    bound.graph = bound.own.get();
}

}  // namespace

Session::Session(const Graph& given, const OpLibrary& ops, const CompileOptions& options)
    : state_(std::make_unique<SessionState>()) {
    state_->batch = options.batch;
    Bound bound{&given, options.taps, {}};
    if (auto graph = specialise(given, ops, options.batch, options.taps)) replace(bound, std::move(*graph));
    if (auto graph = fuse_patterns(*bound.graph, {bound.taps.begin(), bound.taps.end()}))
        replace(bound, std::move(*graph));
    if (options.taps.empty()) {  // a tapped value may lie within what these join
        if (auto graph = fold_codes(*bound.graph, ops)) replace(bound, std::move(*graph));
        if (auto graph = align_concat(*bound.graph)) replace(bound, std::move(*graph));
        if (auto graph = fuse_tables(*bound.graph, ops)) replace(bound, std::move(*graph));
    }
    const Graph& graph = *bound.graph;
    const std::vector<ValueId>& taps = bound.taps;
    const std::vector<TensorType> types = bind_batch(graph, ops, options.batch);
    const Lowering lowering = lower(graph, types, {options.backend, taps});
    SessionBuilder builder(*state_, options);
    for (const auto& [value, tensor] : lowering.constants) builder.add_constant(value, tensor);
    for (const ValueId value : graph.inputs()) {
        state_->inputs.emplace_back(types[value.index()], builder.add_input(value, types[value.index()]));
    }
    for (const LoweredStep& step : lowering.steps) builder.add_step(step);
    for (std::size_t i = 0; i < given.outputs().size(); ++i) {  // those behind are taps
        const ValueId value = graph.outputs()[i];
        state_->outputs.emplace_back(types[value.index()], builder.keep_plain(value, types[value.index()]));
    }
    for (const ValueId value : taps) {
        state_->taps.emplace_back(types[value.index()], builder.keep_plain(value, types[value.index()]));
    }
    if (options.hashes_steps) {
        for (const auto* results : {&state_->outputs, &state_->taps}) {
            for (const auto& [type, buffer] : *results) {
                const std::size_t producer = state_->buffers[buffer].producer;
                if (producer != Buffer::kNone) state_->flow[producer].is_result = true;
            }
        }
    }
    allocate(*state_, options.memory);
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::int64_t Session::batch() const { return state_->batch; }

MutableView Session::input(std::size_t i) const {
    const auto& [type, buffer] = state_->inputs[i];
    return {type, state_->buffers[buffer].fixed.mutable_view().data};
}

TensorView Session::output(std::size_t i) const {
    const auto& [type, buffer] = state_->outputs[i];
    return {type, state_->buffers[buffer].fixed.view().data};
}

TensorView Session::tap(std::size_t i) const {
    const auto& [type, buffer] = state_->taps[i];
    return {type, state_->buffers[buffer].fixed.view().data};
}

void Session::run() {
    for (const BuiltStep& step : state_->steps) {
        step.primitive->execute(step.input_data, step.output_data, writable(state_->scratch));
    }
}

void Session::run(std::span<const StepAction> actions) {
    HALFTONE_CHECK(actions.size() == state_->steps.size(), "one action for each step");
    for (std::size_t s = 0; s < actions.size(); ++s) {
        const BuiltStep& step = state_->steps[s];
        const std::vector<std::size_t>& bytes = state_->flow[s].output_bytes;
        if (actions[s].is_executed) {
            step.primitive->execute(step.input_data, step.output_data, writable(state_->scratch));
        }
        for (std::size_t i = 0; i < actions[s].loads.size(); ++i) {
            std::memcpy(step.output_data[i], actions[s].loads[i], bytes[i]);
        }
        for (std::size_t i = 0; i < actions[s].stores.size(); ++i) {
            std::memcpy(actions[s].stores[i], step.output_data[i], bytes[i]);
        }
    }
}

void Session::run_profiled(std::span<std::int64_t> nanoseconds) {
    HALFTONE_CHECK(nanoseconds.size() == state_->steps.size(), "one time for each step");
    using Clock = std::chrono::steady_clock;
    for (std::size_t s = 0; s < state_->steps.size(); ++s) {
        const BuiltStep& step = state_->steps[s];
        const auto start = Clock::now();
        step.primitive->execute(step.input_data, step.output_data, writable(state_->scratch));
        nanoseconds[s] = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    }
}

const std::vector<StepInfo>& Session::steps() const { return state_->infos; }
const std::vector<StepFlow>& Session::flow() const { return state_->flow; }
std::size_t Session::scratch_bytes() const { return state_->scratch_bytes; }
std::size_t Session::arena_bytes() const { return state_->arena_bytes; }

}  // namespace halftone
