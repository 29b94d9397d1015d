// fuse_normalizations replaces what exporters write for a normalization of rows by LayerNormalization or
// RMSNormalization, equal up to rounding. A pattern is found at its square root, in the middle, and read in both
// directions:
//
//   moments_of      what stands under the root: mean(d^2) with d = x - mean(x), mean(x^2) - mean(x)^2 (flax), or
//   mean(x^2) inverse_at      1 / sqrt(variance + epsilon) as Reciprocal, Div or Pow; or a Div whose numerator is
//   normalized at once by_value        (d * inverse) * scale + bias                        PyTorch, Paddle; RMS: x *
//   inverse * scale by_factor       d * (inverse * scale) + bias                        flax by_shift        x * factor
//   + (bias - mean * factor)                 Keras, with factor = inverse * scale closed          no node but the last
//   may be read from outside of the pattern
//
// Sources: torch.onnx (script and dynamo), tf2onnx, paddle2onnx and jax2onnx as they write these layers in 2026.
#include <algorithm>
#include <optional>

#include "exec/passes/lib/pattern_reader.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {
namespace {

/// What the variance is computed from.
struct MomentNodes {
    ValueId x;
    ValueId mean;     ///< invalid: nothing is subtracted (RMS)
    ValueId centred;  ///< x - mean, if the variance reads it
};

/// One normalization while it is read.
class NormalizationReader {
public:
    NormalizationReader(const PatternReader& reader, NodeId root) : r_(reader), root_(root) {}

    [[nodiscard]] std::optional<Pattern> run() {
        const auto sum = variance_and_epsilon();
        const auto moments = sum ? moments_of(*sum) : std::nullopt;
        if (!moments || !read_inverse()) return std::nullopt;
        moments_ = *moments;
        const bool has_rows = columns() > 0 && r_.graph().value(moments_.x).type.dtype == DType::f32;
        const bool is_read =
            has_rows && (divided_.is_valid() ? is_centred(quotient_) && by_value(divided_) : by_inverse());
        return is_read && closed() ? std::optional(pattern()) : std::nullopt;
    }

private:
    [[nodiscard]] NodeId take(NodeId node) {
        if (node.is_valid()) nodes_.push_back(node);
        return node;
    }
    [[nodiscard]] const std::vector<ValueId>& inputs(NodeId node) const { return r_.node(node).inputs; }

    /// The operand of variance + epsilon that is the variance.
    [[nodiscard]] std::optional<ValueId> variance_and_epsilon() {
        const NodeId add = r_.producer(inputs(root_)[0], "Add");
        if (!add.is_valid()) return std::nullopt;
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const auto epsilon = r_.scalar(inputs(add)[i]);
            if (!epsilon || *epsilon < 0) continue;
            epsilon_ = *epsilon;
            nodes_ = {root_, add};
            return inputs(add)[1 - i];
        }
        return std::nullopt;
    }

    /// What the value is the mean of over the last dimension; invalid if it is no such mean.
    [[nodiscard]] ValueId mean_operand(ValueId value) {
        const NodeId reduce = r_.producer(value, "ReduceMean");
        if (!reduce.is_valid() || int_attribute(r_.node(reduce), "keepdims", 1) == 0) return {};
        std::vector<std::int64_t> axes = ints_attribute(r_.node(reduce), "axes", {});
        if (has_input(r_.node(reduce), 1)) {
            const Value& given = r_.graph().value(inputs(reduce)[1]);
            if (!given.is_constant() || given.constant.dtype() != DType::s64) return {};
            const auto values = given.constant.as<std::int64_t>();
            axes.assign(values.begin(), values.end());
        }
        const auto rank = static_cast<std::int64_t>(r_.graph().value(inputs(reduce)[0]).type.shape.rank());
        if (axes.size() != 1 || (axes[0] != -1 && axes[0] != rank - 1)) return {};
        return inputs(take(reduce))[0];
    }

    /// What the value is the square of; invalid if it is no square.
    [[nodiscard]] ValueId square_operand(ValueId value) {
        if (const NodeId mul = r_.producer(value, "Mul"); mul.is_valid()) {
            return inputs(mul)[0] == inputs(mul)[1] ? inputs(take(mul))[0] : ValueId{};
        }
        const NodeId pow = r_.producer(value, "Pow");
        return pow.is_valid() && r_.is_scalar(inputs(pow)[1], 2.0F) ? inputs(take(pow))[0] : ValueId{};
    }

    /// The value under a Relu, Max(., 0) or Clip(., 0): flax keeps rounding errors from giving a negative variance.
    [[nodiscard]] ValueId not_below_zero(ValueId value) {
        const auto is_zero = [this](ValueId id) { return r_.scalar(id) == 0.0F; };
        if (const NodeId relu = r_.producer(value, "Relu"); relu.is_valid()) return inputs(take(relu))[0];
        if (const NodeId clip = r_.producer(value, "Clip"); clip.is_valid()) {
            const bool is_open = !has_input(r_.node(clip), 2);
            return is_open && has_input(r_.node(clip), 1) && is_zero(inputs(clip)[1]) ? inputs(take(clip))[0] : value;
        }
        const NodeId max = r_.producer(value, "Max");
        if (!max.is_valid() || inputs(max).size() != 2) return value;
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            if (is_zero(inputs(max)[i])) return inputs(take(max))[1 - i];
        }
        return value;
    }

    [[nodiscard]] std::optional<MomentNodes> moments_of(ValueId variance) {
        variance = not_below_zero(variance);
        if (const NodeId sub = r_.producer(variance, "Sub"); sub.is_valid()) {
            const ValueId squares = mean_operand(inputs(take(sub))[0]);
            const ValueId x = squares.is_valid() ? square_operand(squares) : ValueId{};
            const ValueId mean = square_operand(inputs(sub)[1]);
            if (!x.is_valid() || !mean.is_valid() || mean_operand(mean) != x) return std::nullopt;
            return MomentNodes{.x = x, .mean = mean, .centred = {}};
        }
        const ValueId squares = mean_operand(variance);
        const ValueId base = squares.is_valid() ? square_operand(squares) : ValueId{};
        if (!base.is_valid()) return std::nullopt;
        const NodeId sub = r_.producer(base, "Sub");
        const std::size_t before = nodes_.size();
        if (sub.is_valid() && mean_operand(inputs(sub)[1]) == inputs(sub)[0]) {
            static_cast<void>(take(sub));
            return MomentNodes{.x = inputs(sub)[0], .mean = inputs(sub)[1], .centred = base};
        }
        nodes_.resize(before);
        return MomentNodes{.x = base, .mean = {}, .centred = {}};
    }

    /// Reads what is done with the root. Sets inverse_, or quotient_ and divided_ where a Div normalizes at once.
    [[nodiscard]] bool read_inverse() {
        const ValueId root = r_.output(root_);
        if (r_.node(root_).op == "Pow") {
            inverse_ = root;
            return true;
        }
        if (const NodeId reciprocal = take(r_.only_reader(root, "Reciprocal")); reciprocal.is_valid()) {
            inverse_ = r_.output(reciprocal);
            return true;
        }
        const NodeId div = r_.only_reader(root, "Div");
        if (!div.is_valid() || inputs(div)[1] != root) return false;
        nodes_.push_back(div);
        if (r_.is_scalar(inputs(div)[0], 1.0F)) {
            inverse_ = r_.output(div);
        } else {
            quotient_ = inputs(div)[0];
            divided_ = r_.output(div);
        }
        return true;
    }

    /// Whether the value is what is normalized: x - mean, or x itself for RMS. Takes the Sub that makes it.
    [[nodiscard]] bool is_centred(ValueId value) {
        if (!moments_.mean.is_valid()) return value == moments_.x;
        if (value == moments_.centred) return true;
        const NodeId sub = r_.producer(value, "Sub");
        const bool fits = sub.is_valid() && inputs(sub) == std::vector<ValueId>{moments_.x, moments_.mean};
        if (fits) nodes_.push_back(sub);
        return fits;
    }

    /// A constant with one number for each element of a row.
    [[nodiscard]] bool is_row(ValueId id) const {
        if (!id.is_valid() || !r_.graph().value(id).is_constant()) return false;
        const Tensor& constant = r_.graph().value(id).constant;
        const Shape& shape = constant.shape();
        return constant.dtype() == DType::f32 && shape.rank() > 0 && shape[shape.rank() - 1] == columns() &&
               constant.elements() == columns();
    }
    [[nodiscard]] std::int64_t columns() const {
        const Shape& shape = r_.graph().value(moments_.x).type.shape;
        return shape.rank() == 0 ? -1 : shape[shape.rank() - 1];
    }

    /// `normalized` has no scale yet, or one already; what follows may scale and shift it.
    [[nodiscard]] bool by_value(ValueId normalized) {
        last_ = normalized;
        if (const NodeId mul = r_.only_reader(last_, "Mul");
            !scale_.is_valid() && mul.is_valid() && is_row(r_.other(mul, last_))) {
            scale_ = r_.other(mul, last_);
            last_ = r_.output(take(mul));
        }
        if (const NodeId add = r_.only_reader(last_, "Add");
            moments_.mean.is_valid() && add.is_valid() && is_row(r_.other(add, last_))) {
            bias_ = r_.other(add, last_);
            last_ = r_.output(take(add));
        }
        return true;
    }

    [[nodiscard]] bool by_inverse() {
        const NodeId mul = r_.only_reader(inverse_, "Mul");
        if (!mul.is_valid()) return false;
        const ValueId with = r_.other(mul, inverse_);
        nodes_.push_back(mul);
        if (!is_row(with)) return is_centred(with) && by_value(r_.output(mul));
        scale_ = with;
        const ValueId factor = r_.output(mul);
        if (const NodeId product = take(r_.only_reader(factor, "Mul")); product.is_valid()) {  // by_factor
            return is_centred(r_.other(product, factor)) && by_value(r_.output(product));
        }
        return moments_.mean.is_valid() && by_shift(factor);
    }

    /// x * factor + (bias - mean * factor), also with the mean negated.
    [[nodiscard]] bool by_shift(ValueId factor) {
        NodeId scaled;
        NodeId scaled_mean;
        bool is_negated = false;
        for (const Use& use : r_.graph().uses(factor)) {
            if (r_.node(use.node).op != "Mul") return false;
            const ValueId with = r_.other(use.node, factor);
            if (with == moments_.x) scaled = use.node;
            if (with == moments_.mean) scaled_mean = use.node;
            const NodeId negation = r_.producer(with, "Neg");
            if (!negation.is_valid() || inputs(negation)[0] != moments_.mean) continue;
            is_negated = true;
            scaled_mean = use.node;
            nodes_.push_back(negation);
        }
        if (!scaled.is_valid() || !scaled_mean.is_valid()) return false;
        const ValueId shifted = r_.output(scaled_mean);
        const NodeId shift = r_.only_reader(shifted, is_negated ? "Add" : "Sub");
        if (!shift.is_valid() || (!is_negated && inputs(shift)[1] != shifted)) return false;
        bias_ = r_.other(shift, shifted);
        const NodeId sum = r_.only_reader(r_.output(shift), "Add");
        if (!is_row(bias_) || !sum.is_valid() || r_.other(sum, r_.output(shift)) != r_.output(scaled)) return false;
        nodes_.insert(nodes_.end(), {scaled, scaled_mean, shift, sum});
        last_ = r_.output(sum);
        return true;
    }

    [[nodiscard]] bool closed() {
        std::sort(nodes_.begin(), nodes_.end());
        nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
        const auto is_ours = [this](const Use& use) {
            return std::binary_search(nodes_.begin(), nodes_.end(), use.node);
        };
        return std::all_of(nodes_.begin(), nodes_.end(), [&](NodeId id) {
            const ValueId made = r_.output(id);
            if (made == last_) return true;
            const auto& uses = r_.graph().uses(made);
            return r_.is_inner(made, uses.size()) && std::all_of(uses.begin(), uses.end(), is_ours);
        });
    }

    [[nodiscard]] Pattern pattern() const {
        const bool is_rms = !moments_.mean.is_valid();
        const NodeId end = r_.graph().producer(last_);
        Pattern found{{.name = r_.node(end).name,
                       .op = is_rms ? "RMSNormalization" : "LayerNormalization",
                       .inputs = {moments_.x, {}},
                       .outputs = {last_},
                       .attributes = {{"axis", std::int64_t{-1}}, {"epsilon", epsilon_}}},
                      nodes_};
        // The operators take rows of one dimension; a file may have [1, 1, columns], or no scale at all.
        found.constants.emplace_back(1, row_of(scale_, 1.0F));
        if (bias_.is_valid()) {
            found.replacement.inputs.emplace_back();
            found.constants.emplace_back(2, row_of(bias_, 0.0F));
        }
        return found;
    }

    [[nodiscard]] Tensor row_of(ValueId id, float otherwise) const {
        std::vector<float> row(static_cast<std::size_t>(columns()), otherwise);
        if (id.is_valid()) {
            const auto values = r_.graph().value(id).constant.as<float>();
            std::copy(values.begin(), values.end(), row.begin());
        }
        return Tensor::of<float>({columns()}, row);
    }

    const PatternReader& r_;
    NodeId root_;
    float epsilon_ = 0;
    MomentNodes moments_;
    ValueId inverse_;   ///< 1 / sqrt(variance + epsilon)
    ValueId quotient_;  ///< the numerator of a Div by the root
    ValueId divided_;   ///< the result of this Div
    ValueId scale_;     ///< invalid: none
    ValueId bias_;
    ValueId last_;  ///< the result
    std::vector<NodeId> nodes_;
};

std::optional<Pattern> normalization_at(const PatternReader& reader, NodeId id) {
    const Node& node = reader.node(id);
    const bool is_inverse_root = node.op == "Pow" && node.inputs.size() == 2 && reader.is_scalar(node.inputs[1], -0.5F);
    if (node.op != "Sqrt" && !is_inverse_root) return std::nullopt;
    return if_shape_stays(reader.graph(), NormalizationReader(reader, id).run());
}

}  // namespace

std::optional<Graph> fuse_normalizations(const Graph& graph, const ExecPassContext& context) {
    return replace_patterns(graph, context.taps, normalization_at);
}

}  // namespace halftone
