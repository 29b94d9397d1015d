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
    std::vector<KnownParams>& params = known_[weight.view().data].params;
    const auto known = std::find_if(params.begin(), params.end(), [&](const KnownParams& entry) {
        return is_same_buffer(entry.weight, weight) && entry.config == config && entry.axis == axis;
    });
    if (known != params.end()) return known->params;
    // Computed under the lock: two threads that want the same weight would otherwise both do the slow search.
    params.push_back({weight, config, axis, choose_weight_params(weight, config, axis)});
    return params.back().params;
}

Tensor WeightCodes::codes(const Tensor& weight, const QuantParams& params) {
    const std::lock_guard lock(mutex_);
    std::list<KnownCodes>& codes = known_[weight.view().data].codes;
    const auto is_of_weight = [&](const KnownCodes& entry) { return is_same_buffer(entry.weight, weight); };
    const auto known = std::find_if(codes.begin(), codes.end(), [&](const KnownCodes& entry) {
        return is_of_weight(entry) && entry.params == params;
    });
    if (known != codes.end()) {
        codes.splice(codes.begin(), codes, known);
        return codes.front().codes;
    }
    if (std::count_if(codes.begin(), codes.end(), is_of_weight) >= kMostCodesOfAWeight) {
        codes.erase(std::next(std::find_if(codes.rbegin(), codes.rend(), is_of_weight)).base());
    }
    codes.push_front({weight, params, quantize(weight, params)});
    return codes.front().codes;
}

}  // namespace halftone
