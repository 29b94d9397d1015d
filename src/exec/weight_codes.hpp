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

/// choose_weight_params() and quantize() with a memory. A weight is known by its buffer, which an entry
/// keeps alive. Thread-safe. Per weight, the least recently used codes leave when there are more than a few.
class WeightCodes {
public:
    [[nodiscard]] QuantParams params(const Tensor& weight, const WeightConfig& config, std::int64_t axis);
    [[nodiscard]] Tensor codes(const Tensor& weight, const QuantParams& params);

private:
    struct Range {
        Tensor weight;
        WeightConfig config;
        std::int64_t axis;
        QuantParams params;
    };
    struct Codes {
        Tensor weight;
        QuantParams params;
        Tensor codes;
    };
    std::mutex mutex_;
    std::vector<Range> ranges_;
    std::list<Codes> codes_;  // most recently used first; a few hundred, compared by address
};

}  // namespace halftone
