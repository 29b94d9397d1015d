// Recipes by operator.
//
//   make_recipe      looks the operator up in kRecipes; default_recipe serves all that need nothing special
//   conv_recipe ...  one for each operator with weights, attributes or constant inputs
//
// A recipe aims at what is valid, and misses sometimes: what the shape rule then refuses is not built.
#include "fuzz/graphs/node_recipes.hpp"

#include <map>
#include <string_view>

namespace halftone::fuzz {

ValueId RecipeContext::floats(const Shape& shape, float offset) {
    Tensor tensor(TensorType{DType::f32, shape});
    // A period of 16 bytes is enough for weights, and leaves bytes for decisions.
    float numbers[16];
    for (float& number : numbers) number = source.number() / 2.0F + offset;
    std::size_t i = 0;
    for (float& element : tensor.mutable_view().as<float>()) {
        element = numbers[i % 16] + static_cast<float>(i % 7) / 64.0F;
        ++i;
    }
    return constant(tensor);
}

ValueId RecipeContext::int64s(const std::vector<std::int64_t>& values) {
    return constant(Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(values.size())}, values));
}

namespace {

using Ints = std::vector<std::int64_t>;

/// The data input of most recipes, with its shape.
struct Data {
    ValueId id;
    Shape shape;
    explicit Data(RecipeContext& c, DType dtype = DType::f32) : id(c.any_of(dtype)), shape(c.type_of(id).shape) {}
    [[nodiscard]] std::int64_t rank() const { return static_cast<std::int64_t>(shape.rank()); }
    [[nodiscard]] std::int64_t dim(std::size_t d) const { return d < shape.rank() ? shape[d] : 1; }
    [[nodiscard]] std::size_t spatial() const { return shape.rank() > 2 ? shape.rank() - 2 : 1; }
};

std::int64_t any_axis(ByteSource& source, std::int64_t rank) { return rank == 0 ? 0 : source.between(-rank, rank - 1); }

/// strides, pads, dilations and auto_pad of pools and convolutions: often absent, which is their default.
void add_window(Attributes& attributes, ByteSource& s, std::size_t spatial) {
    const auto list = [&](std::size_t count, std::int64_t low, std::int64_t high) {
        Ints values;
        for (std::size_t i = 0; i < count; ++i) values.push_back(s.between(low, high));
        return values;
    };
    if (s.chance(2)) attributes["strides"] = list(spatial, 1, 3);
    if (s.chance(4)) attributes["dilations"] = list(spatial, 1, 2);
    if (s.chance(2)) attributes["pads"] = list(2 * spatial, 0, 1);
    if (s.chance(8)) {
        const std::vector<std::string> words{"VALID", "SAME_UPPER", "SAME_LOWER", "NOTSET"};
        attributes["auto_pad"] = s.any(words);
    }
}

Ints any_kernel(ByteSource& s, std::size_t spatial) {
    Ints kernel;
    for (std::size_t i = 0; i < spatial; ++i) kernel.push_back(s.between(1, 3));
    return kernel;
}

Recipe conv_recipe(RecipeContext& c) {
    const Data x(c);
    ByteSource& s = c.source;
    Recipe recipe;
    const std::int64_t channels = x.dim(1);
    const std::int64_t group = channels > 0 && s.chance(3) ? channels : 1;
    const std::int64_t out = group * s.between(1, 4);
    Ints shape{out, channels / group};
    for (const std::int64_t k : any_kernel(s, x.spatial())) shape.push_back(k);
    recipe.inputs = {x.id, c.floats(Shape(shape))};
    if (s.chance(2)) recipe.inputs.push_back(c.floats({out}));
    recipe.attributes["group"] = group;
    add_window(recipe.attributes, s, x.spatial());
    return recipe;
}

Recipe conv_transpose_recipe(RecipeContext& c) {
    const Data x(c);
    Ints shape{x.dim(1), c.source.between(1, 3)};
    for (const std::int64_t k : any_kernel(c.source, x.spatial())) shape.push_back(k);
    Recipe recipe{.inputs = {x.id, c.floats(Shape(shape))}, .attributes = {}};
    add_window(recipe.attributes, c.source, x.spatial());
    return recipe;
}

Recipe pool_recipe(RecipeContext& c) {
    const Data x(c);
    Recipe recipe{.inputs = {x.id}, .attributes = {{"kernel_shape", any_kernel(c.source, x.spatial())}}};
    add_window(recipe.attributes, c.source, x.spatial());
    if (c.source.chance(3)) recipe.attributes["ceil_mode"] = std::int64_t{1};
    return recipe;
}

Recipe gemm_recipe(RecipeContext& c) {
    const Data a(c);
    ByteSource& s = c.source;
    const std::int64_t transposed_a = s.below(2), transposed_b = s.below(2), n = s.between(1, 6);
    const std::int64_t inner = a.dim(transposed_a != 0 ? 0 : 1);
    Recipe recipe;
    recipe.inputs = {a.id, c.floats(transposed_b != 0 ? Shape{n, inner} : Shape{inner, n})};
    if (s.chance(2)) recipe.inputs.push_back(c.floats({n}));
    recipe.attributes = {{"transA", transposed_a}, {"transB", transposed_b}};
    if (s.chance(4)) recipe.attributes["alpha"] = s.number();
    if (s.chance(4)) recipe.attributes["beta"] = s.number();
    return recipe;
}

Recipe mat_mul_recipe(RecipeContext& c) {
    const Data a(c);
    const std::int64_t inner = a.rank() == 0 ? 1 : a.shape[a.shape.rank() - 1];
    if (c.source.chance(4)) return {.inputs = {a.id, c.any_of(DType::f32)}, .attributes = {}};
    return {.inputs = {a.id, c.floats({inner, c.source.between(1, 6)})}, .attributes = {}};
}

Recipe normalization_recipe(RecipeContext& c, std::size_t vectors) {
    const Data x(c);
    Recipe recipe{.inputs = {x.id}, .attributes = {}};
    // The last one is a variance where there are four.
    for (std::size_t i = 0; i < vectors; ++i) recipe.inputs.push_back(c.floats({x.dim(1)}, i == 3 ? 2.0F : 0.0F));
    if (c.source.chance(2)) recipe.attributes["epsilon"] = 0.01F;
    return recipe;
}

Recipe layer_normalization_recipe(RecipeContext& c) {
    const Data x(c);
    const std::int64_t last = x.rank() == 0 ? 1 : x.shape[x.shape.rank() - 1];
    return {.inputs = {x.id, c.floats({last}), c.floats({last})}, .attributes = {{"axis", std::int64_t{-1}}}};
}

Recipe reshape_recipe(RecipeContext& c) {
    const Data x(c);
    const std::int64_t elements = x.shape.elements();
    switch (c.source.below(4)) {
        case 0:
            return {.inputs = {x.id, c.int64s({-1})}, .attributes = {}};
        case 1:
            return {.inputs = {x.id, c.int64s({0, -1})}, .attributes = {}};
        case 2:
            return {.inputs = {x.id, c.int64s({1, 1, elements})}, .attributes = {}};
        default:
            return {.inputs = {x.id, c.int64s({c.source.between(1, 4), -1, c.source.between(1, 2)})}, .attributes = {}};
    }
}

Recipe transpose_recipe(RecipeContext& c) {
    const Data x(c);
    Ints perm;
    for (std::int64_t d = 0; d < x.rank(); ++d) perm.push_back(d);
    for (std::size_t d = 1; d < perm.size(); ++d) {
        std::swap(perm[d], perm[static_cast<std::size_t>(c.source.below(d + 1))]);
    }
    return {.inputs = {x.id}, .attributes = {{"perm", perm}}};
}

Recipe axes_recipe(RecipeContext& c) {
    const Data x(c);
    return {.inputs = {x.id, c.int64s({any_axis(c.source, x.rank())})}, .attributes = {}};
}

Recipe reduce_recipe(RecipeContext& c) {
    const Data x(c);
    Recipe recipe{.inputs = {x.id}, .attributes = {{"keepdims", c.source.below(2)}}};
    if (c.source.chance(4)) return recipe;  // all axes
    const Ints axes{any_axis(c.source, x.rank())};
    if (c.source.chance(2)) {
        recipe.inputs.push_back(c.int64s(axes));
    } else {
        recipe.attributes["axes"] = axes;
    }
    return recipe;
}

Recipe axis_recipe(RecipeContext& c) {
    const Data x(c);
    Recipe recipe{.inputs = {x.id}, .attributes = {{"axis", any_axis(c.source, x.rank())}}};
    if (c.source.chance(3)) recipe.attributes["keepdims"] = c.source.below(2);
    return recipe;
}

Recipe concat_recipe(RecipeContext& c) {
    const ValueId x = c.any_value();
    const auto rank = static_cast<std::int64_t>(c.type_of(x).shape.rank());
    Recipe recipe{.inputs = {x, c.source.chance(2) ? x : c.any_value()}, .attributes = {}};
    if (c.source.chance(3)) recipe.inputs.push_back(x);
    recipe.attributes["axis"] = any_axis(c.source, rank);
    return recipe;
}

Recipe slice_recipe(RecipeContext& c) {
    const Data x(c);
    ByteSource& s = c.source;
    const Ints steps{1, 1, 2, -1};
    return {.inputs = {x.id, c.int64s({s.between(-3, 3)}), c.int64s({s.chance(2) ? INT64_MAX : s.between(-3, 4)}),
                       c.int64s({any_axis(s, x.rank())}), c.int64s({s.any(steps)})},
            .attributes = {}};
}

Recipe split_recipe(RecipeContext& c) {
    const Data x(c);
    const std::int64_t axis = any_axis(c.source, x.rank());
    const auto place = static_cast<std::size_t>(axis < 0 ? axis + x.rank() : axis);
    const std::int64_t first = x.dim(place) / 2;
    return {.inputs = {x.id, c.int64s({first, x.dim(place) - first})}, .attributes = {{"axis", axis}}, .outputs = 2};
}

Recipe gather_recipe(RecipeContext& c) {
    const Data x(c);
    return {.inputs = {x.id, c.int64s({c.source.between(-1, 1), 0})},
            .attributes = {{"axis", any_axis(c.source, x.rank())}}};
}

Recipe gather_elements_recipe(RecipeContext& c) {
    const Data x(c);
    Tensor indices(TensorType{DType::s64, x.shape});  // zeros, and some ones below
    std::size_t i = 0;
    for (std::int64_t& index : indices.mutable_view().as<std::int64_t>()) index = i++ % 3 == 0 ? -1 : 0;
    return {.inputs = {x.id, c.constant(indices)}, .attributes = {{"axis", any_axis(c.source, x.rank())}}};
}

Recipe pad_recipe(RecipeContext& c) {
    const Data x(c);
    Ints pads;
    for (std::int64_t d = 0; d < 2 * x.rank(); ++d) pads.push_back(c.source.between(-1, 2));
    const std::vector<std::string> modes{"constant", "reflect", "edge"};
    return {.inputs = {x.id, c.int64s(pads)}, .attributes = {{"mode", c.source.any(modes)}}};
}

Recipe repeat_recipe(RecipeContext& c) {
    const Data x(c);
    Ints repeats;
    for (std::int64_t d = 0; d < x.rank(); ++d) repeats.push_back(c.source.between(1, 2));
    return {.inputs = {x.id, c.int64s(repeats)}, .attributes = {}};
}

Recipe expand_recipe(RecipeContext& c) {
    const Data x(c);
    Ints shape{c.source.between(1, 2)};
    for (const std::int64_t dim : x.shape.dims()) shape.push_back(dim == 1 ? c.source.between(1, 3) : dim);
    return {.inputs = {x.id, c.int64s(shape)}, .attributes = {}};
}

Recipe resize_recipe(RecipeContext& c) {
    const Data x(c);
    const std::vector<std::string> modes{"nearest", "linear", "cubic"};
    const std::vector<std::string> places{"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"};
    Tensor scales(TensorType{DType::f32, {x.rank()}});
    std::size_t d = 0;
    for (float& scale : scales.mutable_view().as<float>())
        scale = d++ < 2 ? 1.0F : 0.5F + static_cast<float>(c.source.below(4)) / 2;
    return {.inputs = {x.id, ValueId{}, c.constant(scales)},
            .attributes = {{"mode", c.source.any(modes)}, {"coordinate_transformation_mode", c.source.any(places)}}};
}

Recipe block_recipe(RecipeContext& c) {
    const Data x(c);
    const std::vector<std::string> modes{"DCR", "CRD"};
    Recipe recipe{.inputs = {x.id}, .attributes = {{"blocksize", std::int64_t{2}}}};
    if (c.source.chance(2)) recipe.attributes["mode"] = c.source.any(modes);
    return recipe;
}

Recipe cast_recipe(RecipeContext& c) {
    // ONNX's numbers of fp32, uint8, int8, int32, int64, boolean and fp64.
    const Ints types{1, 2, 3, 6, 7, 9, 11};
    return {.inputs = {c.any_value()}, .attributes = {{"to", c.source.any(types)}}};
}

Recipe clip_recipe(RecipeContext& c) {
    const ValueId x = c.any_of(DType::f32);
    const auto border = [&] { return c.source.chance(4) ? ValueId{} : c.constant(Tensor::scalar(c.source.number())); };
    const ValueId low = border();
    return {.inputs = {x, low, border()}, .attributes = {}};
}

Recipe quantize_recipe(RecipeContext& c, bool is_inverse) {
    const ValueId scale = c.constant(Tensor::scalar(0.01F + static_cast<float>(c.source.below(16)) / 64.0F));
    const bool is_signed = c.source.chance(2);
    const ValueId zero = is_signed ? c.constant(Tensor::scalar(static_cast<std::int8_t>(c.source.below(8))))
                                   : c.constant(Tensor::scalar(c.source.byte()));
    const ValueId x = c.any_of(!is_inverse ? DType::f32 : is_signed ? DType::s8 : DType::u8);
    return {.inputs = {x, scale, zero}, .attributes = {}};
}

Recipe recurrent_recipe(RecipeContext& c, std::int64_t gates) {
    const Data x(c);
    const std::int64_t hidden = c.source.between(1, 3), directions = c.source.chance(3) ? 2 : 1;
    Recipe recipe{.inputs = {x.id, c.floats({directions, gates * hidden, x.dim(2)}),
                             c.floats({directions, gates * hidden, hidden})},
                  .attributes = {{"hidden_size", hidden},
                                 {"direction", std::string(directions == 2 ? "bidirectional" : "forward")}}};
    if (c.source.chance(2)) recipe.inputs.push_back(c.floats({directions, 2 * gates * hidden}));
    return recipe;
}

Recipe where_recipe(RecipeContext& c) {
    return {.inputs = {c.any_of(DType::boolean), c.any_of(DType::f32), c.any_of(DType::f32)}, .attributes = {}};
}

Recipe range_recipe(RecipeContext& c) {
    return {.inputs = {c.constant(Tensor::scalar(c.source.number())),
                       c.constant(Tensor::scalar(4.0F + c.source.number())), c.constant(Tensor::scalar(0.5F))},
            .attributes = {}};
}

/// One to three inputs, mostly of one type: arithmetic, comparisons and everything with one input.
Recipe default_recipe(const std::string& op, RecipeContext& c) {
    static const std::map<std::string, std::size_t> kInputs{
        {"Add", 2},     {"Sub", 2},   {"Mul", 2},   {"Div", 2},      {"Pow", 2},
        {"Mod", 2},     {"PRelu", 2}, {"Equal", 2}, {"Less", 2},     {"Or", 2},
        {"Greater", 2}, {"And", 2},   {"Xor", 2},   {"Max", 3},      {"LessOrEqual", 2},
        {"Min", 3},     {"Mean", 3},  {"Sum", 3},   {"CastLike", 2}, {"GreaterOrEqual", 2}};
    const bool is_logical = op == "And" || op == "Or" || op == "Xor" || op == "Not";
    const ValueId x = is_logical ? c.any_of(DType::boolean) : c.source.chance(8) ? c.any_value() : c.any_of(DType::f32);
    Recipe recipe{.inputs = {x}, .attributes = {}};
    const auto more = kInputs.find(op);
    while (more != kInputs.end() && recipe.inputs.size() < more->second) {
        const TensorType type = c.type_of(x);
        switch (c.source.below(4)) {
            case 0:
                recipe.inputs.push_back(x);
                break;
            case 1:  // a constant row or scalar, as exporters write it
                recipe.inputs.push_back(type.dtype == DType::f32 && type.shape.rank() > 0
                                            ? c.floats({type.shape[type.shape.rank() - 1]})
                                            : x);
                break;
            default:
                recipe.inputs.push_back(c.any_of(type.dtype));
        }
    }
    if (c.source.chance(4)) recipe.attributes["alpha"] = c.source.number();
    if (op == "LRN") recipe.attributes = {{"size", c.source.between(1, 3)}};
    if (op == "Mod") recipe.attributes = {{"fmod", std::int64_t{1}}};
    if (op == "ConstantOfShape") recipe.inputs = {c.int64s({c.source.between(0, 3), 2})};
    return recipe;
}

using MakeRecipe = Recipe (*)(RecipeContext&);

const std::map<std::string_view, MakeRecipe>& special_recipes() {
    static const std::map<std::string_view, MakeRecipe> recipes{
        {"Conv", conv_recipe},
        {"ConvTranspose", conv_transpose_recipe},
        {"MaxPool", pool_recipe},
        {"AveragePool", pool_recipe},
        {"LpPool", pool_recipe},
        {"Gemm", gemm_recipe},
        {"MatMul", mat_mul_recipe},
        {"BatchNormalization", [](RecipeContext& c) { return normalization_recipe(c, 4); }},
        {"InstanceNormalization", [](RecipeContext& c) { return normalization_recipe(c, 2); }},
        {"LayerNormalization", layer_normalization_recipe},
        {"Reshape", reshape_recipe},
        {"Transpose", transpose_recipe},
        {"Squeeze", axes_recipe},
        {"Unsqueeze", axes_recipe},
        {"Flatten", axis_recipe},
        {"Softmax", axis_recipe},
        {"LogSoftmax", axis_recipe},
        {"Hardmax", axis_recipe},
        {"ArgMax", axis_recipe},
        {"ArgMin", axis_recipe},
        {"Concat", concat_recipe},
        {"Slice", slice_recipe},
        {"Split", split_recipe},
        {"Gather", gather_recipe},
        {"GatherElements", gather_elements_recipe},
        {"Pad", pad_recipe},
        {"Tile", repeat_recipe},
        {"Expand", expand_recipe},
        {"Resize", resize_recipe},
        {"DepthToSpace", block_recipe},
        {"SpaceToDepth", block_recipe},
        {"Cast", cast_recipe},
        {"Clip", clip_recipe},
        {"Where", where_recipe},
        {"Range", range_recipe},
        {"QuantizeLinear", [](RecipeContext& c) { return quantize_recipe(c, false); }},
        {"DequantizeLinear", [](RecipeContext& c) { return quantize_recipe(c, true); }},
        {"LSTM", [](RecipeContext& c) { return recurrent_recipe(c, 4); }},
        {"GRU", [](RecipeContext& c) { return recurrent_recipe(c, 3); }},
        {"RNN", [](RecipeContext& c) { return recurrent_recipe(c, 1); }}};
    return recipes;
}

}  // namespace

Recipe make_recipe(const std::string& op, RecipeContext& context) {
    if (op.starts_with("Reduce")) return reduce_recipe(context);
    const auto special = special_recipes().find(op);
    return special == special_recipes().end() ? default_recipe(op, context) : special->second(context);
}

}  // namespace halftone::fuzz
