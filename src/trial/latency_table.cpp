#include "trial/latency_table.hpp"

#include <utility>

#include "base/check.hpp"

namespace halftone {

double UnitConversion::cost_ms(bool producer_is_quantized, bool consumer_is_quantized) const {
    if (producer_is_quantized == consumer_is_quantized) return 0;
    return consumer_is_quantized ? quantize_ms : dequantize_ms;
}

// A plan's units run one after the other on all cores of a rank, so their times add up. What the sum cannot know, such
// as caches that stay warm from one unit to the next, is why finalists are timed as whole models.
double LatencyTable::predict_ms(const SearchSpace& space, const Candidate& candidate) const {
    HALFTONE_CHECK(unit_ms.size() == space.decisions().size(), "a latency table has a row for each unit");
    // Of a dynamic unit the neighbours see real values: its own conversions are part of its time.
    const auto is_quantized = [&](std::int32_t unit) {
        if (unit == UnitConversion::kInput) return false;
        const auto u = static_cast<std::size_t>(unit);
        return space.decisions()[u].options[candidate.choice[u]].is_static();
    };
    double sum = rest_ms;
    for (std::size_t u = 0; u < unit_ms.size(); ++u) sum += unit_ms[u].at(candidate.choice[u]);
    for (const UnitConversion& conversion : conversions) {
        sum += conversion.cost_ms(is_quantized(conversion.producer), is_quantized(conversion.consumer));
    }
    return sum;
}

bool LatencyTable::fits(const SearchSpace& space) const {
    const std::size_t units = space.decisions().size();
    if (unit_ms.size() != units) return false;
    for (std::size_t u = 0; u < units; ++u) {
        if (unit_ms[u].size() != space.decisions()[u].options.size()) return false;
    }
    for (const UnitConversion& conversion : conversions) {
        if (conversion.producer < UnitConversion::kInput || std::cmp_greater_equal(conversion.producer, units)) {
            return false;
        }
        if (conversion.consumer < 0 || std::cmp_greater_equal(conversion.consumer, units)) return false;
    }
    return true;
}

}  // namespace halftone
