#include <array>

#include "kernel/dnnl/lib/dnnl_op.hpp"
#include "kernel/ops/backend_tables.hpp"

namespace halftone {

namespace onednn {
#define HALFTONE_PLUGIN(name) const DnnlOp& name##_op();
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
}  // namespace onednn

namespace {

using DnnlOpAccess = const DnnlOp& (*)();
constexpr std::array kDnnlOps{
#define HALFTONE_PLUGIN(name) DnnlOpAccess{&onednn::name##_op},
#include "kernel/dnnl/list.inc"
#undef HALFTONE_PLUGIN
};

}  // namespace

const Op* find_dnnl_op(std::string_view type) {
    for (const DnnlOpAccess op : kDnnlOps) {
        if (op().type() == type) return &op();
    }
    return nullptr;
}

std::vector<std::string> dnnl_op_types() {
    std::vector<std::string> types;
    for (const DnnlOpAccess op : kDnnlOps) types.emplace_back(op().type());
    return types;
}

}  // namespace halftone
