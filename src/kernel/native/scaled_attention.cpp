// A whole block of attention in one step: what exec/passes makes of MatMul, Softmax and MatMul. lib/attention has the
// loops. Source: see kernel/ref/scaled_attention.cpp.
#include <algorithm>

#include "kernel/native/lib/attention.hpp"
#include "kernel/native/lib/gemm.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/threads.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

constexpr std::size_t kAttentionMask = 3;  ///< number of the input

class AttentionStep final : public Primitive {
public:
    explicit AttentionStep(const KernelRequest& request)
        : context_(request, ref::SeenAs::stored),
          sizes_(ref::attention_sizes(context_.op())),
          output_(request.outputs[0].type),
          // The number of threads when the step is built; with more of them later the work is still cut into so many.
          slots_(std::max<std::int64_t>(
              std::min<std::int64_t>(kernel_threads(), static_cast<std::int64_t>(sizes_.heads.size()) * sizes_.rows),
              1)) {
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override {
        return std::string("native_attention:") + product_instructions();
    }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return static_cast<std::size_t>(attention_scratch(sizes_, slots_)) * sizeof(float);
    }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        const std::vector<TensorView> views = context_.views(inputs);
        const auto values = [&](std::size_t i) { return reinterpret_cast<const float*>(views[i].data); };
        run_attention(sizes_,
                      {.q = values(0),
                       .k = values(1),
                       .v = values(2),
                       .mask = sizes_.has_mask ? values(kAttentionMask) : nullptr,
                       .y = reinterpret_cast<float*>(outputs[0])},
                      slots_, reinterpret_cast<float*>(scratch));
    }

private:
    ref::RequestContext context_;
    ref::AttentionSizes sizes_;
    Layout output_;
    std::int64_t slots_;
    std::vector<Layout> inputs_;
};

class ScaledAttentionOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.is_fused() || request.outputs[0].params) return Support::no("the operator fuses nothing");
        for (const OperandEncoding& port : request.inputs) {
            if (port.params) return Support::no("fp32 only");
        }
        const ref::RequestContext context(request, ref::SeenAs::stored);
        const ref::AttentionSizes sizes = ref::attention_sizes(context.op());
        if (sizes.heads.empty() || sizes.rows == 0 || sizes.keys == 0 || sizes.inner == 0 || sizes.width == 0)
            return Support::no("a tensor is empty");
        const bool are_rows = sizes.q.column == 1 && sizes.v.column == 1 && sizes.y.column == 1;
        return are_rows ? Support::yes() : Support::no("the columns of an operand do not lie side by side");
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return std::make_unique<AttentionStep>(request);
    }
};

}  // namespace

const FastOp& scaled_attention_op() {
    static const ScaledAttentionOp op;
    return op;
}

}  // namespace halftone::native
