#pragma once
// Probes: measurements without labels, for which a strategy may ask besides trials. A probe runs the fp32 model and a
// candidate over the calibration samples and compares their values.

#include <cstdint>
#include <string>
#include <vector>

#include "space/candidate.hpp"

namespace halftone {

enum class ProbeKind : std::uint8_t {
    unit_errors,   ///< of each unit's output
    output_error,  ///< of the model's outputs
};

/// Sums over all elements of all samples, from which every distance is computed. x is the value in the fp32 model, y
/// the real value in the quantized model.
struct ErrorSums {
    double error = 0;                             ///< sum (x - y)^2
    double reference = 0;                         ///< sum x^2
    double quantized = 0;                         ///< sum y^2
    double product = 0;                           ///< sum x y
    double sum = 0;                               ///< sum x
    double quantized_sum = 0;                     ///< sum y
    double min = 0, max = 0;                      ///< of x; both are 0 while count is 0
    double quantized_min = 0, quantized_max = 0;  ///< of y
    std::int64_t count = 0;
    friend bool operator==(const ErrorSums&, const ErrorSums&) = default;

    void add(float x, float y);
    /// Adds a later shard's sums.
    void merge(const ErrorSums& later);
    /// Returns noise to signal, sum (x - y)^2 / sum x^2; the inverse is the SQNR. 0 / 0 is 0. The result is infinite if
    /// x is zero everywhere and y is not.
    [[nodiscard]] double relative() const;
    /// Returns the distance of LPOT 1.5: the mean of squared differences after each tensor is scaled by its own range
    /// to [0, 1]. A constant tensor scales to 0; without elements the distance is 0.
    [[nodiscard]] double own_range_mse() const;
};

struct ProbeRequest {
    ProbeKind kind = ProbeKind::unit_errors;
    Candidate candidate;
};

struct ProbeResult {
    std::vector<ErrorSums> values;  ///< one for each unit (unit_errors), or for each output of reals (output_error)
    std::int64_t samples = 0;
    std::string failure;  ///< if not empty, the candidate cannot be built and there are no values
    friend bool operator==(const ProbeResult&, const ProbeResult&) = default;
};

}  // namespace halftone
