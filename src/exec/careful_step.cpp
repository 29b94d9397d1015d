#include "exec/careful_step.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.hpp"
#include "kernel/ops/reorder.hpp"
#include "tensor/magnitude.hpp"

namespace halftone {
namespace {

void mend_nonfinite(const float* witness, float* result, std::size_t n, const Completion& completion) {
    for (std::size_t i = 0; i < n; ++i) {
        if (std::isfinite(witness[i]) && std::isfinite(result[i])) continue;
        result[i] = std::isnan(witness[i]) ? witness[i] : completion(witness[i]);
    }
}

/// The same for bf16, whose bits are the upper half of a float's: NaN has all exponent bits and some mantissa bit set.
/// Infinities are left alone here: the sum of the witness was rounded to bf16, and may have been a number before.
void mend_nonfinite(const std::uint16_t* witness, std::uint16_t* result, std::size_t n) {
    constexpr std::uint16_t kInfinity = 0x7f80;
    for (std::size_t i = 0; i < n; ++i) {
        if ((witness[i] & 0x7fffU) > kInfinity) result[i] = witness[i];
    }
}

/// At least one byte, so that every buffer has an address.
Tensor witness_memory(std::size_t bytes) {
    return Tensor(TensorType{DType::u8, Shape{static_cast<std::int64_t>(std::max<std::size_t>(bytes, 1))}});
}

/// With a fused function, the witness is the same kernel without it: it is fast, and NaN of the sum is still NaN in
/// its result. Without one, the kernel itself loses NaN (Softmax, MaxPool), and only the reference loops can tell.
std::unique_ptr<Primitive> build_witness(const WitnessRequest& wanted, const Node& node, const Primitive& fast) {
    KernelRequest request = wanted.request;
    request.node = &node;
    BuildContext context;
    // The witness may choose its layouts freely; it is told which ones are there, so that it asks for few reorders.
    for (std::size_t i = 0; i < request.inputs.size(); ++i) context.available.push_back(fast.input_layout(i));
    if (wanted.is_fused) return wanted.op->build(request, context);
    const Op* reference = find_op(Backend::ref, node.op);
    HALFTONE_CHECK(reference != nullptr && reference->supports(request).is_supported, "ref runs what dnnl runs");
    return reference->build(request, context);
}

}  // namespace

WitnessRequest::WitnessRequest(const LoweredStep& step) : node(*step.request.node), request(step.request), op(step.op) {
    // The lowered graph does not live as long as this request, so the node is copied, and put in again when the
    // witness is built.
    request.node = nullptr;
    is_fused = request.epilogue.activation != nullptr || !request.epilogue.clamp.is_identity();
    if (request.epilogue.activation != nullptr) activation = *request.epilogue.activation;
    clamp = request.epilogue.clamp;
    request.epilogue.activation = nullptr;
    request.epilogue.clamp = {};
}

Completion::Completion(const WitnessRequest& wanted) : clamp_(wanted.clamp) {
    if (!wanted.activation) return;
    const OperandEncoding one{.type = {DType::f32, Shape{1}}, .params = {}};
    KernelRequest request;
    request.node = &*wanted.activation;
    request.inputs = {one};
    request.outputs = {one};
    request.constants.resize(1);
    const Op* reference = find_op(Backend::ref, wanted.activation->op);
    HALFTONE_CHECK(reference != nullptr && reference->supports(request).is_supported, "ref has every function");
    function_ = reference->build(request, {});
}

float Completion::operator()(float sum) const {
    float value = sum;
    if (function_) {
        const auto* input = reinterpret_cast<const std::byte*>(&sum);
        auto* output = reinterpret_cast<std::byte*>(&value);
        function_->execute({&input, 1}, {&output, 1}, nullptr);
    }
    return std::isnan(value) ? value : std::clamp(value, clamp_.low, clamp_.high);
}

CarefulStep::CarefulStep(const WitnessRequest& wanted, Primitive& fast)
    : fast_(fast),
      node_(wanted.node),
      completion_(wanted),
      witness_(build_witness(wanted, node_, fast)),
      result_(witness_memory(witness_->output_layout(0).bytes())),
      scratch_(witness_memory(witness_->scratch_bytes())) {
    for (std::size_t i = 0; i < wanted.request.inputs.size(); ++i) {
        const Layout& layout = witness_->input_layout(i);
        reorders_.push_back(layout == fast.input_layout(i) ? nullptr : build_reorder(fast.input_layout(i), layout));
        inputs_.push_back(reorders_.back() ? witness_memory(layout.bytes()) : Tensor());
    }
    if (!(witness_->output_layout(0) == fast.output_layout(0))) {
        reorder_back_ = build_reorder(witness_->output_layout(0), fast.output_layout(0));
        reordered_ = witness_memory(fast.output_layout(0).bytes());
    }
}

void CarefulStep::execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                          std::byte* scratch) {
    // The witness runs first: the fast kernel may write over one of its inputs.
    std::vector<const std::byte*> seen(inputs.begin(), inputs.end());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (!reorders_[i]) continue;
        std::byte* target = inputs_[i].mutable_view().data;
        reorders_[i]->execute({&seen[i], 1}, {&target, 1}, scratch_.mutable_view().data);
        seen[i] = target;
    }
    std::byte* result = result_.mutable_view().data;
    witness_->execute(seen, {&result, 1}, scratch_.mutable_view().data);
    if (reorder_back_) {
        const std::byte* source = result;
        result = reordered_.mutable_view().data;
        reorder_back_->execute({&source, 1}, {&result, 1}, nullptr);
    }
    fast_.execute(inputs, outputs, scratch);
    const Layout& layout = fast_.output_layout(0);
    if (layout.type().dtype == DType::f32) {
        mend_nonfinite(reinterpret_cast<const float*>(result), reinterpret_cast<float*>(outputs[0]),
                       layout.bytes() / sizeof(float), completion_);
    } else {
        mend_nonfinite(reinterpret_cast<const std::uint16_t*>(result), reinterpret_cast<std::uint16_t*>(outputs[0]),
                       layout.bytes() / sizeof(std::uint16_t));
    }
}

bool is_within(const Layout& layout, const std::byte* data, float limit) {
    if (limit < 0) return false;
    // Magnitudes of floats are ordered like their bits, so integers are compared: NaN and infinity lie above every
    // finite limit without a test of their own.
    const auto bits = std::bit_cast<std::uint32_t>(limit);
    if (layout.type().dtype == DType::f32) {
        return largest_magnitude_bits(reinterpret_cast<const float*>(data), layout.bytes() / sizeof(float)) <= bits;
    }
    if (layout.type().dtype != DType::bf16) return true;
    const auto* values = reinterpret_cast<const std::uint16_t*>(data);
    return largest_magnitude_bits(values, layout.bytes() / sizeof(std::uint16_t)) <= bits >> 16;
}

}  // namespace halftone
