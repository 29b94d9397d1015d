#include "strategy/assumed_latency.hpp"

namespace halftone {

// Rough shares of what 8 bits and bf16 gain on a machine with instructions for both; only their order matters here.
LatencyTable assumed_latency(const SearchSpace& space) {
    LatencyTable table;
    for (const Decision& decision : space.decisions()) {
        std::vector<double>& row = table.unit_ms.emplace_back();
        for (const UnitConfig& option : decision.options) {
            row.push_back(option.is_quantized() ? 0.25 : option.activation.dtype == DType::bf16 ? 0.5 : 1.0);
        }
    }
    return table;
}

}  // namespace halftone
