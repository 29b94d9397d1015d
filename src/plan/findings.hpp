#pragma once
// Findings: the facts that a run finds out about single units. With them the plan file says why a unit is not
// quantized.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "graph/capability.hpp"
#include "space/search_space.hpp"
#include "trial/probe.hpp"
#include "trial/strategy.hpp"
#include "trial/trial.hpp"

namespace halftone {

/// Filled trial by trial and probe by probe, replayed ones included, so that a resumed run writes the same words.
class Findings {
public:
    /// @param space  of the run; must outlive the findings
    explicit Findings(const SearchSpace& space) : space_(space) {}

    /// Notes the outcome of a trial. Trials that failed or ended early do not count.
    /// @param stage  of the strategy. In "model_wise" every unit is quantized that can be; in "fastest" the other units
    /// are faster in high precision
    void note_trial(const Candidate& candidate, const Outcome& outcome, const std::string& stage, const Goal& goal);
    void note_probe(const ProbeRequest& request, const ProbeResult& result);

    /// Returns the reason why a unit is not quantized, in words. The first of these that exists: a refusal of the
    /// kernels or the rules; that it is faster in high precision; a measurement with this unit alone in high precision;
    /// its error when quantized; "chosen by the strategy".
    [[nodiscard]] std::string reason(const CapabilityTable& capability, std::size_t unit) const;

private:
    [[nodiscard]] std::optional<std::string> measured_reason(const std::string& unit) const;
    [[nodiscard]] std::optional<std::string> error_reason(std::size_t unit) const;

    const SearchSpace& space_;
    std::optional<double> best_model_wise_;      ///< accuracy of the best model-wise candidate
    std::map<std::string, double> alone_;        ///< accuracy with just this unit in high precision; the first measured
    std::optional<ProbeResult> unit_errors_;     ///< of the candidate that was probed last
    std::optional<double> base_error_;           ///< least error of the output, with no unit in high precision
    std::set<std::string> faster_;               ///< units in high precision in the plan that was predicted fastest
    std::map<std::string, double> error_alone_;  ///< the output's error with just this unit in high precision; the last
};

/// Returns the reason that is known without a search: the kernels refuse the unit, or the rules leave no quantized
/// option. Returns nothing if the unit has a quantized option.
[[nodiscard]] std::optional<std::string> refusal_of(const Decision& decision, const Capability& capability);

}  // namespace halftone
