#include "exec/weight_codes.hpp"

#include <algorithm>

#include "exec/weight_params.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

constexpr std::ptrdiff_t kMostCodesOfAWeight = 4;

bool is_same(const Tensor& a, const Tensor& b) { return a.view().data == b.view().data && a.type() == b.type(); }

}  // namespace

QuantParams WeightCodes::params(const Tensor& weight, const WeightConfig& config, std::int64_t axis) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
        return is_same(range.weight, weight) && range.config == config && range.axis == axis;
    });
    if (known != ranges_.end()) return known->params;
    ranges_.push_back({weight, config, axis, choose_weight_params(weight, config, axis)});
    return ranges_.back().params;
}

Tensor WeightCodes::codes(const Tensor& weight, const QuantParams& params) {
    const std::lock_guard lock(mutex_);
    const auto is_of_weight = [&](const Codes& entry) { return is_same(entry.weight, weight); };
    const auto known = std::find_if(codes_.begin(), codes_.end(),
                                    [&](const Codes& entry) { return is_of_weight(entry) && entry.params == params; });
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
