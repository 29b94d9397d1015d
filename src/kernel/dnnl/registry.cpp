#include <array>

#include "kernel/dnnl/dnnl_ops.hpp"

namespace halftone {

namespace onednn {
#define HALFTONE_PLUGIN(name) const DnnlOp& name##_op();
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace onednn

namespace {

using OpAccess = const DnnlOp& (*)();
constexpr std::array kOps{
#define HALFTONE_PLUGIN(name) OpAccess{&onednn::name##_op},
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
};

}  // namespace

const Op* find_dnnl_op(std::string_view type) {
    for (const OpAccess op : kOps) {
        if (op().type() == type) return &op();
    }
    return nullptr;
}

std::vector<std::string> dnnl_op_types() {
    std::vector<std::string> types;
    for (const OpAccess op : kOps) types.emplace_back(op().type());
    return types;
}

}  // namespace halftone
