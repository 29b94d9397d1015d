#pragma once
// A model in a wanted precision for measuring speed: ranges come from random inputs, so accuracy means nothing here.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "calib/table.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "exec/weight_codes.hpp"
#include "graph/capability.hpp"
#include "graph/graph.hpp"
#include "space/quant_plan.hpp"

namespace halftone {

class BenchModel {
public:
    /// @param name       of the model's file, for messages
    /// @param precision  "as-is" and "fp32": the model as it is; "bf16": every unit that can be; "int8": every unit
    ///                   that can be, with ranges of random inputs
    /// @throws ConfigError when the machine or the file cannot do it: bf16 without its instructions, another precision
    ///         than as-is for a model that is quantized already
    BenchModel(PreparedModel model, const std::string& name, const std::string& precision);
    /// A graph that is made already, for example by a plan file.
    /// @param fp32  the model that it was quantized from
    BenchModel(const Graph& graph, const Graph& fp32) : graph_(graph), fp32_(fp32) {}

    [[nodiscard]] const Graph& graph() const { return graph_; }
    /// Returns the model in fp32, to compare with. Nothing where graph() is that model, or where a file that is
    /// quantized already runs as it is.
    [[nodiscard]] const std::optional<Graph>& fp32() const { return fp32_; }
    void set_kernels(const KernelChoices& choices) { graph_ = with_kernels(graph_, choices); }
    /// True for "int8": then candidates can be made.
    [[nodiscard]] bool has_candidates() const { return is_int8_; }
    /// Returns a graph as a search's next candidate would have it: one unit (another one for each `number`) has another
    /// int8 option than in graph(). @pre has_candidates()
    [[nodiscard]] Graph candidate(std::size_t number);

private:
    [[nodiscard]] Graph all_in_bf16() const;
    [[nodiscard]] Graph quantized(const std::vector<UnitConfig>& units);

    PreparedModel model_;
    bool is_int8_ = false;
    CapabilityTable capability_;
    PlanTopology topology_;
    std::optional<RangeTable> ranges_;
    WeightCodes codes_;  ///< of earlier candidates, as a search keeps them
    Graph graph_;
    std::optional<Graph> fp32_;
};

/// Returns how many samples a run has where `wanted` are asked for. A model without an open first dimension has as many
/// as its file says; 1 is also what nobody asked for, so that it fits such a model. @throws ConfigError naming --batch
/// where another number is wanted
[[nodiscard]] std::int64_t checked_batch(const Graph& graph, std::int64_t wanted);

/// Returns the milliseconds that the tail of a model takes behind one run of its head: the median of a few runs.
/// Nothing for a model without a tail.
/// @param session  of that graph, after run()
[[nodiscard]] std::optional<double> tail_ms(const Graph& graph, const Session& session, const Clock& clock);

/// Fills the session's first `inputs` inputs with seeded values: uniform in [-1, 1) for fp32, zeros for integers.
void fill_inputs(Session& session, std::size_t inputs);

}  // namespace halftone
