// Without VNNI, oneDNN multiplies u8 by s8 with vpmaddubsw, which adds two neighbouring products in 16 bits and
// saturates: 2 * 255 * 127 = 64770 is beyond 32767. Weights of 6 bits keep the sum below it, all others are multiplied
// as fp32.
#include "kernel/codes/needs_widening.hpp"

#include "kernel/ops/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// Weights of reduced range. With int8 inputs oneDNN would halve the weights instead.
bool fits_16_bits(const KernelRequest& request) {
    return !request.weight.values.is_empty() && request.inputs[0].params->dtype == DType::u8 &&
           request.weight.values.dtype() == DType::s8 && pairs_fit_16_bits(request.weight.values);
}

}  // namespace

bool needs_widening(const KernelRequest& request) {
    // The order matters for speed: looking at all weights comes last, and machines with VNNI never do it.
    return request.is_quantized() && !has_exact_int8() && !fits_16_bits(request);
}

}  // namespace halftone
