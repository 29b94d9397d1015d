#include "kernel/ops/op.hpp"

namespace halftone {

// Most operators have one implementation, which needs no name in a plan.
std::vector<std::string> Op::implementations(const KernelRequest& /*request*/) const { return {}; }

}  // namespace halftone
