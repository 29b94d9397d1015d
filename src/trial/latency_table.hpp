#pragma once
// LatencyTable: the times of the units of a plan and of the conversions between them on this machine, measured once in
// a run. Strategies and resumed runs use only the table, never a clock.

#include <cstdint>
#include <functional>
#include <vector>

#include "space/search_space.hpp"

namespace halftone {

/// A pair of units: unit `producer` (or the model's input) feeds unit `consumer`. If only one of them is quantized,
/// there is a conversion between them, which takes time. Times are in milliseconds.
struct UnitConversion {
    static constexpr std::int32_t kInput = -1;  ///< the producer is the model's input, which holds real values
    std::int32_t producer = kInput;
    std::int32_t consumer = 0;
    double quantize_ms = 0;    ///< real values to codes
    double dequantize_ms = 0;  ///< codes to real values
    friend bool operator==(const UnitConversion&, const UnitConversion&) = default;

    /// Returns the time of the conversion: 0 if both units are quantized, or if neither is.
    [[nodiscard]] double cost_ms(bool producer_is_quantized, bool consumer_is_quantized) const;
};

/// All times are in milliseconds for one run at the table's batch size.
struct LatencyTable {
    std::vector<std::vector<double>> unit_ms;  ///< [unit][option]
    std::vector<UnitConversion> conversions;   ///< each pair of units once
    double rest_ms = 0;                        ///< steps that belong to no unit
    friend bool operator==(const LatencyTable&, const LatencyTable&) = default;

    /// Returns the predicted time of a candidate: the sum over its units, conversions and the rest.
    /// @pre the table is of this space
    [[nodiscard]] double predict_ms(const SearchSpace& space, const Candidate& candidate) const;
    /// Returns whether the table has a row for each unit of the space, a time for each option, and conversions between
    /// units that exist.
    [[nodiscard]] bool fits(const SearchSpace& space) const;
};

/// Returns the table. The first call measures it or reads it from the journal, so a strategy that does not need the
/// table costs no time.
using LatencySource = std::function<const LatencyTable&()>;

}  // namespace halftone
