// Session: opening it, and running its steps.
//
//   Session::Session   rewrite the graph (execution_graph) -> compile (session_compile) -> allocate (session_memory)
//   run                all steps in order, or those of some actions, or each with its time
#include "exec/session.hpp"

#include <chrono>
#include <cstring>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "exec/execution_graph.hpp"
#include "exec/session_state.hpp"

namespace halftone {
namespace {

/// Scratch memory of the kernels. Other sessions may own it too, but none of them runs at the same time.
std::byte* scratch_of(const SessionState& state) { return const_cast<std::byte*>(state.scratch.view().data); }

}  // namespace

Session::Session(const Graph& given, const OpLibrary& ops, const CompileOptions& options)
    : state_(std::make_unique<SessionState>()) {
    state_->batch = options.batch;
    const ExecutionGraph execution(given, ops, options.batch, options.taps);
    compile_steps(*state_, execution.graph(), given.outputs().size(), execution.taps(), ops, options);
    allocate_memory(*state_, options.memory);
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::int64_t Session::batch() const { return state_->batch; }

std::size_t Session::input_count() const { return state_->inputs.size(); }
std::size_t Session::output_count() const { return state_->outputs.size(); }

MutableView Session::input(std::size_t i) const {
    const SessionPort& port = state_->inputs[i];
    return {port.type, state_->buffers[port.buffer].fixed.mutable_view().data};
}

TensorView Session::output(std::size_t i) const {
    const SessionPort& port = state_->outputs[i];
    return {port.type, state_->buffers[port.buffer].fixed.view().data};
}

TensorView Session::tap(std::size_t i) const {
    const SessionPort& port = state_->taps[i];
    return {port.type, state_->buffers[port.buffer].fixed.view().data};
}

void Session::run() {
    for (const SessionStep& step : state_->steps) {
        step.primitive->execute(step.input_data, step.output_data, scratch_of(*state_));
    }
}

void Session::run(std::span<const StepAction> actions) {
    HALFTONE_CHECK(actions.size() == state_->steps.size(), "one action for each step");
    for (std::size_t s = 0; s < actions.size(); ++s) {
        const SessionStep& step = state_->steps[s];
        const std::vector<std::size_t>& bytes = state_->flow[s].output_bytes;
        if (actions[s].is_executed) {
            step.primitive->execute(step.input_data, step.output_data, scratch_of(*state_));
        }
        // A result that is taken over stands where the step would have written it, in the same layout: equal keys say
        // so.
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
    const SystemClock clock;  // read twice a step, which is little beside the step itself
    for (std::size_t s = 0; s < state_->steps.size(); ++s) {
        const SessionStep& step = state_->steps[s];
        const std::chrono::nanoseconds start = clock.now();
        step.primitive->execute(step.input_data, step.output_data, scratch_of(*state_));
        nanoseconds[s] = (clock.now() - start).count();
    }
}

const std::vector<StepInfo>& Session::steps() const { return state_->infos; }
const std::vector<StepFlow>& Session::flow() const { return state_->flow; }
std::size_t Session::scratch_bytes() const { return state_->scratch_bytes; }
std::size_t Session::arena_bytes() const { return state_->arena_bytes; }

}  // namespace halftone
