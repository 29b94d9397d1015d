#pragma once
// Interpreter: runs a graph node by node with the plain reference operators, shapes being what the data make of them.
// It is for tails (graph/tail/split_tail.hpp): nothing is planned, nothing is quantized, and control flow is obeyed.

#include <vector>

#include "exec/session.hpp"
#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// How much one run may take, because a model of a stranger may ask a Loop to run for ever.
struct InterpreterLimits {
    std::uint64_t work = std::uint64_t{1} << 36U;  ///< of all operators together: about a minute of the plain loops
    std::uint64_t rounds = 1'000'000;              ///< of all Loops and Scans together
};

/// Runs the graph. @param inputs  by graph input
/// @returns the outputs of the graph, in order
/// @throws ModelError naming the node that cannot run with these data, or where a limit is reached
[[nodiscard]] std::vector<Tensor> interpret(const Graph& graph, const OpLibrary& ops, std::vector<Tensor> inputs,
                                            const InterpreterLimits& limits = {});

/// Runs the tail of a model on what its head has computed.
class TailRunner {
public:
    /// @param head  a graph with ModelInfo::tail
    TailRunner(const Graph& head, const OpLibrary& ops);

    /// Returns the names of the outputs of head and tail together, in the model's order.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// Returns the types that the file declares for the outputs of the tail and that the head has for its own. A
    /// dimension of -1 depends on the data.
    [[nodiscard]] const std::vector<TensorType>& types() const { return types_; }
    /// Returns the model's outputs. @param head  a session of the head, after run(); what is needed of it is copied
    [[nodiscard]] std::vector<Tensor> run(const Session& head) const;

private:
    const OpLibrary& ops_;
    std::shared_ptr<const Graph> tail_;
    std::vector<std::string> names_;
    std::vector<TensorType> types_;
    std::vector<std::size_t> inputs_;  ///< by input of the tail: which output of the head it is
    struct Source {
        bool is_tail = false;
        std::size_t position = 0;
    };
    std::vector<Source> sources_;  ///< by output of the model
};

}  // namespace halftone
