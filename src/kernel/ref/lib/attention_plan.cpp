#include "kernel/ref/lib/attention_plan.hpp"

#include <cmath>

namespace halftone::ref {
namespace {

HeadLayout head_layout(const OpContext& op, std::size_t input, const char* attribute) {
    const Shape& shape = op.inputs[input].shape;
    HeadLayout layout;
    layout.has_heads_first = shape.rank() == 4;
    // Of rank 4 a tensor tells its heads; of rank 3 only the attribute does.
    layout.heads = layout.has_heads_first ? shape[1] : int_attribute(op.node, attribute, 0);
    layout.length = shape[shape.rank() - 2];
    layout.size = shape[shape.rank() - 1];
    if (layout.heads < 1) refuse(op, "the number of heads of input " + std::to_string(input) + " is not known");
    if (layout.length < 0 || layout.size < 1) refuse(op, "input " + std::to_string(input) + " " + shape.to_text());
    if (!layout.has_heads_first) {
        if (layout.size % layout.heads != 0) refuse(op, std::string(attribute) + " does not divide " + shape.to_text());
        layout.size /= layout.heads;
    }
    return layout;
}

void check_attention_inputs(const OpContext& op) {
    check_inputs(op, 3, 6);
    check_outputs(op, 4);
    for (const std::size_t input : {0U, 1U, 2U, 4U, 5U}) check_dtype(op, input, {DType::f32});
    check_dtype(op, 3, {DType::f32, DType::boolean});
    check_rank(op, 0, 3, 4);
    for (std::size_t i = 1; i < 3; ++i) check_rank(op, i, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
    // A different batch would be broadcast by nobody.
    for (std::size_t i = 1; i < 3; ++i) {
        if (op.inputs[i].shape[0] != op.inputs[0].shape[0]) refuse(op, "its inputs have different batches");
    }
    // One without the other would leave keys and values of different lengths.
    if (op.has_input(4) != op.has_input(5)) refuse(op, "past_key and past_value must be given together");
}

}  // namespace

AttentionPlan attention_plan(const OpContext& op) {
    check_attention_inputs(op);
    AttentionPlan plan;
    plan.batch = op.inputs[0].shape[0];
    plan.query = head_layout(op, 0, "q_num_heads");
    plan.key = head_layout(op, 1, "kv_num_heads");
    plan.value = head_layout(op, 2, "kv_num_heads");
    if (plan.query.size != plan.key.size || plan.key.heads != plan.value.heads ||
        plan.key.length != plan.value.length || plan.query.heads % plan.key.heads != 0) {
        refuse(op, "the heads of its inputs do not fit together");
    }
    if (op.has_input(4)) {
        // Its length is the one size that only the past itself tells.
        const Shape& past = op.inputs[4].shape;
        if (past.rank() == 4) plan.past = past[2];
        if (plan.past < 0 || past != Shape{plan.batch, plan.key.heads, plan.past, plan.key.size} ||
            op.inputs[5].shape != Shape{plan.batch, plan.key.heads, plan.past, plan.value.size}) {
            refuse(op, "past_key or past_value does not fit its inputs");
        }
    }
    plan.total = plan.past + plan.key.length;
    if (op.has_input(3)) {
        Shape mask = op.inputs[3].shape;
        if (mask.rank() == 0) refuse(op, "attn_mask is a scalar");
        // A mask may end before the keys do; what it does not cover is not attended to.
        if (mask[mask.rank() - 1] > 1 && mask[mask.rank() - 1] <= plan.total) mask[mask.rank() - 1] = plan.total;
        if (broadcast(op, mask, plan.scores()) != plan.scores())
            refuse(op, "attn_mask does not fit " + plan.scores().to_text());
    }
    // The usual factor of scaled dot-product attention.
    plan.scale = 1 / std::sqrt(static_cast<double>(plan.query.size));
    if (op.node.attributes.contains("scale")) plan.scale = static_cast<double>(float_attribute(op.node, "scale", 1.0F));
    return plan;
}

}  // namespace halftone::ref
