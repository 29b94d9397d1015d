#pragma once
// Session: a compiled graph at a fixed batch size: primitives in order, layouts agreed, one arena. Not thread-safe;
// each worker has its own.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exec/step_identity.hpp"
#include "graph/graph.hpp"
#include "graph/op_library.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// Working memory that sessions of one thread can share: they never run at the same time, and nothing in it outlives a
/// run.
struct WorkingMemory {
    Tensor arena, scratch;
};

struct CompileOptions {
    std::int64_t batch = 1;
    Backend backend = Backend::dnnl;  ///< the fastest that may be used
    WeightCache* weights = nullptr;   ///< packed weights shared with other sessions; null: this session has its own
    std::vector<ValueId> taps{};      ///< values that stay readable after run(), as plain f32
    WorkingMemory* memory = nullptr;  ///< used, and enlarged if it is too small; null: this session has its own
    bool hashes_steps = false;        ///< whether flow() is filled in
    bool lists_kernels = false;       ///< whether StepInfo::kernels is filled in
};

/// One step as it was built: for inspect, bench and tests.
struct StepInfo {
    std::string name;
    std::string op;  ///< "Reorder" for a change of layout
    std::string implementation;
    bool is_integer = false;  ///< whether it reads codes
    bool is_bf16 = false;
    double operations = 0;  ///< multiplications and additions; 0 for steps whose cost is moving memory
    /// Names of all kernels that can run it (exec/kernel_choice.hpp), the default first, whichever runs.
    std::vector<std::string> kernels{};
    /// Names of the model's nodes that run in it. Those of an fp32 model and of its quantized form overlap, so they
    /// show which steps do the same work. Empty for a change of layout.
    std::vector<std::string> nodes{};
};

/// How a step's results come about. Two steps of any sessions that write the same bytes for the same graph inputs have
/// the same key: it is a hash of the computation, its constants and layouts, and all that leads to its inputs. Steps
/// with the same key are compared by their identities before anything is shared.
struct StepFlow {
    std::uint64_t key = 0;
    std::shared_ptr<const StepIdentity> identity;  ///< what the key stands for
    std::vector<std::size_t> producers;            ///< steps whose results it reads
    std::vector<std::size_t> output_bytes;         ///< by output
    bool is_result = false;                        ///< whether it writes an output of the graph, or a tap
};

/// What a run does at a step.
struct StepAction {
    bool is_executed = true;
    std::vector<const std::byte*> loads{};  ///< by output: where its result is copied from; empty: it is not copied
    std::vector<std::byte*> stores{};       ///< by output: where its result is copied to; empty: nowhere
};

struct SessionState;  ///< in session_state.hpp

class Session {
public:
    /// @throws ModelError when a node has no kernel or types do not fit
    Session(const Graph& graph, const OpLibrary& ops, const CompileOptions& options);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    [[nodiscard]] std::int64_t batch() const;
    /// Returns the buffer of the i-th graph input, plain row-major. The caller fills it before run().
    [[nodiscard]] MutableView input(std::size_t i) const;
    [[nodiscard]] std::size_t input_count() const;
    /// Returns the i-th graph output, plain row-major. It is valid until the next run().
    [[nodiscard]] TensorView output(std::size_t i) const;
    [[nodiscard]] std::size_t output_count() const;
    /// Returns the i-th value of CompileOptions::taps, plain row-major. It is valid until the next run().
    [[nodiscard]] TensorView tap(std::size_t i) const;
    /// Executes all steps.
    void run();
    /// Executes only the steps whose action says so, and copies results in and out. @pre one element for each of
    /// steps()
    void run(std::span<const StepAction> actions);
    /// Executes all steps and measures each. @pre one element for each of steps()
    void run_profiled(std::span<std::int64_t> nanoseconds);

    [[nodiscard]] const std::vector<StepInfo>& steps() const;
    /// One element for each of steps(). @pre CompileOptions::hashes_steps
    [[nodiscard]] const std::vector<StepFlow>& flow() const;
    [[nodiscard]] std::size_t arena_bytes() const;
    [[nodiscard]] std::size_t scratch_bytes() const;
    /// Bytes of packed weights that steps hold by themselves, beside the weight cache.
    [[nodiscard]] std::size_t step_weight_bytes() const;

private:
    std::unique_ptr<SessionState> state_;
};

}  // namespace halftone
