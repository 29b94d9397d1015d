#include "kernel/ops/request.hpp"

namespace halftone {

bool is_codes(const OperandEncoding& port) {
    // Parameters of another type than the elements would be a mistake of the caller, and not codes in any case.
    return port.params && port.params->is_per_tensor() && port.params->dtype == port.type.dtype &&
           (port.type.dtype == DType::u8 || port.type.dtype == DType::s8);
}

}  // namespace halftone
