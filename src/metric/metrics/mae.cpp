// MAE: the mean of absolute differences between output and target, over all elements of all samples.
#include "metric/mean_error.hpp"

namespace halftone {

std::unique_ptr<Metric> make_mae(const ConfigNode& node) { return make_mean_error(node, ErrorKind::absolute); }

}  // namespace halftone
