#pragma once
// MeanError: MSE, RMSE and MAE, which differ only in what they do with a difference and with the mean.

#include <memory>

#include "metric/metric.hpp"

namespace halftone {

enum class ErrorKind {
    squared,   ///< mean of (output - target)^2 over all elements of all samples
    root,      ///< its square root
    absolute,  ///< mean of |output - target|
};

/// Returns the metric that the settings ask for: `compare_label` (true), false compares with the fp32 model's outputs.
/// @throws ConfigError for bad settings
[[nodiscard]] std::unique_ptr<Metric> make_mean_error(const ConfigNode& node, ErrorKind kind);

}  // namespace halftone
