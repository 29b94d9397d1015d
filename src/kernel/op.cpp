#include "kernel/op.hpp"

#include <array>

#include "kernel/dnnl/dnnl_ops.hpp"
#include "kernel/native/native_ops.hpp"
#include "kernel/ref/executor_ops.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone {

bool is_codes(const Port& port) {
    return port.params && port.params->is_per_tensor() && port.params->dtype == port.type.dtype &&
           (port.type.dtype == DType::u8 || port.type.dtype == DType::s8);
}

Layout::Layout(const TensorType& type)
    : type_(type), bytes_(static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype)), name_("plain") {}

Layout::Layout(TensorType type, std::size_t bytes, std::string name, std::shared_ptr<const Impl> impl)
    : type_(std::move(type)), bytes_(bytes), name_(std::move(name)), impl_(std::move(impl)) {}

bool operator==(const Layout& a, const Layout& b) {
    if (a.type_ != b.type_ || a.is_plain() != b.is_plain()) return false;
    return a.is_plain() || a.impl_->equals(*b.impl_);
}

std::vector<std::string> Op::implementations(const KernelRequest& /*request*/) const { return {}; }

std::span<const Backend> backends_in_order(Backend wanted) {
    static constexpr std::array kAll{Backend::native, Backend::dnnl, Backend::ref};
    return wanted == Backend::ref ? std::span(kAll).last(1) : std::span(kAll);
}

const Op* find_op(Backend backend, std::string_view op_type) {
    switch (backend) {
        case Backend::native:
            return find_native_op(op_type);
        case Backend::dnnl:
            return find_dnnl_op(op_type);
        default:
            return find_ref_executor_op(op_type);
    }
}

std::vector<std::string> op_types(Backend backend) {
    switch (backend) {
        case Backend::native:
            return native_op_types();
        case Backend::dnnl:
            return dnnl_op_types();
        default:
            return ref_op_types();
    }
}

}  // namespace halftone
