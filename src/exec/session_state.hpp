#pragma once
// What a compiled session consists of: steps, and the buffers between them. Only the files session*.cpp see this.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "exec/careful_step.hpp"
#include "exec/lowering.hpp"
#include "exec/nan_guard.hpp"
#include "exec/session.hpp"
#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// A piece of memory that steps read and write. A value has one buffer for each layout in which it is needed.
struct SessionBuffer {
    Layout layout;
    bool is_fixed = false;         ///< constant, graph input, output or tap: has its own memory, which is never shared
    Tensor fixed{};                ///< memory of a fixed buffer, as raw bytes; until allocate_memory only of a constant
    std::size_t first = 0;         ///< step that writes it
    std::size_t last = 0;          ///< last step that reads it
    std::size_t alias_of = kNone;  ///< the buffer whose memory it writes over; kNone: it has memory of its own
    std::uint64_t key = 0;         ///< says what is in it: equal keys, equal bytes (only with hashes_steps)
    std::size_t producer = kNone;  ///< step that writes it; kNone for constants and graph inputs
    StepInput source{};            ///< the same with all details (only with hashes_steps)

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

struct SessionStep {
    std::unique_ptr<Primitive> primitive;
    StepGuard guard;
    std::optional<WitnessRequest> witness;     ///< of a step that may lose NaN
    std::unique_ptr<CarefulStep> careful;      ///< null until a run needs it
    std::vector<std::size_t> inputs, outputs;  ///< indices of buffers
    std::vector<const std::byte*> input_data;  ///< the same as addresses, once memory is allocated
    std::vector<std::byte*> output_data;
};

/// An input, output or tap as the user of a session sees it.
struct SessionPort {
    TensorType type;
    std::size_t buffer = 0;
};

struct SessionState {
    std::int64_t batch = 1;
    std::vector<SessionBuffer> buffers;
    std::vector<SessionStep> steps;
    std::vector<StepInfo> infos;  ///< by step
    std::vector<StepFlow> flow;   ///< by step; empty without hashes_steps
    std::vector<SessionPort> inputs, outputs, taps;
    Tensor arena, scratch;  ///< possibly shared with other sessions (WorkingMemory)
    std::size_t arena_bytes = 0;
    std::size_t scratch_bytes = 0;
    /// A value of the current run is beyond the bounds that were proven: from here on, every step that may lose NaN
    /// runs as a CarefulStep.
    bool is_out_of_bounds = false;
};

/// Fills in steps, buffers and ports from a graph that was lowered. Memory is not allocated yet.
/// @param outputs  how many outputs of `graph` are the session's; values behind them are taps
/// @throws ModelError when a node has no kernel or types do not fit
void compile_steps(SessionState& state, const Graph& graph, std::size_t outputs, const std::vector<ValueId>& taps,
                   const OpLibrary& ops, const CompileOptions& options);

/// Gives every buffer an address. Buffers whose lives do not overlap share the arena.
/// @param memory  null: the session has memory of its own
/// @throws BudgetError when the process has too little memory left, before anything is allocated
void allocate_memory(SessionState& state, WorkingMemory* memory);

}  // namespace halftone
