#include "kernel/dnnl/common_linear.hpp"

#include "kernel/dnnl/common_fusion.hpp"

namespace halftone::onednn {

Support check_linear(const KernelRequest& request, const Port& real, const Port& codes) {
    if (request.inputs.size() != 1 || request.outputs.size() != 1)
        return Support::no("scale and zero point are not constant");
    if (real.params || real.type.dtype != DType::f32) return Support::no("real values are fp32");
    const DType dtype = codes.type.dtype;
    if (!codes.params || codes.params->dtype != dtype || (dtype != DType::u8 && dtype != DType::s8)) {
        return Support::no("codes are uint8 or int8");
    }
    if (!codes.params->is_per_tensor()) return Support::no("codes have one scale for each channel");
    return check_unfused(request);
}

}  // namespace halftone::onednn
