// Source: ONNX operator Resize, opset 19. The nearest element is a copy (lib/mapped_copy); linear and cubic resampling
// are one pass for each dimension that changes (lib/weighted_axis), those that shrink first, in the layout of the
// input.
#include <algorithm>

#include "kernel/native/lib/mapped_copy.hpp"
#include "kernel/native/lib/weighted_axis.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/resize_dimensions.hpp"

namespace halftone::native {
namespace {

/// The taps of all output positions of a dimension; empty where one of them lies outside of the input.
std::vector<ref::Taps> taps_of(const ref::ResizeMode& mode, const ref::Dimension& dimension) {
    std::vector<ref::Taps> all;
    for (std::int64_t o = 0; o < dimension.output; ++o) {
        all.push_back(ref::taps_at(mode, dimension, o));
        // Only tf_crop_and_resize asks for positions outside; the reference fills them with its extrapolation value.
        if (all.back().places.empty()) return {};
    }
    return all;
}

class NearestOp final : public CopyingOp {
protected:
    Support accepts_copy(const OpContext& op) const override {
        const ref::ResizeMode mode = ref::resize_mode(op);
        for (const ref::Dimension& dimension : ref::resize_dimensions(op)) {
            if (taps_of(mode, dimension).empty()) return Support::no("own kernels do not extrapolate");
        }
        return Support::yes();
    }

    CopyRule rule_of(const OpContext& op, const Shape& /*output*/) const override {
        const ref::ResizeMode mode = ref::resize_mode(op);
        CopyRule rule;
        for (const ref::Dimension& dimension : ref::resize_dimensions(op)) {
            PositionMap map;
            for (const ref::Taps& taps : taps_of(mode, dimension)) map.push_back(taps.places[0]);
            rule.maps.push_back(std::move(map));
        }
        return rule;
    }
};

AxisTaps packed_taps(const std::vector<ref::Taps>& all) {
    AxisTaps packed;
    for (const ref::Taps& taps : all)
        packed.taps = std::max(packed.taps, static_cast<std::int64_t>(taps.places.size()));
    for (const ref::Taps& taps : all) {
        for (std::size_t t = 0; t < static_cast<std::size_t>(packed.taps); ++t) {
            const bool is_there = t < taps.places.size();
            // A tap that is not there reads what the first one reads. Weight 0 alone would make 0 * infinity of it.
            packed.places.push_back(is_there ? taps.places[t] : taps.places[0]);
            packed.weights.push_back(is_there ? static_cast<float>(taps.weights[t]) : 0.0F);
        }
    }
    return packed;
}

/// The passes, and where each of them writes: floats of scratch memory in front of it, the last one to the output.
class WeightedStep final : public Primitive {
public:
    WeightedStep(const KernelRequest& request, const BuildContext& context)
        : input_(request.inputs[0].type), output_(request.outputs[0].type) {
        const TensorType& type = request.inputs[0].type;
        // A reorder would cost as much as the resampling, so the step keeps the layout in which its input is there. The
        // memory of a single pixel is channels-last and plain at once, and counts as plain: the steps below say so,
        // too.
        if (!context.available.empty() && context.available[0] == channels_last_layout(type) &&
            !context.available[0].is_plain()) {
            input_ = context.available[0];
            output_ = channels_last_layout(request.outputs[0].type);
        }
        const ref::RequestContext seen(request, ref::SeenAs::stored);
        const ref::ResizeMode mode = ref::resize_mode(seen.op());
        std::vector<ref::Dimension> dimensions = ref::resize_dimensions(seen.op());
        const std::vector<std::int64_t> steps = layout_steps(input_);
        std::vector<std::size_t> order;
        for (std::size_t d = 0; d < dimensions.size(); ++d) {
            const bool is_kept = dimensions[d].input == dimensions[d].output && dimensions[d].scale == 1.0;
            // With tf_crop_and_resize a dimension of unchanged size may still be moved or stretched by its region.
            if (!is_kept || mode.coordinates == "tf_crop_and_resize") order.push_back(d);
        }
        // Shrinking first keeps what lies between the passes small.
        const auto growth = [&](std::size_t d) {
            return static_cast<double>(dimensions[d].output) / static_cast<double>(dimensions[d].input);
        };
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return growth(a) < growth(b); });
        Shape shape = type.shape;
        for (const std::size_t d : order) {
            AxisPass pass{
                .taps = packed_taps(taps_of(mode, dimensions[d])), .inputs = shape[d], .outputs = dimensions[d].output};
            // What lies inside of a dimension in memory are those with smaller steps.
            for (std::size_t e = 0; e < shape.rank(); ++e) {
                if (e == d) continue;
                const bool is_inside = steps[e] < steps[d] || (steps[e] == steps[d] && e > d);
                (is_inside ? pass.inner : pass.outer) *= shape[e];
            }
            shape[d] = pass.outputs;
            floats_.push_back(static_cast<std::size_t>(shape.elements()));
            passes_.push_back(std::move(pass));
        }
    }

    [[nodiscard]] const Layout& input_layout(std::size_t /*i*/) const override { return input_; }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::string implementation() const override { return "native_resize"; }
    /// All passes but the last write to memory of their own, one behind the other.
    [[nodiscard]] std::size_t scratch_bytes() const override {
        std::size_t floats = 0;
        for (std::size_t p = 0; p + 1 < passes_.size(); ++p) floats += floats_[p];
        return floats * sizeof(float);
    }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        // The passes run one after the other, because each reads all that the one before wrote.
        apply_kernel_threads();
        const auto* from = reinterpret_cast<const float*>(inputs[0]);
        auto* free = reinterpret_cast<float*>(scratch);
        for (std::size_t p = 0; p < passes_.size(); ++p) {
            const bool is_last = p + 1 == passes_.size();
            float* to = is_last ? reinterpret_cast<float*>(outputs[0]) : free;
            run_axis_pass(passes_[p], from, to);
            from = to;
            if (!is_last) free += floats_[p];
        }
    }

private:
    Layout input_, output_;
    std::vector<AxisPass> passes_;
    std::vector<std::size_t> floats_;  ///< that each pass writes
};

class ResizeOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (is_nearest(request)) return nearest_.supports(request);
        if (request.is_fused()) return Support::no("the op fuses nothing");
        const OperandEncoding& input = request.inputs[0];
        if (request.inputs.size() != 1 || (!request.constants.empty() && !request.constants[0].is_empty()))
            return Support::no("only the first input may be data");
        if (input.params || input.type.dtype != DType::f32) return Support::no("fp32 only");
        if (input.type.shape.elements() == 0 || request.outputs[0].type.shape.elements() == 0)
            return Support::no("nothing to resize");
        const ref::RequestContext context(request, ref::SeenAs::stored);
        const ref::ResizeMode mode = ref::resize_mode(context.op());
        bool changes = false;
        for (const ref::Dimension& dimension : ref::resize_dimensions(context.op())) {
            if (taps_of(mode, dimension).empty()) return Support::no("own kernels do not extrapolate");
            changes = changes || dimension.input != dimension.output || dimension.scale != 1.0;
        }
        // A Resize that changes nothing would have no pass to write its output.
        return changes ? Support::yes() : Support::no("nothing to resize");
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        if (is_nearest(request)) return nearest_.build(request, context);
        return std::make_unique<WeightedStep>(request, context);
    }

private:
    static bool is_nearest(const KernelRequest& request) {
        return string_attribute(*request.node, "mode", "nearest") == "nearest";
    }

    NearestOp nearest_;
};

}  // namespace

const FastOp& resize_op() {
    static const ResizeOp op;
    return op;
}

}  // namespace halftone::native
