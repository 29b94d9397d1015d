// The table of operators with kernels of our own, from list.inc. A listed operator without a file is a link error; a
// type that stands twice stops the compiler.

#include "base/registry.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone {

namespace native {
// Functions instead of objects: an operator is made when it is first asked for, whatever order the linker chose.
using GiveOp = const FastOp&();
#define HALFTONE_LIST "kernel/native/list.inc"
#define HALFTONE_TABLE kNativeOps
#define HALFTONE_FACTORY GiveOp
#define HALFTONE_NAME(name) name##_op
#include "base/plugin_table.inc"
}  // namespace native

const Op* find_native_op(std::string_view type) {
    const auto* op = native::kNativeOps.find(type);
    return op == nullptr ? nullptr : &(*op)();
}

std::vector<std::string> native_op_types() { return native::kNativeOps.words(); }

}  // namespace halftone
