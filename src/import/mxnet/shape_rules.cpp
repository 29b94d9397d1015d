// Operators that only move values: reshape and its codes, transpose, slices, concat, pad, and the like.
//
//   reshape             resolved_dims finds what MXNet's codes -2, -3 and -4 mean for the shape of the input
//   transpose, swap_axis, expand_dims, squeeze
//   concat, split, slice_axis, slice, tile
//   pad, up_sampling, depth_to_space, space_to_depth
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "import/mxnet/layer.hpp"

namespace halftone {
namespace {

using Dims = std::vector<std::int64_t>;
using OptionalDims = std::vector<std::optional<std::int64_t>>;

constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();

/// Finds the shape that MXNet's codes ask for. A dimension of -1 in the result cannot be told by itself: it is the
/// batch, or what is left. Source: the documentation of mxnet.ndarray.reshape.
///    n > 0  this size            0  the size of the input's next dimension          -1  what is left
///    -2     all that remain      -3  the product of the next two                    -4  splits the next in two: a, b
class ReshapeCodes {
public:
    ReshapeCodes(const MxnetLayer& layer, const Dims& input) : layer_(layer), input_(input) {}

    [[nodiscard]] Dims resolve(const Dims& codes) {
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::int64_t code = codes[i];
            if (code == -4) {
                if (i + 2 >= codes.size()) layer_.refuse("-4 in its shape is not followed by two numbers");
                split(codes[i + 1], codes[i + 2]);
                i += 2;
            } else {
                apply(code);
            }
        }
        return result_;
    }

private:
    void apply(std::int64_t code) {
        if (code > 0 || code == -1) {
            ++read_;  // a size of its own still takes the place of one dimension of the input
            result_.push_back(code);
        } else if (code == 0) {
            result_.push_back(next());
        } else if (code == -2) {
            while (read_ < input_.size()) result_.push_back(next());
        } else if (code == -3) {
            result_.push_back(product(next(), next()));
        } else {
            layer_.refuse(fmt::format("{} is no code of a shape", code));
        }
    }

    [[nodiscard]] std::int64_t next() {
        if (read_ >= input_.size()) layer_.refuse("its shape asks for more dimensions than its input has");
        return input_[read_++];
    }

    /// The product with an unknown size is unknown.
    [[nodiscard]] static std::int64_t product(std::int64_t a, std::int64_t b) { return a < 0 || b < 0 ? -1 : a * b; }

    /// One of a and b may be -1: it is the rest of the dimension.
    void split(std::int64_t a, std::int64_t b) {
        const std::int64_t whole = next();
        if (a == -1 && b > 0 && whole > 0) a = whole / b;
        if (b == -1 && a > 0 && whole > 0) b = whole / a;
        result_.push_back(a);
        result_.push_back(b);
    }

    const MxnetLayer& layer_;
    const Dims& input_;
    std::size_t read_ = 0;
    Dims result_;
};

/// Returns the shape as ONNX's Reshape takes it: 0 copies the dimension at the same index, and one dimension may be -1.
Dims resolved_dims(const MxnetLayer& layer, Dims codes) {
    Dims input = layer.shape(layer.input(0)).dims();
    const bool is_reversed = layer.attributes.flag("reverse", false);
    if (is_reversed) {
        // Codes are read from the last dimension on. -4's two sizes stand behind it in either direction.
        std::reverse(input.begin(), input.end());
        std::reverse(codes.begin(), codes.end());
        if (std::find(codes.begin(), codes.end(), -4) != codes.end()) layer.refuse("reverse with -4 is not supported");
    }
    Dims dims = ReshapeCodes(layer, input).resolve(codes);
    if (is_reversed) std::reverse(dims.begin(), dims.end());
    // The batch is -1 in the input's shape. Where it stays in front, 0 says so, which leaves -1 for another dimension.
    const bool has_batch_in_front = !input.empty() && (is_reversed ? input.back() : input.front()) < 0;
    if (has_batch_in_front && std::count(dims.begin(), dims.end(), -1) > 1 && dims[0] == -1) dims[0] = 0;
    if (std::count(dims.begin(), dims.end(), -1) > 1) layer.refuse("its shape leaves more than one size open");
    return dims;
}

void reshape(MxnetLayer& layer) {
    Dims codes = layer.attributes.integers("shape");
    if (codes.empty()) layer.refuse("it has no shape");
    const bool is_plain = std::none_of(codes.begin(), codes.end(), [](auto code) { return code < -1; });
    // 0 and -1 mean the same in ONNX; nothing must be known of the input then.
    if (!is_plain || layer.attributes.flag("reverse", false)) codes = resolved_dims(layer, codes);
    layer.finish(layer.emit("Reshape", {layer.input(0), layer.numbers(codes, "shape")}));
}

/// [N, C, H, W] to [N, C * H * W].
void flatten(MxnetLayer& layer) { layer.finish(layer.emit("Flatten", {layer.input(0)}, {{"axis", std::int64_t{1}}})); }

/// Axes may count from the end.
void transpose(MxnetLayer& layer) {
    Dims axes = layer.attributes.integers("axes");
    if (axes.empty()) {  // all axes in reverse order
        axes.resize(layer.shape(layer.input(0)).rank());
        std::iota(axes.rbegin(), axes.rend(), 0);
    }
    for (std::int64_t& axis : axes) axis = layer.axis(axis, layer.input(0));
    layer.finish(layer.emit("Transpose", {layer.input(0)}, {{"perm", axes}}));
}

/// A Transpose that exchanges two axes.
void swap_axis(MxnetLayer& layer) {
    Dims axes(layer.shape(layer.input(0)).rank());
    std::iota(axes.begin(), axes.end(), 0);
    const auto a = static_cast<std::size_t>(layer.axis(layer.attributes.integer("dim1", 0), layer.input(0)));
    const auto b = static_cast<std::size_t>(layer.axis(layer.attributes.integer("dim2", 0), layer.input(0)));
    if (a >= axes.size() || b >= axes.size()) layer.refuse("it swaps an axis that its input does not have");
    std::swap(axes[a], axes[b]);
    layer.finish(layer.emit("Transpose", {layer.input(0)}, {{"perm", axes}}));
}

/// A new axis of size 1.
void expand_dims(MxnetLayer& layer) {
    const Dims axes{layer.attributes.integer("axis", 0)};
    layer.finish(layer.emit("Unsqueeze", {layer.input(0), layer.numbers(axes, "axes")}));
}

/// Takes axes of size 1 away.
void squeeze(MxnetLayer& layer) {
    std::vector<ValueId> inputs{layer.input(0)};
    const Dims axes = layer.attributes.integers("axis");
    if (axes.empty()) layer.refuse("without axis is not supported: a batch of 1 would lose its dimension");
    inputs.push_back(layer.numbers(axes, "axes"));
    layer.finish(layer.emit("Squeeze", inputs));
}

/// Any number of arrays, which MXNet counts once more in num_args.
void concat(MxnetLayer& layer) {
    (void)layer.input(0);
    layer.finish(layer.emit("Concat", layer.inputs(), {{"axis", layer.attributes.integer("dim", 1)}}));
}

/// Equal parts along an axis. With squeeze_axis each part has size 1 there and loses the axis.
void split(MxnetLayer& layer) {
    const std::int64_t count = layer.attributes.integer("num_outputs", 1);
    if (count < 1 || count > 4096) layer.refuse(fmt::format("num_outputs is {}; expected 1 to 4096", count));
    const std::int64_t axis = layer.attributes.integer("axis", 1);
    const bool is_squeezed = layer.attributes.flag("squeeze_axis", false);
    std::vector<ValueId> parts = layer.emit_all("Split", {layer.input(0)}, {{"axis", axis}},
                                                static_cast<std::size_t>(count), is_squeezed ? "split" : "");
    for (std::size_t i = 0; is_squeezed && i < parts.size(); ++i) {
        const std::string part = "squeeze" + std::to_string(i);
        parts[i] = layer.emit("Squeeze", {parts[i], layer.numbers({axis}, part + "_axes")}, {}, part);
    }
    layer.finish(parts);
}

/// Python's x[…, begin:end, …] along one axis; end = None is the end of the axis.
void slice_axis(MxnetLayer& layer) {
    const OptionalDims end = layer.attributes.optional_integers("end");
    layer.finish(layer.emit("Slice", {layer.input(0), layer.numbers({layer.attributes.integer("begin", 0)}, "starts"),
                                      layer.numbers({end.empty() || !end[0] ? kToTheEnd : *end[0]}, "ends"),
                                      layer.numbers({layer.attributes.integer("axis", 0)}, "axes")}));
}

/// The same for the first axes at once, each with its step. An axis that is kept whole is left out.
void slice(MxnetLayer& layer) {
    const OptionalDims begin = layer.attributes.optional_integers("begin");
    const OptionalDims end = layer.attributes.optional_integers("end");
    OptionalDims step = layer.attributes.optional_integers("step");
    step.resize(begin.size());
    if (begin.size() != end.size()) layer.refuse("begin and end differ in length");
    Dims starts;
    Dims ends;
    Dims axes;
    Dims steps;
    for (std::size_t i = 0; i < begin.size(); ++i) {
        if (!begin[i] && !end[i] && step[i].value_or(1) == 1) continue;  // the whole axis, often the batch
        const std::int64_t by = step[i].value_or(1);
        if (by == 0) layer.refuse("a step of 0");
        starts.push_back(begin[i].value_or(by > 0 ? 0 : kToTheEnd));
        ends.push_back(end[i].value_or(by > 0 ? kToTheEnd : std::numeric_limits<std::int64_t>::min()));
        axes.push_back(static_cast<std::int64_t>(i));
        steps.push_back(by);
    }
    if (axes.empty()) return layer.finish(layer.input(0));
    layer.finish(layer.emit("Slice", {layer.input(0), layer.numbers(starts, "starts"), layer.numbers(ends, "ends"),
                                      layer.numbers(axes, "axes"), layer.numbers(steps, "steps")}));
}

/// Fewer reps than dimensions stand for the last dimensions.
void tile(MxnetLayer& layer) {
    Dims repeats = layer.attributes.integers("reps");
    const std::size_t rank = layer.shape(layer.input(0)).rank();
    if (repeats.size() > rank) layer.refuse("more reps than dimensions are not supported");
    repeats.insert(repeats.begin(), rank - repeats.size(), 1);
    layer.finish(layer.emit("Tile", {layer.input(0), layer.numbers(repeats, "repeats")}));
}

/// MXNet lists begin and end of each axis in turn; ONNX wants all begins, then all ends.
void pad(MxnetLayer& layer) {
    const Dims width = layer.attributes.integers("pad_width");
    Dims begins;
    Dims ends;
    for (std::size_t i = 0; i < width.size(); ++i) (i % 2 == 0 ? begins : ends).push_back(width[i]);
    if (begins.size() != ends.size()) layer.refuse("pad_width has an odd number of numbers");
    begins.insert(begins.end(), ends.begin(), ends.end());
    std::vector<ValueId> inputs{layer.input(0), layer.numbers(begins, "pads")};
    const std::string mode = layer.attributes.word("mode", "constant");
    if (mode == "constant") inputs.push_back(layer.scalar(layer.attributes.number("constant_value", 0.0F), "value"));
    layer.finish(layer.emit("Pad", inputs, {{"mode", mode}}));
}

/// Nearest neighbours only: bilinear has a weight of its own and is a Deconvolution.
void up_sampling(MxnetLayer& layer) {
    layer.require_default("sample_type", "nearest");
    if (layer.input_count() != 1) layer.refuse("more than one input is not supported");
    const auto scale = static_cast<float>(layer.attributes.integer("scale", 1));
    const std::vector<float> scales{1.0F, 1.0F, scale, scale};
    const ValueId factors = layer.constant(Tensor::of<float>(Shape{4}, scales), "scales");
    layer.finish(layer.emit("Resize", {layer.input(0), ValueId{}, factors},
                            {{"mode", std::string("nearest")},
                             {"coordinate_transformation_mode", std::string("asymmetric")},
                             {"nearest_mode", std::string("floor")}}));
}

/// Both formats have the depth-column-row order.
void block_move(MxnetLayer& layer) {
    layer.finish(
        layer.emit(layer.argument(), {layer.input(0)}, {{"blocksize", layer.attributes.integer("block_size", 1)}}));
}

constexpr MxnetRule kShapeRules[] = {
    {"Reshape", &reshape},
    {"reshape", &reshape},
    {"Flatten", &flatten},
    {"flatten", &flatten},
    {"transpose", &transpose},
    {"SwapAxis", &swap_axis},
    {"swapaxes", &swap_axis},
    {"expand_dims", &expand_dims},
    {"squeeze", &squeeze},
    {"Concat", &concat},
    {"concat", &concat},
    {"SliceChannel", &split},
    {"split", &split},
    {"slice_axis", &slice_axis},
    {"slice", &slice},
    {"crop", &slice},
    {"tile", &tile},
    {"Pad", &pad},
    {"pad", &pad},
    {"UpSampling", &up_sampling},
    {"depth_to_space", &block_move, "DepthToSpace"},
    {"space_to_depth", &block_move, "SpaceToDepth"},
};

}  // namespace

std::span<const MxnetRule> mxnet_shape_rules() { return kShapeRules; }

}  // namespace halftone
