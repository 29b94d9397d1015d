#include <array>

#include "kernel/native/lib/native_op.hpp"
#include "kernel/ops/backend_tables.hpp"

namespace halftone {

namespace native {
#define HALFTONE_PLUGIN(name) const NativeOp& name##_op();
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace native

namespace {

using NativeOpAccess = const NativeOp& (*)();
constexpr std::array kNativeOps{
#define HALFTONE_PLUGIN(name) NativeOpAccess{&native::name##_op},
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
};

}  // namespace

const Op* find_native_op(std::string_view type) {
    for (const NativeOpAccess op : kNativeOps) {
        if (op().type() == type) return &op();
    }
    return nullptr;
}

std::vector<std::string> native_op_types() {
    std::vector<std::string> types;
    for (const NativeOpAccess op : kNativeOps) types.emplace_back(op().type());
    return types;
}

}  // namespace halftone
