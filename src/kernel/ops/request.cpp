#include "kernel/ops/request.hpp"

namespace halftone {

bool is_codes(const OperandEncoding& port) {
    return port.params && port.params->is_per_tensor() && port.params->dtype == port.type.dtype &&
           (port.type.dtype == DType::u8 || port.type.dtype == DType::s8);
}

}  // namespace halftone
