// Memory of a session: which buffers write over one another, then one arena for all that is not kept.
//
//   share_in_place     outputs that may overwrite an input
//   allocate_memory    lives of the buffers -> offsets (exec/memory_plan) -> addresses in every step
//   shared_or_own_memory        the arena and the kernels' scratch memory, possibly shared with other sessions
//   bytes_to_allocate           the sum of all this, which the budget must have left before the first byte is taken
#include <algorithm>
#include <string>

#include "base/budget.hpp"
#include "exec/memory_plan.hpp"
#include "exec/session_state.hpp"

namespace halftone {
namespace {

/// A session's own pointer into memory that it may share with others (Tensor::mutable_view() is for single owners).
/// Nobody else writes there while the session runs: sessions that share memory run one after the other.
std::byte* writable(const Tensor& memory) { return const_cast<std::byte*>(memory.view().data); }

/// The buffer whose memory this one uses.
std::size_t root_of(const std::vector<SessionBuffer>& buffers, std::size_t b) {
    while (buffers[b].alias_of != SessionBuffer::kNone) b = buffers[b].alias_of;
    return b;
}

/// A primitive that can write over an input does so when nobody reads that input later: the arena gets smaller, and the
/// output is written to memory that is in the processor's cache.
void share_in_place(SessionState& state) {
    for (std::size_t s = 0; s < state.steps.size(); ++s) {
        const SessionStep& step = state.steps[s];
        const int input = step.primitive->in_place_input();
        if (input < 0 || step.outputs.size() != 1) continue;
        const std::size_t source = root_of(state.buffers, step.inputs[static_cast<std::size_t>(input)]);
        SessionBuffer& target = state.buffers[step.outputs[0]];
        const SessionBuffer& from = state.buffers[source];
        const auto readers =
            std::count(step.inputs.begin(), step.inputs.end(), step.inputs[static_cast<std::size_t>(input)]);
        // Fixed memory is the user's (inputs, outputs, taps) or constant. A step that reads the input twice would see
        // its own output.
        if (from.is_fixed || target.is_fixed || from.last != s || readers != 1) continue;
        if (from.layout.bytes() < target.layout.bytes()) continue;
        target.alias_of = source;
        state.buffers[source].last = target.last;
    }
}

/// Memory for so many bytes; at least one byte, so that every buffer has an address.
Tensor raw_memory(std::size_t bytes) {
    return Tensor(TensorType{DType::u8, Shape{static_cast<std::int64_t>(std::max<std::size_t>(bytes, 1))}});
}

/// Whether a buffer is an input, an output or a tap, which get memory of their own; constants have theirs already.
bool needs_own_memory(const SessionBuffer& buffer) { return buffer.is_fixed && buffer.fixed.is_empty(); }

/// What shared_or_own_memory takes for so many bytes.
std::uint64_t bytes_beyond(std::size_t bytes, const Tensor* shared) {
    return shared != nullptr && !shared->is_empty() && shared->bytes() >= bytes ? 0 : bytes;
}

/// Returns what the session is about to allocate. All sizes are known before anything is allocated, so a session that
/// does not fit is refused as a whole, with one number that a user can compare with the limit.
std::uint64_t bytes_to_allocate(const SessionState& state, const WorkingMemory* memory) {
    std::uint64_t bytes = bytes_beyond(state.arena_bytes, memory ? &memory->arena : nullptr) +
                          bytes_beyond(state.scratch_bytes, memory ? &memory->scratch : nullptr);
    for (const SessionBuffer& buffer : state.buffers) {
        if (needs_own_memory(buffer)) bytes += buffer.layout.bytes();
    }
    return bytes;
}

/// Memory of at least so many bytes: the shared one, which is replaced where it is too small, or the session's own if
/// `shared` is null. A Tensor counts its owners, so sessions that use a replaced memory keep it alive.
Tensor shared_or_own_memory(std::size_t bytes, Tensor* shared) {
    if (shared == nullptr) return raw_memory(bytes);
    if (shared->is_empty() || shared->bytes() < bytes) *shared = raw_memory(bytes);
    return *shared;
}

/// Addresses by buffer; null for an alias, which has that of its root.
std::vector<std::byte*> addresses_of(const SessionState& state, const std::vector<std::size_t>& planned,
                                     const std::vector<std::size_t>& offsets) {
    std::vector<std::byte*> address(state.buffers.size(), nullptr);
    for (std::size_t i = 0; i < planned.size(); ++i) address[planned[i]] = writable(state.arena) + offsets[i];
    for (std::size_t b = 0; b < state.buffers.size(); ++b) {
        if (state.buffers[b].is_fixed) address[b] = writable(state.buffers[b].fixed);
    }
    return address;
}

}  // namespace

void allocate_memory(SessionState& state, WorkingMemory* memory) {
    share_in_place(state);  // before the lives are listed: an alias lengthens the life of its root
    std::vector<BufferLife> lives;
    std::vector<std::size_t> planned;
    for (std::size_t b = 0; b < state.buffers.size(); ++b) {
        const SessionBuffer& buffer = state.buffers[b];
        if (buffer.is_fixed || buffer.alias_of != SessionBuffer::kNone) continue;
        lives.push_back({buffer.layout.bytes(), buffer.first, buffer.last});
        planned.push_back(b);
    }
    const MemoryPlan plan = plan_memory(lives);
    state.arena_bytes = plan.arena_bytes;
    // One scratch for all steps, as large as the most demanding one needs: steps run one after the other.
    for (const SessionStep& step : state.steps) {
        state.scratch_bytes = std::max(state.scratch_bytes, step.primitive->scratch_bytes());
    }
    // Only asked here: the tensors below take the bytes themselves.
    const std::uint64_t needed = bytes_to_allocate(state, memory);
    if (needed > process_budget().bytes_left()) {
        throw process_budget().refusal(needed, "running the model at batch " + std::to_string(state.batch));
    }
    for (SessionBuffer& buffer : state.buffers) {
        if (needs_own_memory(buffer)) buffer.fixed = raw_memory(buffer.layout.bytes());
    }
    state.arena = shared_or_own_memory(state.arena_bytes, memory ? &memory->arena : nullptr);
    state.scratch = shared_or_own_memory(state.scratch_bytes, memory ? &memory->scratch : nullptr);
    const std::vector<std::byte*> address = addresses_of(state, planned, plan.offsets);
    for (SessionStep& step : state.steps) {
        for (const std::size_t b : step.inputs) step.input_data.push_back(address[root_of(state.buffers, b)]);
        for (const std::size_t b : step.outputs) step.output_data.push_back(address[root_of(state.buffers, b)]);
    }
}

}  // namespace halftone
