#include "kernel/shape/transposed_window.hpp"

#include <algorithm>
#include <array>

namespace halftone::ref {
namespace {

// Below 2^31, products of two numbers and their sums stay within 64 bits.
constexpr std::int64_t kMost = std::int64_t{1} << 31;

std::vector<std::int64_t> numbers_of(const OpContext& op, const char* name, std::size_t length, std::int64_t fallback,
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
void resolve_transposed(const OpContext& op, TransposedWindow& plan, std::size_t i, std::int64_t output_padding,
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

}  // namespace

TransposedWindow transposed_window(const OpContext& op) {
    const Shape& x = op.inputs[0].shape;
    const Shape& w = op.inputs[1].shape;
    TransposedWindow plan{.rank = x.rank() - 2};
    const std::size_t rank = plan.rank;
    const std::vector<std::int64_t> kernel(w.dims().begin() + 2, w.dims().end());
    if (ints_attribute(op.node, "kernel_shape", kernel) != kernel)
        refuse(op, "kernel_shape is not that of weight " + w.to_text());
    const auto strides = numbers_of(op, "strides", rank, 1, 1);
    const auto dilations = numbers_of(op, "dilations", rank, 1, 1);
    const auto pads = numbers_of(op, "pads", 2 * rank, 0, 0);
    const auto output_padding = numbers_of(op, "output_padding", rank, 0, 0);
    auto wanted = ints_attribute(op.node, "output_shape", {});
    // Some exporters write the whole shape, with batch and channels.
    if (wanted.size() == rank + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (!wanted.empty() && wanted.size() != rank)
        refuse(op, "output_shape " + text_of(wanted) + " does not have " + std::to_string(rank) + " numbers");
    plan.groups = int_attribute(op.node, "group", 1);
    plan.group_outputs = w[1];
    for (std::size_t d = 0; d < rank; ++d) {
        // A sequence has its only dimension last, an image its two.
        const std::size_t i = 3 - rank + d;
        if (x[2 + d] < 1 || kernel[d] < 1 || x[2 + d] >= kMost || kernel[d] >= kMost)
            refuse(op, "its sizes must be known and at least 1");
        plan.input[i] = x[2 + d];
        plan.kernel[i] = kernel[d];
        plan.strides[i] = strides[d];
        plan.dilations[i] = dilations[d];
        resolve_transposed(op, plan, i, output_padding[d], {pads[d], pads[rank + d]}, wanted.empty() ? -1 : wanted[d]);
    }
    return plan;
}

}  // namespace halftone::ref
