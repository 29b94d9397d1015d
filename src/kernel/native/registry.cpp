#include <array>

#include "kernel/native/native_ops.hpp"

namespace halftone {

namespace native {
#define HALFTONE_PLUGIN(name) const NativeOp& name##_op();
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace native

namespace {

using OpAccess = const NativeOp& (*)();
constexpr std::array kOps{
#define HALFTONE_PLUGIN(name) OpAccess{&native::name##_op},
#include "kernel/native/list.inc"
#undef HALFTONE_PLUGIN
};

}  // namespace

const Op* find_native_op(std::string_view type) {
    for (const OpAccess op : kOps) {
        if (op().type() == type) return &op();
    }
    return nullptr;
}

std::vector<std::string> native_op_types() {
    std::vector<std::string> types;
    for (const OpAccess op : kOps) types.emplace_back(op().type());
    return types;
}

}  // namespace halftone
