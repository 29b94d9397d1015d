// The space as numbers: candidates are option indices, and a plan is what they mean.
//
//   add_config, effective_hash   what of a plan computes something, as a hash: equal hashes are equal models
//   at, make, with               a candidate from its number, from choices, from another candidate
//   without_given                what stands in for codes of the file where a preparation changes the model
//   plan                         unit by unit the option that is chosen, then the tensors that these decide
//   hash                         of the whole space, for the journal
#include "space/search_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "graph/given.hpp"

namespace halftone {
namespace {

/// Sizes up to here are written out, beyond as "1.8e+21". Nobody reads sixteen digits.
constexpr long double kMostWrittenOut = 1e15L;

void add_config(Hasher& hasher, const ActivationConfig& config) {
    hasher.add(config.dtype).add(config.scheme).add(config.granularity);
    add_algorithm(hasher, config.algorithm).add(config.percentile);
    // Only where it says something new, so that spaces without dynamic quantization keep their hashes.
    if (config.when != When::calibrated) hasher.add(kWhenNames.name(config.when));
}

void add_config(Hasher& hasher, const WeightConfig& config) {
    hasher.add(config.dtype).add(config.scheme).add(config.granularity);
    add_algorithm(hasher, config.algorithm).add(config.bit);
    if (config.group_size != 0) hasher.add(config.group_size);  // as above: other spaces keep their hashes
}

/// Of what is computed, not of what was chosen: an activation choice that no tensor takes its parameters from, and the
/// calibration size of a plan without quantized units, leave no trace.
std::uint64_t effective_hash(const QuantPlan& plan, bool has_topology, bool is_prepared) {
    Hasher hasher;
    // Without a static unit no range is used, so plans of all calibration sizes are one plan. But a preparation, which
    // the calibration index names too, changes what a dynamic unit reads and what a weight is.
    const bool depends_on_calibration = std::any_of(plan.units.begin(), plan.units.end(), [&](const UnitConfig& unit) {
        return unit.is_static() || (is_prepared && unit.is_quantized());
    });
    hasher.add(depends_on_calibration ? plan.calibration : std::int64_t{-1});
    for (const UnitConfig& unit : plan.units) {
        hasher.add(unit.activation.dtype);
        if (!unit.is_quantized()) continue;
        add_config(hasher, unit.weight);
        if (unit.is_dynamic()) hasher.add(kWhenNames.name(When::at_run_time));
        // The activation configuration counts through the tensors below that it decides, and only through them.
        // A toy space has no tensors: there each unit stands for its own.
        if (!has_topology) add_config(hasher, unit.activation);
    }
    for (const TensorPlan& tensor : plan.tensors) {
        hasher.add(std::string_view(tensor.name));
        add_config(hasher, tensor.config);
    }
    return hasher.digest();
}

/// Alphas alone go in as before there were other preparations, so that journals of that time can be resumed.
void add_preparations(Hasher& hasher, const std::vector<Preparation>& preparations) {
    const bool are_alphas = are_alphas_alone(preparations);
    for (const Preparation& each : preparations) {
        if (are_alphas) {
            hasher.add(*each.smooth_alpha);
            continue;
        }
        hasher.add(each.equalizes).add(each.smooth_alpha.value_or(-1.0)).add(each.corrects_weights).add(each.bias);
    }
}

}  // namespace

int Decision::find_high_precision(DType dtype) const {
    const auto at = std::find_if(options.begin(), options.end(), [&](const UnitConfig& option) {
        return !option.is_quantized() && option.activation.dtype == dtype;
    });
    return at == options.end() ? -1 : static_cast<int>(at - options.begin());
}

SearchSpace::SearchSpace(std::vector<Decision> decisions, std::vector<std::int64_t> calibration_sizes,
                         PlanTopology topology, std::vector<Preparation> preparations)
    : decisions_(std::move(decisions)),
      calibration_sizes_(std::move(calibration_sizes)),
      preparations_(std::move(preparations)),
      topology_(std::move(topology)) {
    HALFTONE_CHECK(!calibration_sizes_.empty(), "there is a calibration size");
    HALFTONE_CHECK(preparations_.empty() || preparations_.size() == calibration_sizes_.size(),
                   "a preparation for each size");
    for (const Decision& decision : decisions_) {
        HALFTONE_CHECK(!decision.options.empty(), "a unit has at least one option");
        HALFTONE_CHECK(decision.options.size() <= UINT16_MAX, "option indices fit 16 bits");
        HALFTONE_CHECK(std::is_partitioned(decision.options.begin(), decision.options.end(),
                                           [](const UnitConfig& option) { return option.is_quantized(); }),
                       "quantized options come first");
    }
}

Preparation SearchSpace::preparation(std::int64_t calibration) const {
    return preparations_.empty() ? Preparation{} : preparations_.at(static_cast<std::size_t>(calibration));
}

long double SearchSpace::size() const {
    // As long double: 2^64 is reached by 64 units with two options, and only the magnitude matters then.
    auto size = static_cast<long double>(calibration_sizes_.size());
    for (const Decision& decision : decisions_) size *= static_cast<long double>(decision.options.size());
    return size;
}

std::string SearchSpace::size_text() const {
    if (size() <= kMostWrittenOut) return std::to_string(static_cast<std::uint64_t>(size()));
    if (std::isfinite(size())) return fmt::format("{:.1e}", size());
    return "more than 1.0e+4932";  // beyond long double
}

Candidate SearchSpace::at(std::uint64_t index) const {
    HALFTONE_CHECK(static_cast<long double>(index) < size(), "the index is inside the space");
    std::vector<std::uint16_t> choice(decisions_.size());
    // The index is a number with mixed radices: the last decision is its lowest digit.
    for (std::size_t d = decisions_.size(); d-- > 0;) {
        const std::uint64_t options = decisions_[d].options.size();
        choice[d] = static_cast<std::uint16_t>(index % options);
        index /= options;
    }
    return make(static_cast<std::int64_t>(index), std::move(choice));
}

Candidate SearchSpace::make(std::int64_t calibration, std::vector<std::uint16_t> choice) const {
    Candidate candidate{calibration, std::move(choice), 0};
    candidate.hash = plan(candidate).hash;  // the whole plan, since only its tensors say which choices count
    return candidate;
}

bool SearchSpace::contains(const Candidate& candidate) const {
    if (candidate.calibration < 0 || std::cmp_greater_equal(candidate.calibration, calibration_sizes_.size()))
        return false;
    return std::equal(candidate.choice.begin(), candidate.choice.end(), decisions_.begin(), decisions_.end(),
                      [](std::uint16_t option, const Decision& decision) { return option < decision.options.size(); });
}

Candidate SearchSpace::with(const Candidate& candidate, std::size_t decision, std::uint16_t option) const {
    HALFTONE_CHECK(decision < candidate.choice.size(), "there is such a decision");
    // Made anew, since one changed unit can move the decision about tensors of its neighbours.
    std::vector<std::uint16_t> choice = candidate.choice;
    choice[decision] = option;
    return make(candidate.calibration, std::move(choice));
}

namespace {

/// Returns what stands in for an option that keeps the codes of the model's file, where a preparation changes weights
/// and biases so that the codes are no longer theirs: the first other quantized option, else the first one that is
/// none. Every other option stays as it is.
const UnitConfig& without_given(const Decision& decision, const UnitConfig& chosen) {
    if (!is_given(chosen)) return chosen;
    // Quantized options come before high precision.
    const auto other = std::find_if(decision.options.begin(), decision.options.end(),
                                    [](const UnitConfig& option) { return !is_given(option); });
    return other == decision.options.end() ? chosen : *other;
}

}  // namespace

QuantPlan SearchSpace::plan(const Candidate& candidate) const {
    HALFTONE_CHECK(
        candidate.calibration >= 0 && candidate.calibration < static_cast<std::int64_t>(calibration_sizes_.size()),
        "the calibration index is inside the space");
    HALFTONE_CHECK(candidate.choice.size() == decisions_.size(), "one choice per decision");
    QuantPlan plan;
    plan.calibration = candidate.calibration;
    plan.units.reserve(decisions_.size());
    const bool is_model_as_given = preparation(candidate.calibration) == Preparation{};
    for (std::size_t d = 0; d < decisions_.size(); ++d) {
        HALFTONE_CHECK(candidate.choice[d] < decisions_[d].options.size(), "the option is inside the decision");
        const UnitConfig& chosen = decisions_[d].options[candidate.choice[d]];
        plan.units.push_back(is_model_as_given ? chosen : without_given(decisions_[d], chosen));
    }
    plan.tensors = topology_.tensors(plan.units);  // which of the units decides each tensor
    plan.shared = topology_.shared(plan.units);
    plan.hash = effective_hash(plan, !topology_.is_empty(), !preparations_.empty());
    return plan;
}

std::uint64_t SearchSpace::hash() const {
    Hasher hasher;
    // Lists go in with their lengths, so that an element cannot move from one list to the next unseen. Preparations
    // need none: there are either none or as many as sizes.
    hasher.add(calibration_sizes_.size());
    for (const std::int64_t size : calibration_sizes_) hasher.add(size);
    add_preparations(hasher, preparations_);
    hasher.add(decisions_.size());
    for (const Decision& decision : decisions_) {
        hasher.add(std::string_view(decision.unit)).add(std::string_view(decision.op)).add(decision.options.size());
        for (const UnitConfig& option : decision.options) {
            add_config(hasher, option.activation);
            add_config(hasher, option.weight);
        }
    }
    return hasher.digest();
}

std::optional<Candidate> all_fp32(const SearchSpace& space) {
    std::vector<std::uint16_t> choice;
    for (const Decision& decision : space.decisions()) {
        const int option = decision.find_high_precision(DType::f32);
        if (option < 0) return std::nullopt;
        choice.push_back(static_cast<std::uint16_t>(option));
    }
    return space.make(0, std::move(choice));
}

std::vector<std::pair<std::string, std::string>> fallbacks(const SearchSpace& space, const QuantPlan& plan) {
    std::vector<std::pair<std::string, std::string>> changed;
    for (std::size_t u = 0; u < plan.units.size(); ++u) {
        if (plan.units[u].is_quantized() || !space.decisions()[u].has_quantized()) continue;
        changed.emplace_back(space.decisions()[u].unit, to_string(plan.units[u].activation.dtype));
    }
    return changed;
}

}  // namespace halftone
