// Each input element adds its filter to the output. Sums in double, in the order of input channels and positions.
// Source: ONNX operator ConvTranspose, opset 11.
#include <algorithm>
#include <array>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

/// Geometry, always in three spatial dimensions.
struct Plan {
    std::size_t rank = 2;
    Extent input{1, 1, 1};
    Extent output{1, 1, 1};
    Extent kernel{1, 1, 1};
    Extent strides{1, 1, 1};
    Extent dilations{1, 1, 1};
    Extent pads{0, 0, 0};  ///< at the beginning
    std::int64_t groups = 1;
    std::int64_t group_outputs = 1;
};

// Below 2^31, products of two numbers and their sums stay within 64 bits.
constexpr std::int64_t kMost = std::int64_t{1} << 31;

std::vector<std::int64_t> list_of(const OpContext& op, const char* name, std::size_t length, std::int64_t fallback,
                                  std::int64_t least) {
    const auto list = ints_attribute(op.node, name, std::vector<std::int64_t>(length, fallback));
    bool is_good = list.size() == length;
    for (const std::int64_t number : list) is_good = is_good && number >= least && number < kMost;
    if (!is_good)
        refuse(op, std::string(name) + " " + text_of(list) + " is not " + std::to_string(length) + " numbers from " +
                       std::to_string(least) + " to 2^31-1");
    return list;
}

/// Output size and padding at the beginning of one dimension. Source: the formulas of the operator's text.
void resolve(const OpContext& op, Plan& plan, std::size_t i, std::int64_t output_padding,
             std::array<std::int64_t, 2> pads, std::int64_t wanted) {
    // The size without any cropping: each input pixel, `stride` apart, paints a whole kernel.
    const std::int64_t full =
        plan.strides[i] * (plan.input[i] - 1) + output_padding + (plan.kernel[i] - 1) * plan.dilations[i] + 1;
    const std::string auto_pad = string_attribute(op.node, "auto_pad", "NOTSET");
    const bool is_same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
    if (is_same && wanted < 0) wanted = plan.input[i] * plan.strides[i];
    if (wanted >= 0) {
        // A wanted size is reached by cropping what is too much; SAME means input * stride.
        const std::int64_t total = std::max<std::int64_t>(full - wanted, 0);
        pads[0] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
        plan.output[i] = wanted;
    } else {
        plan.output[i] = full - pads[0] - pads[1];
    }
    plan.pads[i] = pads[0];
    if (plan.output[i] < 1) refuse(op, "its output would be empty");
}

Plan conv_transpose_plan(const OpContext& op) {
    const Shape& x = op.inputs[0].shape;
    const Shape& w = op.inputs[1].shape;
    Plan plan{.rank = x.rank() - 2};
    const std::size_t rank = plan.rank;
    const std::vector<std::int64_t> kernel(w.dims().begin() + 2, w.dims().end());
    if (ints_attribute(op.node, "kernel_shape", kernel) != kernel)
        refuse(op, "kernel_shape is not that of weight " + w.to_text());
    const auto strides = list_of(op, "strides", rank, 1, 1);
    const auto dilations = list_of(op, "dilations", rank, 1, 1);
    const auto pads = list_of(op, "pads", 2 * rank, 0, 0);
    const auto output_padding = list_of(op, "output_padding", rank, 0, 0);
    auto wanted = ints_attribute(op.node, "output_shape", {});
    if (wanted.size() == rank + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (!wanted.empty() && wanted.size() != rank)
        refuse(op, "output_shape " + text_of(wanted) + " does not have " + std::to_string(rank) + " numbers");
    plan.groups = int_attribute(op.node, "group", 1);
    plan.group_outputs = w[1];
    for (std::size_t d = 0; d < rank; ++d) {
        const std::size_t i = 3 - rank + d;
        if (x[2 + d] < 1 || kernel[d] < 1 || x[2 + d] >= kMost || kernel[d] >= kMost)
            refuse(op, "its sizes must be known and at least 1");
        plan.input[i] = x[2 + d];
        plan.kernel[i] = kernel[d];
        plan.strides[i] = strides[d];
        plan.dilations[i] = dilations[d];
        resolve(op, plan, i, output_padding[d], {pads[d], pads[rank + d]}, wanted.empty() ? -1 : wanted[d]);
    }
    return plan;
}

/// Adds one input plane through one filter to one output plane.
void scatter(const Plan& p, const float* x, const float* w, std::vector<double>& sums) {
    for (std::int64_t d = 0; d < p.input[0]; ++d) {
        for (std::int64_t h = 0; h < p.input[1]; ++h) {
            for (std::int64_t i = 0; i < p.input[2]; ++i) {
                const auto value = static_cast<double>(*x++);
                const float* tap = w;
                for (std::int64_t kd = 0; kd < p.kernel[0]; ++kd) {
                    for (std::int64_t kh = 0; kh < p.kernel[1]; ++kh) {
                        for (std::int64_t kw = 0; kw < p.kernel[2]; ++kw, ++tap) {
                            const std::int64_t z = d * p.strides[0] + kd * p.dilations[0] - p.pads[0];
                            const std::int64_t y = h * p.strides[1] + kh * p.dilations[1] - p.pads[1];
                            const std::int64_t c = i * p.strides[2] + kw * p.dilations[2] - p.pads[2];
                            // What falls into the cropped border is dropped.
                            if (z < 0 || z >= p.output[0] || y < 0 || y >= p.output[1] || c < 0 || c >= p.output[2])
                                continue;
                            sums[static_cast<std::size_t>((z * p.output[1] + y) * p.output[2] + c)] +=
                                value * static_cast<double>(*tap);
                        }
                    }
                }
            }
        }
    }
}

class ConvTransposeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 3, 5);
        check_rank(op, 1, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
        const Shape& x = op.inputs[0].shape;
        const Shape& w = op.inputs[1].shape;
        const std::int64_t groups = int_attribute(op.node, "group", 1);
        if (!w.is_static() || w.elements() == 0) refuse(op, "weight " + w.to_text() + " is empty or unknown");
        if (groups < 1 || x[1] != w[0] || w[0] % groups != 0)
            refuse(op, "input 0 " + x.to_text() + ", weight " + w.to_text() + " and group " + std::to_string(groups) +
                           " do not fit");
        const Plan plan = conv_transpose_plan(op);
        Shape shape = x;
        if (__builtin_mul_overflow(w[1], groups, &shape[1])) refuse(op, "has too many channels");
        if (op.has_input(2) && op.inputs[2].shape != Shape{shape[1]})
            refuse(op,
                   "bias " + op.inputs[2].shape.to_text() + " does not have " + std::to_string(shape[1]) + " values");
        for (std::size_t d = 0; d < plan.rank; ++d) shape[2 + d] = plan.output[3 - plan.rank + d];
        return {{DType::f32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Plan p = conv_transpose_plan(op);
        const Shape& x_shape = inputs[0].type.shape;
        const std::int64_t channels = x_shape[1] / p.groups;
        const std::int64_t in_plane = p.input[0] * p.input[1] * p.input[2];
        const std::int64_t taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
        const float* x = inputs[0].as<float>().data();
        const float* w = inputs[1].as<float>().data();
        float* y = outputs[0].as<float>().data();
        std::vector<double> sums(static_cast<std::size_t>(p.output[0] * p.output[1] * p.output[2]));
        for (std::int64_t n = 0; n < x_shape[0]; ++n) {
            for (std::int64_t o = 0; o < p.groups * p.group_outputs; ++o) {
                const std::int64_t first = o / p.group_outputs * channels;
                sums.assign(sums.size(), op.has_input(2)
                                             ? static_cast<double>(inputs[2].as<float>()[static_cast<std::size_t>(o)])
                                             : 0.0);
                for (std::int64_t c = first; c < first + channels; ++c) {
                    scatter(p, x + (n * x_shape[1] + c) * in_plane,
                            w + (c * p.group_outputs + o % p.group_outputs) * taps, sums);
                }
                for (const double sum : sums) *y++ = static_cast<float>(sum);
            }
        }
    }
};

}  // namespace

const RefOp& conv_transpose_op() {
    static const ConvTransposeOp op;
    return op;
}

}  // namespace halftone::ref
