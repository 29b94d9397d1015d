// The table of operators with kernels of our own: list.inc twice, as declarations and as rows. A listed operator
// without a file is a link error; a type that stands twice stops the compiler.

#include "base/registry.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone {

namespace native {
#define HALFTONE_PLUGIN(word, name) const FastOp& name##_op();
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace native

namespace {

// Functions instead of objects: an operator is made when it is first asked for, whatever order the linker chose.
constexpr auto kNativeOps = make_registry<const FastOp& (*)()>({
#define HALFTONE_PLUGIN(word, name) {word, &native::name##_op},
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
});

}  // namespace

const Op* find_native_op(std::string_view type) {
    const auto* op = kNativeOps.find(type);
    return op == nullptr ? nullptr : &(*op)();
}

std::vector<std::string> native_op_types() { return kNativeOps.words(); }

}  // namespace halftone
