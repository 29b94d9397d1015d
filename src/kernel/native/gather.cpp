// Embedding tables and lists of rows: slices along an axis, by indices from data or constants.
// Source: ONNX operator Gather, opset 13.
#include <cstring>

#include "kernel/codes/parallel.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"
#include "kernel/shape/indices.hpp"

namespace halftone::native {
namespace {

struct GatherPlan {
    std::size_t outer = 1;    ///< positions in front of the axis
    std::int64_t places = 1;  ///< along the axis
    std::size_t row = 1;      ///< bytes of a slice at one position
};

GatherPlan plan_gather(const KernelRequest& request, const OpContext& op) {
    const TensorType& type = op.inputs[0];
    const std::size_t axis = ref::normal_axis(op, int_attribute(*request.node, "axis", 0), type.shape.rank());
    GatherPlan plan{.outer = 1, .places = type.shape[axis], .row = size_of(type.dtype)};
    for (std::size_t d = 0; d < axis; ++d) plan.outer *= static_cast<std::size_t>(type.shape[d]);
    for (std::size_t d = axis + 1; d < type.shape.rank(); ++d) plan.row *= static_cast<std::size_t>(type.shape[d]);
    return plan;
}

/// Single elements are copied as words: a call of memcpy for each would take longer than the copy.
void copy_slices(const GatherPlan& plan, const std::vector<std::int64_t>& places, const std::byte* block,
                 std::byte* y) {
    if (plan.row == sizeof(std::uint32_t)) {
        for (const std::int64_t place : places) {
            std::memcpy(y, block + static_cast<std::size_t>(place) * sizeof(std::uint32_t), sizeof(std::uint32_t));
            y += sizeof(std::uint32_t);
        }
        return;
    }
    for (const std::int64_t place : places) {
        std::memcpy(y, block + static_cast<std::size_t>(place) * plan.row, plan.row);
        y += plan.row;
    }
}

class GatherStep final : public Primitive {
public:
    explicit GatherStep(const KernelRequest& request)
        : context_(request, ref::SeenAs::stored),
          output_(request.outputs[0].type),
          plan_(plan_gather(request, context_.op())) {
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override { return "native_gather"; }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* /*scratch*/) override {
        const std::vector<TensorView> views = context_.views(inputs);
        // Indices come from data, so each is checked before it is followed. @throws ModelError
        const std::vector<std::int64_t> places = ref::indices_of(context_.op(), views[1], plan_.places);
        // A block holds all slices of one position in front of the axis.
        const std::size_t block = plan_.row * static_cast<std::size_t>(plan_.places);
        const std::size_t slices = plan_.row * places.size();
        codes::in_rows(plan_.outer, slices / sizeof(float) + 1, [&](std::size_t first, std::size_t last) {
            for (std::size_t o = first; o < last; ++o)
                copy_slices(plan_, places, views[0].data + o * block, outputs[0] + o * slices);
        });
    }

private:
    ref::RequestContext context_;
    std::vector<Layout> inputs_;
    Layout output_;
    GatherPlan plan_;
};

class GatherOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.is_fused()) return Support::no("the op fuses nothing");
        if (request.outputs[0].params || request.inputs[0].params) return Support::no("own kernels gather no codes");
        if (request.outputs[0].type.shape.elements() == 0) return Support::no("nothing to copy");
        return Support::yes();
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return std::make_unique<GatherStep>(request);
    }
};

}  // namespace

const FastOp& gather_op() {
    static const GatherOp op;
    return op;
}

}  // namespace halftone::native
