#pragma once
// Search spaces without a model, for tests of strategies: units with hand-made options and no tensors.

#include <string>
#include <utility>
#include <vector>

#include "space/search_space.hpp"
#include "support/unit_configs.hpp"

namespace halftone::test {

/// The only scheme and dtypes of the toys are (uint8 asym per_tensor) activations over (int8 sym) weights.
inline UnitConfig quantized(Granularity granularity, Algorithm algorithm) {
    return {.activation = {.dtype = DType::u8, .algorithm = algorithm},
            .weight = {.dtype = DType::s8, .granularity = granularity}};
}

inline const UnitConfig kMinmax = quantized(Granularity::per_channel, Algorithm::minmax);
inline const UnitConfig kKl = quantized(Granularity::per_channel, Algorithm::kl);
inline const UnitConfig kTensorMinmax = quantized(Granularity::per_tensor, Algorithm::minmax);
inline const UnitConfig kTensorKl = quantized(Granularity::per_tensor, Algorithm::kl);
inline const UnitConfig kBf16 = high_precision(DType::bf16);

inline Decision decision(std::string unit, std::vector<UnitConfig> options, std::string op = "Conv") {
    return {std::move(unit), std::move(op), std::move(options)};
}

inline SearchSpace toy_space(std::vector<Decision> decisions, std::vector<std::int64_t> sizes = {100}) {
    return {std::move(decisions), std::move(sizes), PlanTopology()};
}

/// `count` units "u0", "u1", … with the same options.
inline SearchSpace uniform_space(std::size_t count, const std::vector<UnitConfig>& options,
                                 std::vector<std::int64_t> sizes = {100}) {
    std::vector<Decision> decisions;
    for (std::size_t u = 0; u < count; ++u) decisions.push_back(decision("u" + std::to_string(u), options));
    return toy_space(std::move(decisions), std::move(sizes));
}

/// "0 1 2": the option indices; a calibration index other than 0 comes first, as "1: 0 1 2".
inline std::string choice_text(const Candidate& candidate) {
    std::string text = candidate.calibration == 0 ? "" : std::to_string(candidate.calibration) + ":";
    for (const std::uint16_t option : candidate.choice) text += (text.empty() ? "" : " ") + std::to_string(option);
    return text;
}

}  // namespace halftone::test
