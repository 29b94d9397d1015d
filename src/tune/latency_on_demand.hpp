#pragma once
// LatencyOnDemand: the latency table of a run, measured at the first request.

#include <optional>

#include "tune/run_context.hpp"

namespace halftone::tune {

class LatencyOnDemand {
public:
    explicit LatencyOnDemand(const RunContext& run) : run_(run) {}

    /// Returns a function that gives the table; an empty function if this run can have none.
    [[nodiscard]] LatencySource source();
    /// Returns the table. The first call takes it from the journal, or measures and journals it.
    /// @throws ConfigError when the journal's table is of another search space
    [[nodiscard]] const LatencyTable& table();
    /// Returns the table if something has asked for it already.
    [[nodiscard]] const std::optional<LatencyTable>& known() const { return table_; }
    /// Returns the predicted latency of a candidate; empty while the table is not known.
    [[nodiscard]] std::optional<double> predict_ms(const Candidate& candidate) const;
    /// Returns whether passing trials are compared by their costs: if the search goes on after the goal is met, or if
    /// the strategy uses latencies. In all other searches the result does not depend on measured times.
    [[nodiscard]] bool decides() const { return run_.settings.timeout_s > 0 || table_.has_value(); }

private:
    RunContext run_;
    std::optional<LatencyTable> table_;
};

}  // namespace halftone::tune
