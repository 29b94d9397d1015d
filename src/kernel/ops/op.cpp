#include "kernel/ops/op.hpp"

namespace halftone {

std::vector<std::string> Op::implementations(const KernelRequest& /*request*/) const { return {}; }

}  // namespace halftone
