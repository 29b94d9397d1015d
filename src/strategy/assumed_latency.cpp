#include "strategy/assumed_latency.hpp"

namespace halftone {

// Rough shares of what 8 bits and bf16 gain on a machine with instructions for both; only their order matters here.
LatencyTable assumed_latency(const SearchSpace& space) {
    LatencyTable table;
    for (const Decision& decision : space.decisions()) {
        std::vector<double>& row = table.unit_ms.emplace_back();
        for (const UnitConfig& option : decision.options) {
            const bool is_bf16 = option.activation.dtype == DType::bf16;
            // Weights by blocks save memory, and time only where one row waits for it.
            const bool is_weight_only = option.is_weight_only();
            row.push_back(option.is_static()    ? 0.25
                          : option.is_dynamic() ? 0.4
                          : is_bf16             ? 0.5
                          : is_weight_only      ? 0.8
                                                : 1.0);
        }
    }
    return table;
}

}  // namespace halftone
