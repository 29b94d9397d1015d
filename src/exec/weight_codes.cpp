#include "exec/weight_codes.hpp"

#include <algorithm>

#include "exec/weight_params.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// A weight has codes for each bit width, scheme and algorithm that the search tries; four cover what alternates
/// between neighbouring candidates. More would hold the whole model several times over.
constexpr std::ptrdiff_t kMostCodesOfAWeight = 4;

/// Compared by address: the entry keeps the buffer alive, so no other weight can get its address.
bool is_same_buffer(const Tensor& a, const Tensor& b) { return a.view().data == b.view().data && a.type() == b.type(); }

}  // namespace

QuantParams WeightCodes::params(const Tensor& weight, const WeightConfig& config, std::int64_t axis) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(params_.begin(), params_.end(), [&](const KnownParams& entry) {
        return is_same_buffer(entry.weight, weight) && entry.config == config && entry.axis == axis;
    });
    if (known != params_.end()) return known->params;
    // Computed under the lock: two threads that want the same weight would otherwise both do the slow search.
    params_.push_back({weight, config, axis, choose_weight_params(weight, config, axis)});
    return params_.back().params;
}

Tensor WeightCodes::codes(const Tensor& weight, const QuantParams& params) {
    const std::lock_guard lock(mutex_);
    const auto is_of_weight = [&](const KnownCodes& entry) { return is_same_buffer(entry.weight, weight); };
    const auto known = std::find_if(codes_.begin(), codes_.end(), [&](const KnownCodes& entry) {
        return is_of_weight(entry) && entry.params == params;
    });
    if (known != codes_.end()) {
        codes_.splice(codes_.begin(), codes_, known);
        return codes_.front().codes;
    }
    if (std::count_if(codes_.begin(), codes_.end(), is_of_weight) >= kMostCodesOfAWeight) {
        codes_.erase(std::next(std::find_if(codes_.rbegin(), codes_.rend(), is_of_weight)).base());
    }
    codes_.push_front({weight, params, quantize(weight, params)});
    return codes_.front().codes;
}

}  // namespace halftone
