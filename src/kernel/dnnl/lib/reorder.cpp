#include <cstring>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"

namespace halftone {

std::unique_ptr<Primitive> build_reorder(const Layout& from, const Layout& to) {
    // Between fp32 and bf16 a reorder may round, because a bf16 step has bf16 buffers between fp32 neighbours.
    const auto is_real = [](const Layout& layout) {
        return layout.type().dtype == DType::f32 || layout.type().dtype == DType::bf16;
    };
    HALFTONE_CHECK(from.type() == to.type() || (from.type().shape == to.type().shape && is_real(from) && is_real(to)),
                   "a reorder keeps shape and type, but for f32 and bf16");
    // The executor asks for reorders without comparing first; the output may even be the same buffer.
    if (from == to) {
        const std::size_t bytes = from.bytes();
        const auto copy = [bytes](auto inputs, auto outputs) {
            if (inputs[0] != outputs[0]) std::memcpy(outputs[0], inputs[0], bytes);
        };
        return std::make_unique<LoopStep>("copy", std::vector{from}, to, copy, 0);
    }
    return onednn::checked("reorder " + from.name() + " to " + to.name(), [&] {
        apply_kernel_threads();
        const dnnl::engine& engine = onednn::cpu_engine();
        const dnnl::reorder::primitive_desc descriptor(engine, onednn::descriptor(from), engine, onednn::descriptor(to),
                                                       onednn::plain_attributes());
        onednn::StepParts parts{.inputs = {{from, DNNL_ARG_FROM}}, .outputs = {{to, DNNL_ARG_TO}}, .constants = {}};
        return std::make_unique<onednn::Step>(dnnl::reorder(descriptor), descriptor, std::move(parts));
    });
}

}  // namespace halftone
