#pragma once
// What `halftone bench` measures: a model in the wanted precision, and something to put into it.

#include <optional>
#include <string>
#include <vector>

#include "calib/table.hpp"
#include "exec/kernel_choice.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "exec/weight_codes.hpp"
#include "graph/capability.hpp"
#include "graph/graph.hpp"
#include "space/quant_plan.hpp"

namespace halftone::app {

/// The model in one precision.
class BenchModel {
public:
    /// @param precision  as-is, fp32, int8 (every unit that can be, with ranges of random inputs: for speed, not
    ///        accuracy)
    /// @param plan  a best.yaml that says how to quantize, instead of `precision`; empty: none
    /// @throws ConfigError  what the machine or the file cannot be (bf16 without its instructions, fp32 of a quantized
    ///         file)
    BenchModel(const std::string& bytes, const std::string& name, const std::string& precision,
               const std::string& plan);

    [[nodiscard]] const Graph& graph() const { return graph_; }
    void set_kernels(const KernelChoices& choices) { graph_ = with_kernels(graph_, choices); }
    /// int8: candidates can be made of it.
    [[nodiscard]] bool has_candidates() const { return is_int8_; }
    /// The graph of a search's next candidate: one unit, another for each `number`, has another int8 option than in
    /// graph(). @pre has_candidates()
    [[nodiscard]] Graph candidate(std::size_t number) const;

private:
    [[nodiscard]] Graph all_in_bf16() const;
    [[nodiscard]] Graph quantized(const std::vector<UnitConfig>& units) const;

    PreparedModel model_;
    bool is_int8_ = false;
    CapabilityTable capability_;
    PlanTopology topology_;
    std::optional<RangeTable> ranges_;
    mutable WeightCodes codes_;  // a cache
    Graph graph_;
};

/// Seeded values: uniform in [-1, 1) for reals, zeros for integers.
void fill_inputs(Session& session, std::size_t inputs);

}  // namespace halftone::app
