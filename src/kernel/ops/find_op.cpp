#include "kernel/ops/find_op.hpp"

#include <array>

#include "kernel/ops/backend_tables.hpp"

namespace halftone {

std::span<const Backend> backends_in_order(Backend wanted) {
    // Own kernels are asked first: they exist only for steps where they were measured to be faster, and refuse the
    // others. ref takes everything, so it is last. Whoever wants ref wants the oracle, and gets no other.
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
