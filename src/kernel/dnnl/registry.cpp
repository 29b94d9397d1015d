// The table of operators by oneDNN, from list.inc. A listed operator without a file is a link error; a type that
// stands twice stops the compiler.

#include "base/registry.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone {

namespace onednn {
// Functions instead of objects: an operator is made when it is first asked for, whatever order the linker chose.
using GiveOp = const FastOp&();
#define HALFTONE_LIST "kernel/dnnl/list.inc"
#define HALFTONE_TABLE kDnnlOps
#define HALFTONE_FACTORY GiveOp
#define HALFTONE_NAME(name) name##_op
#include "base/plugin_table.inc"
}  // namespace onednn

const Op* find_dnnl_op(std::string_view type) {
    const auto* op = onednn::kDnnlOps.find(type);
    return op == nullptr ? nullptr : &(*op)();
}

std::vector<std::string> dnnl_op_types() { return onednn::kDnnlOps.words(); }

}  // namespace halftone
