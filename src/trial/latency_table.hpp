#pragma once
// LatencyTable: what a plan's units and borders cost on this machine, measured once before a search. Strategies and
// resumed runs see only the table, never a clock.

#include <cstdint>
#include <functional>
#include <vector>

#include "space/search_space.hpp"

namespace halftone {

/// All times in milliseconds per run at the table's batch size.
struct LatencyTable {
    /// Unit `producer` (or the model's input) feeds unit `consumer`. Where one side is in codes and the other is not,
    /// somebody converts.
    struct Border {
        static constexpr std::int32_t kInput = -1;
        std::int32_t producer = kInput;
        std::int32_t consumer = 0;
        double quantize_ms = 0;    ///< reals to codes
        double dequantize_ms = 0;  ///< codes to reals
        friend bool operator==(const Border&, const Border&) = default;
    };
    std::vector<std::vector<double>> unit_ms;  ///< [unit][option]
    std::vector<Border> borders;               ///< each pair once
    double rest_ms = 0;                        ///< steps that belong to no unit
    friend bool operator==(const LatencyTable&, const LatencyTable&) = default;

    /// Sum over units, borders and the rest. @pre the table is of this space
    [[nodiscard]] double of(const SearchSpace& space, const Candidate& candidate) const;
    /// Of the border, with its two units in these options. The model's input counts as reals.
    [[nodiscard]] static double cost(const Border& border, bool producer_is_quantized, bool consumer_is_quantized);
};

/// Gives the table, measured or read from the journal on the first call: strategies that do without cost nothing.
using LatencySource = std::function<const LatencyTable&()>;

}  // namespace halftone
