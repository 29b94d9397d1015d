// MSE: the mean of squared differences between output and target, over all elements of all samples.
#include "metric/mean_error.hpp"

namespace halftone {

std::unique_ptr<Metric> make_mse(const ConfigNode& node) { return make_mean_error(node, ErrorKind::squared); }

}  // namespace halftone
