#pragma once
// SearchSpace: the options of each unit, from graph, capability and the user's rules. Candidates are found by index.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/shared_list.hpp"
#include "config/run_config.hpp"
#include "graph/capability.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"
#include "space/candidate.hpp"
#include "space/quant_plan.hpp"

namespace halftone {

/// The options of one unit, at least one. Quantized options come first, and the first option is the default. Units with
/// the same options share one list.
struct Decision {
    std::string unit;
    std::string op;
    SharedList<UnitConfig> options;
    /// Index of the option with this high-precision dtype, or -1.
    [[nodiscard]] int find_high_precision(DType dtype) const;
    [[nodiscard]] bool has_quantized() const { return !options.empty() && options.front().is_quantized(); }
};

class SearchSpace {
public:
    SearchSpace(std::vector<Decision> decisions, std::vector<std::int64_t> calibration_sizes, PlanTopology topology,
                std::vector<Preparation> preparations = {});

    [[nodiscard]] const std::vector<Decision>& decisions() const { return decisions_; }
    [[nodiscard]] const std::vector<std::int64_t>& calibration_sizes() const { return calibration_sizes_; }
    /// Returns how the model is prepared for each calibration index; empty if the search chooses no preparation. A size
    /// then stands in calibration_sizes() once for each preparation.
    [[nodiscard]] const std::vector<Preparation>& preparations() const { return preparations_; }
    /// Returns the preparation of a calibration index: the recipes that the search chooses, without those that every
    /// candidate has. If the search chooses no preparation, it is the one that does nothing.
    [[nodiscard]] Preparation preparation(std::int64_t calibration) const;
    [[nodiscard]] const PlanTopology& topology() const { return topology_; }
    /// Returns the number of candidates: calibration sizes times the product of all options. Exact below 2^63, else
    /// rounded.
    [[nodiscard]] long double size() const;
    /// Returns the size as text: "4096" or "1.8e+21".
    [[nodiscard]] std::string size_text() const;
    /// Returns candidate number `index`, 0 <= index < min(size(), 2^63): calibration size slowest, last decision
    /// fastest.
    [[nodiscard]] Candidate at(std::uint64_t index) const;
    /// Returns a candidate with its effective hash (README.md says what counts). @throws InternalError when an index is
    /// out of its range
    [[nodiscard]] Candidate make(std::int64_t calibration, std::vector<std::uint16_t> choice) const;
    /// Returns whether every index of the candidate is within its range. @param candidate  may come from a message
    [[nodiscard]] bool contains(const Candidate& candidate) const;
    /// Returns the same candidate with unit `decision` set to `option`.
    [[nodiscard]] Candidate with(const Candidate& candidate, std::size_t decision, std::uint16_t option) const;
    /// Returns the configuration of each unit and each tensor of the candidate.
    [[nodiscard]] QuantPlan plan(const Candidate& candidate) const;
    /// Returns the identity of the space: names, options, sizes. It stands in the journal's header.
    [[nodiscard]] std::uint64_t hash() const;

private:
    std::vector<Decision> decisions_;
    std::vector<std::int64_t> calibration_sizes_;
    std::vector<Preparation> preparations_;
    PlanTopology topology_;
};

/// Returns the candidate with every unit in fp32, or nothing if some unit does not offer fp32.
[[nodiscard]] std::optional<Candidate> all_fp32(const SearchSpace& space);

/// Returns the units that a plan keeps in high precision although they have a quantized option, as (unit, dtype word),
/// by unit index.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> fallbacks(const SearchSpace& space,
                                                                         const QuantPlan& plan);

/// Narrows the capability by the user's rules: exact unit or node name > pattern (re: or glob) > optype_wise >
/// model_wise; within one level all matching rules must hold. `exclude`d units keep fp32 only. A rule narrows only the
/// fields that it names. The order of rules plays no part; the user's order of words is the order of options.
/// @throws ConfigError with the rule's line if it matches no unit (with the nearest names) or leaves no option.
[[nodiscard]] SearchSpace build_space(const Graph& graph, const std::vector<Unit>& units,
                                      const CapabilityTable& capabilities, const QuantizationConfig& config);

}  // namespace halftone
