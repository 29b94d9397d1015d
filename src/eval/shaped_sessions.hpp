#pragma once
// ShapedSessions: sessions of one graph, one for each shape of its inputs and number of samples together that occurs.
// Not thread-safe.

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eval/open_shapes.hpp"
#include "eval/sample_source.hpp"
#include "eval/used_rows.hpp"
#include "exec/session.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Returns the graph as it runs at these shapes; without shapes, as it is.
/// @throws ModelError naming shapes and node when it does not run at them
[[nodiscard]] Graph at_shapes(const Graph& graph, const InputShapes& shapes);

/// Returns whether so many sessions, or what they take of the process's memory, are enough: the one that was used
/// longest ago should go before another is made.
[[nodiscard]] bool are_enough_sessions(std::size_t sessions);

class ShapedSessions {
public:
    /// Compiles nothing yet. Sessions share packed weights and working memory: those of `options`, else their own.
    ShapedSessions(const Graph& graph, const CompileOptions& options);

    /// Returns the session for these shapes and makes it if there is none. The reference is valid until the next call
    /// with another shape, which may remove a session that was not used for long.
    /// @throws ModelError, BudgetError
    [[nodiscard]] Session& at(const SessionShape& shape);

private:
    Graph graph_;
    CompileOptions options_;
    std::unique_ptr<WeightCache> own_weights_;
    std::unique_ptr<WorkingMemory> own_memory_;
    std::list<std::pair<SessionShape, Session>> sessions_;  ///< the last one that was used is the first
};

/// Shapes of values for samples that were padded: how much of each value is no padding.
class UnpaddedValues {
public:
    /// @param values  of the graph
    UnpaddedValues(const Graph& graph, std::vector<ValueId> values) : graph_(graph), values_(std::move(values)) {}

    /// Returns the shapes of the values for one sample alone whose inputs have these shapes; they are found by
    /// inference, nothing is run. Empty where the model cannot run at them: then nobody can tell. Results are kept.
    [[nodiscard]] ShapesOfValues at(const InputShapes& unpadded);
    /// Returns what of a batch belongs to samples. @param batch  rows of the session
    [[nodiscard]] UsedParts parts_of(const SampleBatch& samples, std::int64_t batch);

private:
    Graph graph_;
    std::vector<ValueId> values_;
    std::map<std::string, ShapesOfValues> known_;  ///< by the shapes as text
};

}  // namespace halftone
