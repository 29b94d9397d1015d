// Y = softmax(softcap(Q * K^T * scale) + mask) * V for each head, in double. Heads of K and V serve several heads of Q
// in turn. A row that is masked as a whole gives 0. Outputs 1 and 2 are keys and values with the past in front; output
// 3 is the product at the stage that qk_matmul_output_mode names: 0 as it is, 1 behind the softcap, 2 with the mask, 3
// behind softmax. Source: ONNX operator Attention, opset 23, with the order that its errata fix (softcap in front of
// the mask).
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/ref/lib/attention_plan.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"

namespace halftone::ref {
namespace {

/// The past in front of the new part, for every head: [batch, heads, total, size].
std::vector<float> with_past(const AttentionPlan& plan, const HeadLayout& layout, const TensorView& now,
                             const TensorView* past) {
    std::vector<float> present;
    present.reserve(static_cast<std::size_t>(plan.batch * layout.heads * plan.total * layout.size));
    for (std::int64_t b = 0; b < plan.batch; ++b) {
        for (std::int64_t h = 0; h < layout.heads; ++h) {
            if (past != nullptr) {
                const float* from = past->as<float>().data() + (b * layout.heads + h) * plan.past * layout.size;
                present.insert(present.end(), from, from + plan.past * layout.size);
            }
            // Inputs of rank 3 have the heads behind the positions; here all heads come first.
            for (std::int64_t s = 0; s < layout.length; ++s) {
                const float* from = now.as<float>().data() + layout.at(b, h, s);
                present.insert(present.end(), from, from + layout.size);
            }
        }
    }
    return present;
}

/// What is added to the scores: 0 or -infinity for what is masked, or the mask's own numbers.
std::vector<double> attention_bias(const OpContext& op, const AttentionPlan& plan, const TensorView* mask) {
    constexpr double kNever = -std::numeric_limits<double>::infinity();
    const Shape scores = plan.scores();
    std::vector<double> bias(static_cast<std::size_t>(scores.elements()), 0.0);
    const bool is_causal = int_attribute(op.node, "is_causal", 0) != 0;
    std::vector<std::int64_t> mask_steps;
    if (mask != nullptr) mask_steps = row_major_steps(mask->type.shape);
    for (std::size_t i = 0; i < bias.size(); ++i) {
        const auto place = static_cast<std::int64_t>(i);
        const std::int64_t key = place % plan.total;
        const std::int64_t query = place / plan.total % plan.query.length;
        // Keys of the past are before every query, so positions count from where the past ends.
        if (is_causal && key > query + plan.past) bias[i] = kNever;
        if (mask == nullptr) continue;
        const Shape& shape = mask->type.shape;
        // The mask is broadcast to [batch, heads, queries, keys] from the last dimension on.
        std::int64_t rest = place;
        std::int64_t offset = 0;
        bool is_covered = true;
        for (std::size_t back = 1; back <= 4; ++back) {
            const std::int64_t at = rest % scores[4 - back];
            rest /= scores[4 - back];
            if (back > shape.rank() || shape[shape.rank() - back] == 1) continue;
            is_covered = is_covered && at < shape[shape.rank() - back];
            offset += at * mask_steps[shape.rank() - back];
        }
        if (!is_covered) {
            bias[i] = kNever;
        } else if (mask->type.dtype == DType::boolean) {
            if (mask->as<std::uint8_t>()[static_cast<std::size_t>(offset)] == 0) bias[i] = kNever;
        } else {
            bias[i] += static_cast<double>(mask->as<float>()[static_cast<std::size_t>(offset)]);
        }
    }
    return bias;
}

/// Softmax of one row in place; a row whose bias is -infinity everywhere becomes 0.
void softmax_row(std::span<double> row, std::span<const double> bias) {
    const double limit = *std::max_element(bias.begin(), bias.end());
    if (std::isinf(limit) && limit < 0) {
        std::fill(row.begin(), row.end(), 0.0);
        return;
    }
    const double largest = *std::max_element(row.begin(), row.end());
    // The largest score is subtracted, so that no power overflows.
    double sum = 0;
    for (double& value : row) sum += value = std::exp(value - largest);
    for (double& value : row) value /= sum;
}

class AttentionOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        const AttentionPlan plan = attention_plan(op);
        Shape y{plan.batch, plan.query.heads, plan.query.length, plan.value.size};
        if (!plan.query.has_heads_first) y = {plan.batch, plan.query.length, plan.query.heads * plan.value.size};
        std::vector<TensorType> types{{DType::f32, y},
                                      {DType::f32, plan.present_key()},
                                      {DType::f32, plan.present_value()},
                                      {DType::f32, plan.scores()}};
        const std::int64_t mode = int_attribute(op.node, "qk_matmul_output_mode", 0);
        if (mode < 0 || mode > 3) refuse(op, "qk_matmul_output_mode " + std::to_string(mode));
        // It is computed whether it is an output or not, so it must fit in any case.
        check_size(op, types[3], "the product of Q and K");
        types.resize(op.node.outputs.size());
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const AttentionPlan plan = attention_plan(op);
        if (plan.total == 0) return;
        const TensorView* past_key = op.has_input(4) ? &inputs[4] : nullptr;
        const TensorView* past_value = op.has_input(5) ? &inputs[5] : nullptr;
        const std::vector<float> keys = with_past(plan, plan.key, inputs[1], past_key);
        const std::vector<float> values = with_past(plan, plan.value, inputs[2], past_value);
        const std::vector<double> bias = attention_bias(op, plan, op.has_input(3) ? &inputs[3] : nullptr);
        // The caller feeds these back as the past of its next call.
        if (has_output(outputs, 1)) std::copy(keys.begin(), keys.end(), outputs[1].as<float>().begin());
        if (has_output(outputs, 2)) std::copy(values.begin(), values.end(), outputs[2].as<float>().begin());
        HeadLayout out = plan.query;
        out.size = plan.value.size;
        const std::int64_t shared = plan.query.heads / plan.key.heads;
        std::vector<double> scores(static_cast<std::size_t>(plan.total));
        for (std::int64_t b = 0; b < plan.batch; ++b) {
            for (std::int64_t h = 0; h < plan.query.heads; ++h) {
                // Heads of Q that share a head of K and V are neighbours.
                const std::int64_t kv = (b * plan.key.heads + h / shared) * plan.total;
                for (std::int64_t s = 0; s < plan.query.length; ++s) {
                    const float* q = inputs[0].as<float>().data() + plan.query.at(b, h, s);
                    // First of this query's scores in [batch, heads, queries, keys].
                    const std::int64_t row = ((b * plan.query.heads + h) * plan.query.length + s) * plan.total;
                    for (std::int64_t k = 0; k < plan.total; ++k) {
                        double sum = 0;
                        const float* key = keys.data() + (kv + k) * plan.key.size;
                        for (std::int64_t i = 0; i < plan.key.size; ++i) {
                            sum += static_cast<double>(q[i]) * static_cast<double>(key[i]);
                        }
                        scores[static_cast<std::size_t>(k)] = sum * plan.scale;
                    }
                    weigh(op, scores, std::span(bias).subspan(static_cast<std::size_t>(row), scores.size()),
                          has_output(outputs, 3) ? outputs[3].as<float>().data() + row : nullptr);
                    float* y = outputs[0].as<float>().data() + out.at(b, h, s);
                    for (std::int64_t i = 0; i < plan.value.size; ++i) {
                        double sum = 0;
                        for (std::int64_t k = 0; k < plan.total; ++k) {
                            const double weight = scores[static_cast<std::size_t>(k)];
                            // What is masked may be infinite or NaN and must not matter.
                            if (weight != 0)
                                sum += weight * static_cast<double>(
                                                    values[static_cast<std::size_t>((kv + k) * plan.value.size + i)]);
                        }
                        y[i] = static_cast<float>(sum);
                    }
                }
            }
        }
    }

private:
    static bool has_output(std::span<const MutableView> outputs, std::size_t i) {
        return i < outputs.size() && outputs[i].data != nullptr;
    }

    /// Scores of one row to weights; `kept` gets the stage that output 3 shows, and may be null.
    static void weigh(const OpContext& op, std::vector<double>& scores, std::span<const double> bias, float* kept) {
        const std::int64_t mode = int_attribute(op.node, "qk_matmul_output_mode", 0);
        const auto keep = [&](std::int64_t stage) {
            if (kept == nullptr || stage != mode) return;
            for (std::size_t i = 0; i < scores.size(); ++i) kept[i] = static_cast<float>(scores[i]);
        };
        keep(0);
        const auto softcap = static_cast<double>(float_attribute(op.node, "softcap", 0.0F));
        if (softcap > 0) {
            for (double& score : scores) score = std::tanh(score / softcap) * softcap;
        }
        keep(1);
        for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += bias[i];
        keep(2);
        softmax_row(scores, bias);
        keep(3);
    }
};

}  // namespace

const RefOp& attention_op() {
    static const AttentionOp op;
    return op;
}

}  // namespace halftone::ref
