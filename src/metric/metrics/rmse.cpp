// RMSE: the square root of the mean of squared differences between output and target.
#include "metric/mean_error.hpp"

namespace halftone {

std::unique_ptr<Metric> make_rmse(const ConfigNode& node) { return make_mean_error(node, ErrorKind::root); }

}  // namespace halftone
