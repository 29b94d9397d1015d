#include "exec/weight_params.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.hpp"
#include "calib/observer.hpp"
#include "tensor/affine.hpp"
#include "tensor/block_affine.hpp"
#include "tensor/slices.hpp"

namespace halftone {
namespace {

// Clips of the mse search, in hundredths of the extremes. A range below 40 % would clip a large part of the weights.
constexpr int kNarrowestClip = 40;
constexpr int kNoClip = 100;

/// The codes that a weight may have: lowest and highest.
struct CodeLimits {
    double low = 0;
    double high = 0;
};

struct SliceParams {
    float scale = 1.0F;
    std::int32_t zero_point = 0;
};

/// Each slice's elements, in memory order.
std::vector<std::vector<float>> values_of(const Tensor& weight, const Slices& slices) {
    std::vector<std::vector<float>> values(slices.channels);
    for_each_block(slices, [&](std::size_t channel, std::size_t first) {
        const auto block = weight.as<float>().subspan(first, slices.inner);
        values[channel].insert(values[channel].end(), block.begin(), block.end());
    });
    return values;
}

SliceParams params_of(const Range& range, Scheme scheme, const CodeLimits& codes) {
    const double low = std::min(static_cast<double>(range.low), 0.0);
    const double high = std::max(static_cast<double>(range.high), 0.0);
    const bool is_symmetric = scheme == Scheme::sym;
    const double width = is_symmetric ? std::max(-low, high) : high - low;
    if (width == 0) return {};  // a channel of zeros: any scale will do
    // Symmetric codes are [-high, high]: both halves have `high` steps, and the lowest code of int8 is not used.
    const double steps = is_symmetric ? codes.high : codes.high - codes.low;
    SliceParams params;
    params.scale = std::max(static_cast<float>(width / steps), std::numeric_limits<float>::min());
    if (is_symmetric) return params;
    const double zero_point = codes.low + std::nearbyint(-low / static_cast<double>(params.scale));
    params.zero_point = static_cast<std::int32_t>(std::clamp(zero_point, codes.low, codes.high));
    return params;
}

/// Sum of squared differences between the values and what their codes stand for.
double squared_error(const std::vector<float>& values, const SliceParams& params, const CodeLimits& codes) {
    const float scale = params.scale;
    const float low = static_cast<float>(codes.low) - static_cast<float>(params.zero_point);
    const float high = static_cast<float>(codes.high) - static_cast<float>(params.zero_point);
    double sum = 0;
    for (const float value : values) {
        const float code = std::nearbyint(std::clamp(value / scale, low, high));
        const double error = static_cast<double>(value) - static_cast<double>(code) * static_cast<double>(scale);
        sum += error * error;
    }
    return sum;
}

/// Tries narrower and narrower ranges: clipping an outlier makes the steps of all others finer. Equal errors keep the
/// wider range, which generalizes better.
SliceParams least_squares(const std::vector<float>& values, const Range& extremes, Scheme scheme,
                          const CodeLimits& codes) {
    SliceParams best = params_of(extremes, scheme, codes);
    double least = squared_error(values, best, codes);
    for (int clip = kNoClip - 1; clip >= kNarrowestClip; --clip) {
        const float factor = static_cast<float>(clip) / kNoClip;
        const SliceParams params = params_of({extremes.low * factor, extremes.high * factor}, scheme, codes);
        const double error = squared_error(values, params, codes);
        if (error >= least) continue;
        least = error;
        best = params;
    }
    return best;
}

SliceParams slice_params(const std::vector<float>& values, const WeightConfig& config) {
    const double highest = std::exp2(static_cast<double>(config.bit)) - 1;
    const CodeLimits codes{.low = config.scheme == Scheme::sym ? -std::floor(highest) : -std::floor(highest) - 1,
                           .high = std::floor(highest)};
    if (config.algorithm == Algorithm::minmax || config.algorithm == Algorithm::mse) {
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        const Range extremes = values.empty() ? Range{} : Range{*low, *high};
        if (!std::isfinite(extremes.low) || !std::isfinite(extremes.high)) refuse_weight_without_scale();
        if (config.algorithm == Algorithm::mse) return least_squares(values, extremes, config.scheme, codes);
        return params_of(extremes, config.scheme, codes);
    }
    // kl has its own rule over a histogram, as for activations.
    ValueStatistics statistics;
    if (statistics.observe(values) != 0) refuse_weight_without_scale();
    const auto observer = make_observer({.algorithm = config.algorithm});
    return params_of(observer->range(statistics), config.scheme, codes);
}

}  // namespace

QuantParams choose_weight_params(const Tensor& weight, const WeightConfig& config, std::int64_t axis) {
    if (config.group_size != 0) {
        // Blocks run along the input channels, of which the matrix has one axis.
        return block_params(weight, {.dtype = stored_dtype(config), .axis = 1 - axis, .block_size = config.group_size});
    }
    const bool is_plain = config.algorithm == Algorithm::minmax && config.scheme == Scheme::sym;
    if (is_plain && config.bit == kAllBits) return weight_params(weight, config.granularity, axis);
    HALFTONE_CHECK(weight.dtype() == DType::f32, "weights are fp32");
    const bool is_whole = config.granularity == Granularity::per_tensor;
    QuantParams params{.dtype = DType::s8, .scale = {}, .zero_point = {}, .axis = is_whole ? 0 : axis};
    const Slices slices =
        is_whole ? Slices{.inner = static_cast<std::size_t>(weight.elements())} : slices_of(weight.shape(), axis);
    for (const std::vector<float>& values : values_of(weight, slices)) {
        const SliceParams slice = slice_params(values, config);
        params.scale.push_back(slice.scale);
        params.zero_point.push_back(slice.zero_point);
    }
    return params;
}

}  // namespace halftone
