#pragma once
// The parameters that the file of a quantized model gives its units. capability.hpp has the option that keeps them.

#include <map>
#include <string>

#include "graph/capability.hpp"

namespace halftone {

/// A unit whose quantization in the file suits our kernels: it reads codes and has int8 weights without zero points, or
/// it reads real values and has a weight by blocks.
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
