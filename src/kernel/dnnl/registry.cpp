// The table of operators by oneDNN: list.inc twice, as declarations and as rows. A listed operator without a file is a
// link error; a type that stands twice stops the compiler.

#include "base/registry.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone {

namespace onednn {
#define HALFTONE_PLUGIN(word, name) const FastOp& name##_op();
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace onednn

namespace {

// Functions instead of objects: an operator is made when it is first asked for, whatever order the linker chose.
constexpr auto kDnnlOps = make_registry<const FastOp& (*)()>({
#define HALFTONE_PLUGIN(word, name) {word, &onednn::name##_op},
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
});

}  // namespace

const Op* find_dnnl_op(std::string_view type) {
    const auto* op = kDnnlOps.find(type);
    return op == nullptr ? nullptr : &(*op)();
}

std::vector<std::string> dnnl_op_types() { return kDnnlOps.words(); }

}  // namespace halftone
