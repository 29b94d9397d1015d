#pragma once
// Integer weights that were made before: most candidates change few units, and weights are the large part of a plan.

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "graph/capability.hpp"
#include "tensor/quant_params.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// choose_weight_params() and quantize() with a memory. A weight is known by its buffer, which an entry keeps alive.
/// Thread-safe. When a weight has more than a few sets of codes, the least recently used set is dropped.
class WeightCodes {
public:
    /// Returns scales and zero points of the weight. @param axis  of its output channels
    [[nodiscard]] QuantParams params(const Tensor& weight, const WeightConfig& config, std::int64_t axis);
    /// Returns the weight as codes with these parameters.
    [[nodiscard]] Tensor codes(const Tensor& weight, const QuantParams& params);

private:
    struct KnownParams {
        Tensor weight;
        WeightConfig config;
        std::int64_t axis;
        QuantParams params;
    };
    struct KnownCodes {
        Tensor weight;
        QuantParams params;
        Tensor codes;
    };
    struct OfBuffer {
        std::vector<KnownParams> params;
        std::list<KnownCodes> codes;  // most recently used first
    };
    std::mutex mutex_;
    // By the buffer's address, so that a weight is not looked for among those of a model of 100,000 layers. One buffer
    // may be read with two shapes.
    std::unordered_map<const std::byte*, OfBuffer> known_;
};

}  // namespace halftone
