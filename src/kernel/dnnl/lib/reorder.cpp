#include "kernel/dnnl/lib/reorder.hpp"

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"

namespace halftone::onednn {

std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to) {
    return checked("reorder " + from.name() + " to " + to.name(), [&] {
        apply_kernel_threads();
        const dnnl::engine& engine = cpu_engine();
        const dnnl::reorder::primitive_desc primitive(engine, descriptor(from), engine, descriptor(to),
                                                      plain_attributes());
        StepParts parts{.inputs = {{from, DNNL_ARG_FROM}}, .outputs = {{to, DNNL_ARG_TO}}, .constants = {}};
        return std::make_unique<Step>(dnnl::reorder(primitive), primitive, std::move(parts));
    });
}

}  // namespace halftone::onednn
