#include "trial/latency_table.hpp"

#include "base/check.hpp"

namespace halftone {

double LatencyTable::cost(const Border& border, bool producer_is_quantized, bool consumer_is_quantized) {
    if (producer_is_quantized == consumer_is_quantized) return 0;
    return consumer_is_quantized ? border.quantize_ms : border.dequantize_ms;
}

double LatencyTable::of(const SearchSpace& space, const Candidate& candidate) const {
    HALFTONE_CHECK(unit_ms.size() == space.decisions().size(), "a latency table has a row for each unit");
    const auto is_quantized = [&](std::int32_t unit) {
        if (unit == Border::kInput) return false;
        const auto u = static_cast<std::size_t>(unit);
        return space.decisions()[u].options[candidate.choice[u]].is_quantized();
    };
    double sum = rest_ms;
    for (std::size_t u = 0; u < unit_ms.size(); ++u) sum += unit_ms[u].at(candidate.choice[u]);
    for (const Border& border : borders) {
        sum += cost(border, is_quantized(border.producer), is_quantized(border.consumer));
    }
    return sum;
}

}  // namespace halftone
