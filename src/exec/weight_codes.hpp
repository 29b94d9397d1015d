#pragma once
// Integer weights that were made before: most candidates change few units, and weights are the large part of a plan.

#include <cstdint>
#include <list>
#include <mutex>
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
    std::mutex mutex_;
    std::vector<KnownParams> params_;
    std::list<KnownCodes> codes_;  // most recently used first; a few hundred, compared by address
};

}  // namespace halftone
