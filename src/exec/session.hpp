#pragma once
// Session: a compiled graph at a fixed batch size: primitives in order, layouts agreed, one arena. Not thread-safe;
// each worker has its own.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"
#include "kernel/op.hpp"

namespace halftone {

struct CompileOptions {
    std::int64_t batch = 1;
    Backend backend = Backend::dnnl;
    WeightCache* weights = nullptr;
    std::vector<ValueId> taps{};  ///< values to keep readable after run(), as plain f32
};

/// One step as it was built: for inspect, bench and tests.
struct StepInfo {
    std::string name;
    std::string op;  ///< "Reorder" for a change of layout
    std::string implementation;
    bool is_integer = false;  ///< reads codes
    bool is_bf16 = false;
    double operations = 0;  ///< multiplications and additions; 0 where memory is the cost
};

struct SessionState;  ///< in session.cpp

class Session {
public:
    /// @throws ModelError when a node has no kernel or types do not fit
    Session(const Graph& graph, const OpLibrary& ops, const CompileOptions& options);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    [[nodiscard]] std::int64_t batch() const;
    /// Plain buffers to fill before run(), in graph-input order.
    [[nodiscard]] MutableView input(std::size_t i) const;
    /// Plain results, valid until the next run().
    [[nodiscard]] TensorView output(std::size_t i) const;
    /// The i-th of CompileOptions::taps.
    [[nodiscard]] TensorView tap(std::size_t i) const;
    void run();
    /// The same, with the time of each step. @pre one element for each of steps()
    void run_profiled(std::span<std::int64_t> nanoseconds);

    [[nodiscard]] const std::vector<StepInfo>& steps() const;
    [[nodiscard]] std::size_t arena_bytes() const;

private:
    std::unique_ptr<SessionState> state_;
};

}  // namespace halftone
