// fuse_attention joins what exporters write for a block of attention into one node, equal up to rounding:
//
//   MatMul(q, turned k) -> Mul or Div by a number -> Add of a mask -> Softmax -> MatMul(., v)  ->  ScaledAttention
//
// The number may also stand at q or at k, and the number and the mask may be missing. Transposes that put the heads in
// front, or behind the result back to their place, become attributes of the node: its kernel reads rows where they lie.
// A tensor of all scores is then never written. Products of codes stay as they are, and so do those of a few rows,
// for which packing the keys would cost more than the product.
#include <algorithm>
#include <optional>
#include <utility>

#include "exec/passes/lib/pattern_reader.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t kLeastAttentionRows = 8;  ///< of fewer, packing keys and values would cost too much

/// An operand, and how the node reads its dimensions.
struct ReadValue {
    ValueId value;
    Numbers perm;
    bool is_kept = false;  ///< there is a Transpose that stays, because others read its result
};

class AttentionReader {
public:
    explicit AttentionReader(const PatternReader& reader) : r_(reader) {}

    /// @param last  the product with the values
    [[nodiscard]] std::optional<Pattern> run(NodeId last) {
        nodes_ = {last};
        const NodeId softmax = inner_producer(inputs(last)[0], "Softmax");
        if (!softmax.is_valid() || !is_along_rows(softmax)) return std::nullopt;
        const NodeId first = scores_of(inputs(softmax)[0]);
        if (!first.is_valid()) return std::nullopt;
        const ReadValue q = rows_of(unscaled(inputs(first)[0]));
        const ReadValue k = keys_of(inputs(first)[1]);
        const ReadValue v = rows_of(inputs(last)[1]);
        if (!fits(first, last) || are_codes(q, k) || is_code(v.value)) return std::nullopt;
        return pattern(last, q, k, v);
    }

private:
    [[nodiscard]] const std::vector<ValueId>& inputs(NodeId node) const { return r_.node(node).inputs; }
    [[nodiscard]] const Shape& shape(ValueId id) const { return r_.graph().value(id).type.shape; }
    [[nodiscard]] std::size_t rank(ValueId id) const { return shape(id).rank(); }

    /// The node of this type that makes the value, which has no other reader; it becomes part of the pattern.
    [[nodiscard]] NodeId inner_producer(ValueId value, const char* op) {
        const NodeId made_by = r_.producer(value, op);
        if (!made_by.is_valid() || !r_.is_inner(value, 1)) return {};
        nodes_.push_back(made_by);
        return made_by;
    }

    [[nodiscard]] bool is_along_rows(NodeId softmax) const {
        const auto last = static_cast<std::int64_t>(rank(r_.output(softmax))) - 1;
        const std::int64_t axis = int_attribute(r_.node(softmax), "axis", -1);
        return axis == -1 || axis == last;
    }

    /// The value without a factor, which goes into scale_.
    [[nodiscard]] ValueId unscaled(ValueId value) {
        for (const char* op : {"Mul", "Div"}) {
            const NodeId node = r_.producer(value, op);
            if (!node.is_valid() || !r_.is_inner(value, 1) || inputs(node).size() != 2) continue;
            const bool is_product = r_.node(node).op == "Mul";
            for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
                const auto factor = r_.scalar(inputs(node)[i]);
                const ValueId other = inputs(node)[1 - i];
                // A number divided by the value is another thing, and one of a higher rank would change the shape.
                if (!factor || (!is_product && i == 0) || rank(other) != rank(value)) continue;
                nodes_.push_back(node);
                scale_ *= is_product ? *factor : 1.0F / *factor;
                return other;
            }
        }
        return value;
    }

    /// The product of queries and keys below a scale and a mask; invalid if it is none.
    [[nodiscard]] NodeId scores_of(ValueId value) {
        const NodeId add = r_.producer(value, "Add");
        if (!add.is_valid()) return inner_producer(unscaled(value), "MatMul");
        if (!r_.is_inner(value, 1)) return {};
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const std::size_t before = nodes_.size();
            const NodeId product = inner_producer(unscaled(inputs(add)[i]), "MatMul");
            const ValueId mask = inputs(add)[1 - i];
            const bool is_mask = product.is_valid() && shape(r_.output(product)) == shape(value) &&
                                 r_.graph().value(mask).type.dtype == DType::f32;
            if (is_mask) {
                nodes_.push_back(add);
                mask_ = mask;
                return product;
            }
            nodes_.resize(before);
            scale_ = 1.0F;
        }
        return {};
    }

    /// What a Transpose reads, and its perm; the value itself where no Transpose makes it. The node stays if others
    /// read its result.
    [[nodiscard]] ReadValue through_transpose(ValueId value, bool keeps_rows) {
        Numbers same(rank(value));
        for (std::size_t d = 0; d < same.size(); ++d) same[d] = static_cast<std::int64_t>(d);
        const NodeId transpose = r_.producer(value, "Transpose");
        if (!transpose.is_valid() || same.empty()) return {value, same};
        Numbers perm = ints_attribute(r_.node(transpose), "perm", Numbers(same.rbegin(), same.rend()));
        if (keeps_rows && perm.back() != same.back()) return {value, same};
        const bool is_kept = !r_.is_inner(value, 1);
        if (!is_kept) nodes_.push_back(transpose);
        return {inputs(transpose)[0], std::move(perm), is_kept};
    }

    [[nodiscard]] ReadValue rows_of(ValueId value) { return through_transpose(value, true); }

    /// The right operand of the first product is [.., D, N]; the node reads keys as [.., N, D].
    [[nodiscard]] ReadValue keys_of(ValueId value) {
        ReadValue keys = through_transpose(unscaled(value), false);
        if (keys.perm.size() >= 2) std::swap(keys.perm.back(), keys.perm[keys.perm.size() - 2]);
        // A factor in front of the Transpose, unless what stays reads it.
        if (!keys.is_kept) keys.value = unscaled(keys.value);
        return keys;
    }

    [[nodiscard]] bool is_code(ValueId value) const { return r_.producer(value, "DequantizeLinear").is_valid(); }
    [[nodiscard]] bool are_codes(const ReadValue& q, const ReadValue& k) const {
        return is_code(q.value) && is_code(k.value);
    }

    /// Shapes without broadcasting, and enough rows.
    [[nodiscard]] bool fits(NodeId first, NodeId last) const {
        const Shape& q = shape(inputs(first)[0]);
        const Shape& k = shape(inputs(first)[1]);
        const Shape& v = shape(inputs(last)[1]);
        if (q.rank() < 2 || k.rank() != q.rank() || v.rank() != q.rank()) return false;
        for (const NodeId node : {first, last}) {
            for (const ValueId id : inputs(node)) {
                const Value& value = r_.graph().value(id);
                if (value.type.dtype != DType::f32 || value.is_constant()) return false;
            }
        }
        for (std::size_t d = 0; d + 2 < q.rank(); ++d) {
            if (k[d] != q[d] || v[d] != q[d]) return false;
        }
        if (mask_.is_valid() && (!shape(mask_).is_static() || rank(mask_) > q.rank())) return false;
        return q[q.rank() - 2] >= kLeastAttentionRows && v[v.rank() - 2] >= kLeastAttentionRows;
    }

    [[nodiscard]] Pattern pattern(NodeId last, const ReadValue& q, const ReadValue& k, const ReadValue& v) {
        Node fused{.name = r_.node(last).name,
                   .op = "ScaledAttention",
                   .inputs = {q.value, k.value, v.value},
                   .outputs = r_.node(last).outputs,
                   .attributes = {{"scale", scale_}, {"q_perm", q.perm}, {"k_perm", k.perm}, {"v_perm", v.perm}}};
        if (mask_.is_valid()) fused.inputs.push_back(mask_);
        const NodeId behind = r_.only_reader(r_.output(last), "Transpose");
        if (behind.is_valid()) {
            const Numbers perm = ints_attribute(r_.node(behind), "perm", {});
            if (perm.size() == q.perm.size() && perm.back() == static_cast<std::int64_t>(perm.size()) - 1) {
                nodes_.push_back(behind);
                fused.attributes.emplace("y_perm", perm);
                fused.outputs = r_.node(behind).outputs;
            }
        }
        return {.replacement = std::move(fused), .nodes = std::move(nodes_)};
    }

    const PatternReader& r_;
    std::vector<NodeId> nodes_;
    ValueId mask_;
    float scale_ = 1.0F;
};

std::optional<Pattern> find_attention(const PatternReader& reader, NodeId id) {
    if (reader.node(id).op != "MatMul") return std::nullopt;
    return AttentionReader(reader).run(id);
}

}  // namespace

std::optional<Graph> fuse_attention(const Graph& graph, const ExecPassContext& context) {
    return replace_patterns(graph, context.taps, find_attention);
}

}  // namespace halftone
