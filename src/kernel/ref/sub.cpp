#include "kernel/ref/common_elementwise.hpp"

namespace halftone::ref {

const RefOp& sub_op() {
    static const BinaryOp<std::minus<>> op("Sub");
    return op;
}

}  // namespace halftone::ref
