// Conv and pools: reads the attributes of a sliding window, resolves automatic padding and computes the output's size.
// All numbers come from a file, so each is checked to be below 2^31; sums and products of two of them then fit into 64
// bits.
#include "kernel/shape/window.hpp"

#include <algorithm>

namespace halftone::ref {
namespace {

constexpr std::int64_t kMaxNumber = std::int64_t{1} << 31;  // products of two stay below 2^63

enum class AutoPad { notset, same_upper, same_lower, valid };

AutoPad auto_pad_of(const OpContext& op) {
    const std::string word = string_attribute(op.node, "auto_pad", "NOTSET");
    if (word == "NOTSET") return AutoPad::notset;
    if (word == "SAME_UPPER") return AutoPad::same_upper;
    if (word == "SAME_LOWER") return AutoPad::same_lower;
    if (word == "VALID") return AutoPad::valid;
    refuse(op, "auto_pad is '" + word + "', allowed: NOTSET SAME_UPPER SAME_LOWER VALID");
}

/// A list attribute of `count` numbers in [least, 2^31).
std::vector<std::int64_t> numbers(const OpContext& op, const std::string& name, std::size_t count, std::int64_t least,
                                  std::int64_t fallback) {
    std::vector<std::int64_t> values = ints_attribute(op.node, name, std::vector<std::int64_t>(count, fallback));
    if (values.size() != count) {
        refuse(op, name + " has " + std::to_string(values.size()) + " numbers, needed " + std::to_string(count));
    }
    for (const std::int64_t value : values) {
        if (value < least || value >= kMaxNumber) {
            refuse(op, name + " " + text_of(values) + " has a number outside " + std::to_string(least) + " to 2^31-1");
        }
    }
    return values;
}

/// Source of the formulas: ONNX operators Conv-11 (auto_pad) and MaxPool-12 (ceil_mode).
/// Output size and padding of one dimension.
void resolve_dimension(const OpContext& op, Window& window, std::size_t i, AutoPad auto_pad, bool is_ceil) {
    const std::int64_t input = window.input[i];
    const std::int64_t stride = window.strides[i];
    const std::int64_t extent = (window.kernel[i] - 1) * window.dilations[i] + 1;
    std::int64_t output = 0;
    if (auto_pad == AutoPad::same_upper || auto_pad == AutoPad::same_lower) {
        // SAME: as many outputs as strides begin in the input; padding makes up what the last window lacks. An odd rest
        // goes to the end (upper) or to the beginning (lower).
        output = (input + stride - 1) / stride;
        const std::int64_t total = std::max<std::int64_t>((output - 1) * stride + extent - input, 0);
        const std::int64_t half = total / 2;
        window.pads_begin[i] = auto_pad == AutoPad::same_upper ? half : total - half;
        window.pads_end[i] = total - window.pads_begin[i];
    } else {
        if (auto_pad == AutoPad::valid) window.pads_begin[i] = window.pads_end[i] = 0;
        const std::int64_t room = input + window.pads_begin[i] + window.pads_end[i] - extent;
        if (room >= 0) {
            output = (is_ceil ? room + stride - 1 : room) / stride + 1;
            // A window that would start in the padding behind the input sees no element, so it is no window: frameworks
            // agree on leaving it out, and later versions of the standard say so.
            if (is_ceil && (output - 1) * stride >= input + window.pads_begin[i]) --output;
        }
    }
    window.output[i] = output;
    if (output < 1) {
        refuse(op, "its window of " + std::to_string(extent) + " does not fit into " + std::to_string(input) + " + " +
                       std::to_string(window.pads_begin[i]) + " + " + std::to_string(window.pads_end[i]) +
                       " (input and padding)");
    }
}

}  // namespace

Window resolve_window(const OpContext& op, const Shape& input, std::span<const std::int64_t> kernel, WindowRule rule) {
    const std::size_t rank = kernel.size();
    Window window{.rank = rank};
    // One- and two-dimensional windows fill the last places of three dimensions; the first keep size 1, and one loop
    // nest serves all.
    const std::size_t skip = 3 - rank;
    const AutoPad auto_pad = auto_pad_of(op);
    const auto strides = numbers(op, "strides", rank, 1, 1);
    const auto dilations = numbers(op, "dilations", rank, 1, 1);
    const auto pads =
        auto_pad == AutoPad::notset ? numbers(op, "pads", 2 * rank, 0, 0) : std::vector<std::int64_t>(2 * rank, 0);
    const bool is_ceil = rule.has_ceil_mode && int_attribute(op.node, "ceil_mode", 0) != 0;
    for (std::size_t d = 0; d < rank; ++d) {
        const std::size_t i = skip + d;
        if (input[2 + d] < 1) {
            refuse(op, "the spatial dimensions of " + input.to_text() + " must be known and at least 1");
        }
        if (kernel[d] < 1 || kernel[d] >= kMaxNumber) {
            refuse(op, "kernel_shape " + text_of(kernel) + " has a number outside 1 to 2^31-1");
        }
        window.input[i] = input[2 + d];
        window.kernel[i] = kernel[d];
        window.strides[i] = strides[d];
        window.dilations[i] = dilations[d];
        window.pads_begin[i] = pads[d];
        window.pads_end[i] = pads[rank + d];
        // Otherwise a window could be all padding, and a maximum over nothing has no value.
        if (rule.padding_is_less_than_kernel && std::max(pads[d], pads[rank + d]) >= kernel[d]) {
            refuse(op, "pads " + text_of(pads) + " are not less than kernel_shape " + text_of(kernel));
        }
        resolve_dimension(op, window, i, auto_pad, is_ceil);
    }
    return window;
}

std::vector<std::int64_t> pool_kernel(const OpContext& op, std::size_t rank) {
    const std::vector<std::int64_t> kernel = ints_attribute(op.node, "kernel_shape", {});
    if (kernel.size() != rank) {
        refuse(op, "kernel_shape " + text_of(kernel) + " does not have the " + std::to_string(rank) +
                       " spatial dimensions of its input");
    }
    return kernel;
}

Window pool_window(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    return resolve_window(op, shape, pool_kernel(op, shape.rank() - 2),
                          {.has_ceil_mode = true, .padding_is_less_than_kernel = true});
}

Shape windowed_shape(Shape input, const Window& window) {
    for (std::size_t d = 0; d < window.rank; ++d) input[2 + d] = window.output_dims()[d];
    return input;
}

// Solves 0 <= out * stride + offset < size for out. With it, the loops over outputs need no test for the border inside:
// the parts of a row that a tap reaches are known before the row begins.
Reach reach(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t outputs) {
    const std::int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const std::int64_t last = offset >= size ? 0 : (size - 1 - offset) / stride + 1;
    return {first, std::max(first, std::min(last, outputs))};
}

bool has_empty_window(const Window& w) {
    for (std::size_t d = 0; d < w.input.size(); ++d) {
        for (std::int64_t i = 0; i < w.output[d]; ++i) {
            const Reach taps = reach(i * w.strides[d] - w.pads_begin[d], w.dilations[d], w.input[d], w.kernel[d]);
            if (taps.first >= taps.last) return true;
        }
    }
    return false;
}

}  // namespace halftone::ref
