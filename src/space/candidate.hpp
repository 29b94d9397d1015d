#pragma once
// Candidate: one point of the search space, as option indices. QuantPlan: the configuration of each unit and each
// tensor of a candidate. Both are immutable values.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/capability.hpp"
#include "graph/node.hpp"

namespace halftone {

/// choice[d] indexes the options of decision d. `hash` identifies the *effective* plan: two candidates that compute the
/// same have the same hash (SearchSpace fills it in).
struct Candidate {
    /// Index into SearchSpace::calibration_sizes() and preparations(): the number of samples, and the preparation.
    std::int64_t calibration = 0;
    std::vector<std::uint16_t> choice;
    std::uint64_t hash = 0;
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// A value that is quantized, with the configuration that decides its parameters.
struct TensorPlan {
    ValueId value;
    std::string name;
    ActivationConfig config;
    friend bool operator==(const TensorPlan&, const TensorPlan&) = default;
};

struct QuantPlan {
    std::int64_t calibration = 0;
    std::vector<UnitConfig> units;                 ///< by unit index
    std::vector<TensorPlan> tensors;               ///< by value id, each once
    std::vector<std::vector<std::string>> shared;  ///< values, by name, that share one range
    std::uint64_t hash = 0;

    [[nodiscard]] std::size_t high_precision_units() const;
    friend bool operator==(const QuantPlan&, const QuantPlan&) = default;
};

}  // namespace halftone
