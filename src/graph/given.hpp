#pragma once
// What the file of a quantized model says of its units: the parameters that it gives, and the option that keeps them.

#include <map>
#include <string>

#include "graph/capability.hpp"

namespace halftone {

/// The algorithm of an option whose parameters come from the model's file, and not from calibration or from weights.
inline constexpr Algorithm kGiven{"given"};

/// Returns whether the option keeps what the file says.
[[nodiscard]] inline bool is_given(const UnitConfig& config) { return config.weight.algorithm == kGiven; }

/// One unit that the file quantizes as our kernels can: codes in, int8 weights without zero points; or real values in,
/// and a weight by blocks.
struct GivenUnit {
    DType activation = DType::u8;  ///< of the codes that it reads; f32: of real values
    QuantParams weight{};
    [[nodiscard]] bool is_weight_only() const { return weight.has_blocks(); }
};

struct GivenNumbers {
    std::map<std::string, QuantParams> activations{};  ///< by name of the real value; per tensor
    std::map<std::string, GivenUnit> units{};          ///< by name; units that the file does not quantize are missing
};

}  // namespace halftone
