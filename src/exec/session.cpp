// Session: opening it, and running its steps.
//
//   Session::Session   rewrite the graph (execution_graph) -> compile (session_compile) -> allocate (session_memory)
//   run                all steps in order, or those of some actions, or each with its time
//   run_step           one step; where a NaN could be lost, looks at its inputs first (exec/nan_guard)
#include "exec/session.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "exec/execution_graph.hpp"
#include "exec/session_state.hpp"

namespace halftone {
namespace {

/// Scratch memory of the kernels. Other sessions may own it too, but none of them runs at the same time.
std::byte* scratch_of(const SessionState& state) { return const_cast<std::byte*>(state.scratch.view().data); }

bool checks_pass(const SessionState& state, const SessionStep& step) {
    return std::all_of(step.guard.checked.begin(), step.guard.checked.end(), [&](std::size_t i) {
        return is_within(state.buffers[step.inputs[i]].layout, step.input_data[i], step.guard.limit);
    });
}

/// Are the step's results what later steps rely on?
bool results_are_bounded(const SessionState& state, const SessionStep& step) {
    for (std::size_t i = 0; i < step.guard.output_bounds.size(); ++i) {
        const float bound = step.guard.output_bounds[i];
        if (std::isinf(bound)) continue;  // nothing was promised
        if (!is_within(state.buffers[step.outputs[i]].layout, step.output_data[i], bound)) return false;
    }
    return true;
}

/// Runs one step, with its witness if a NaN could be lost.
void run_step(SessionState& state, SessionStep& step) {
    const bool is_careful = step.guard.loses_nan && (state.is_out_of_bounds || !checks_pass(state, step));
    if (!is_careful) {
        step.primitive->execute(step.input_data, step.output_data, scratch_of(state));
        return;
    }
    if (!step.careful) step.careful = std::make_unique<CarefulStep>(*step.witness, *step.primitive);
    step.careful->execute(step.input_data, step.output_data, scratch_of(state));
    if (!results_are_bounded(state, step)) state.is_out_of_bounds = true;
}

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
    state_->is_out_of_bounds = false;
    for (SessionStep& step : state_->steps) run_step(*state_, step);
}

void Session::run(std::span<const StepAction> actions) {
    HALFTONE_CHECK(actions.size() == state_->steps.size(), "one action for each step");
    state_->is_out_of_bounds = false;
    for (std::size_t s = 0; s < actions.size(); ++s) {
        SessionStep& step = state_->steps[s];
        const std::vector<std::size_t>& bytes = state_->flow[s].output_bytes;
        if (actions[s].is_executed) run_step(*state_, step);
        // A result that is taken over stands where the step would have written it, in the same layout: equal keys say
        // so.
        for (std::size_t i = 0; i < actions[s].loads.size(); ++i) {
            std::memcpy(step.output_data[i], actions[s].loads[i], bytes[i]);
        }
        // What led to a loaded result was checked in another session only, so the result itself is looked at.
        if (!actions[s].loads.empty() && !results_are_bounded(*state_, step)) state_->is_out_of_bounds = true;
        for (std::size_t i = 0; i < actions[s].stores.size(); ++i) {
            std::memcpy(actions[s].stores[i], step.output_data[i], bytes[i]);
        }
    }
}

void Session::run_profiled(std::span<std::int64_t> nanoseconds) {
    HALFTONE_CHECK(nanoseconds.size() == state_->steps.size(), "one time for each step");
    const SystemClock clock;  // read twice a step, which is little beside the step itself
    state_->is_out_of_bounds = false;
    for (std::size_t s = 0; s < state_->steps.size(); ++s) {
        SessionStep& step = state_->steps[s];
        const std::chrono::nanoseconds start = clock.now();
        run_step(*state_, step);
        nanoseconds[s] = (clock.now() - start).count();
    }
}

const std::vector<StepInfo>& Session::steps() const { return state_->infos; }
const std::vector<StepFlow>& Session::flow() const { return state_->flow; }
std::size_t Session::scratch_bytes() const { return state_->scratch_bytes; }
std::size_t Session::arena_bytes() const { return state_->arena_bytes; }

std::size_t Session::step_weight_bytes() const {
    std::size_t bytes = 0;
    for (const SessionStep& step : state_->steps) bytes += step.primitive->weight_bytes();
    return bytes;
}

}  // namespace halftone
