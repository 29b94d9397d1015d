// Pairs of elements of each head are turned by an angle that depends on their position: (x1, x2) becomes (cos * x1 -
// sin * x2, sin * x1 + cos * x2). Pairs are the two halves of a head, or neighbours (interleaved). The caches hold
// [positions, half] with position_ids, and [batch, length, half] without. Source: ONNX operator RotaryEmbedding,
// opset 23.
#include <algorithm>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/indices.hpp"

namespace halftone::ref {
namespace {

/// How a tensor of heads lies in memory: [batch, heads, length, size], or [batch, length, heads * size].
struct RotaryLayout {
    std::int64_t batch;
    std::int64_t heads;
    std::int64_t length;
    std::int64_t size;
    std::int64_t rotated;  ///< elements of a head that are turned; the others are copied
    bool has_heads_first;

    [[nodiscard]] std::int64_t head(std::int64_t b, std::int64_t h, std::int64_t position) const {
        return has_heads_first ? ((b * heads + h) * length + position) * size
                               : ((b * length + position) * heads + h) * size;
    }
};

RotaryLayout rotary_layout(const OpContext& op) {
    const Shape& x = op.inputs[0].shape;
    RotaryLayout layout{.batch = x[0],
                        .heads = x.rank() == 4 ? x[1] : int_attribute(op.node, "num_heads", 0),
                        .length = x[x.rank() - 2],
                        .size = x[x.rank() - 1],
                        .rotated = int_attribute(op.node, "rotary_embedding_dim", 0),
                        .has_heads_first = x.rank() == 4};
    if (layout.heads < 1 || layout.size < 1) refuse(op, "num_heads must be known and above 0");
    if (!layout.has_heads_first) {
        if (layout.size % layout.heads != 0) refuse(op, "num_heads does not divide " + x.to_text());
        layout.size /= layout.heads;
    }
    // 0, the default, means that the whole head is turned.
    if (layout.rotated == 0) layout.rotated = layout.size;
    if (layout.rotated < 0 || layout.rotated > layout.size || layout.rotated % 2 != 0) {
        refuse(op, "rotary_embedding_dim " + std::to_string(layout.rotated) + " does not fit");
    }
    return layout;
}

class RotaryEmbeddingOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 4);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        check_dtype(op, 3, {DType::s64});
        check_rank(op, 0, 3, 4);
        const RotaryLayout layout = rotary_layout(op);
        const Shape& cache = op.inputs[1].shape;
        if (op.inputs[2].shape != cache) refuse(op, "the caches have different shapes");
        const std::int64_t half = layout.rotated / 2;
        if (op.has_input(3)) {
            const bool fits = cache.rank() == 2 && cache[1] == half && cache[0] != kSymbolic &&
                              op.inputs[3].shape == Shape{layout.batch, layout.length};
            if (!fits) refuse(op, "caches " + cache.to_text() + " and position_ids do not fit the input");
        } else if (cache != Shape{layout.batch, layout.length, half}) {
            refuse(op, "caches " + cache.to_text() + " do not fit the input");
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const RotaryLayout layout = rotary_layout(op);
        const std::int64_t half = layout.rotated / 2;
        const bool is_interleaved = int_attribute(op.node, "interleaved", 0) != 0;
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        // Elements behind rotary_embedding_dim are not turned, so they are copied.
        std::copy(x.begin(), x.end(), y.begin());
        std::vector<std::int64_t> rows;
        if (op.has_input(3)) rows = indices_of(op, inputs[3], inputs[1].type.shape[0]);
        for (std::int64_t b = 0; b < layout.batch; ++b) {
            for (std::int64_t position = 0; position < layout.length; ++position) {
                const std::int64_t token = b * layout.length + position;
                // Without position_ids the caches have a row for each token of each sample.
                const std::int64_t row = rows.empty() ? token : rows[static_cast<std::size_t>(token)];
                const float* cosine = inputs[1].as<float>().data() + row * half;
                const float* sine = inputs[2].as<float>().data() + row * half;
                for (std::int64_t h = 0; h < layout.heads; ++h) {
                    const std::int64_t head = layout.head(b, h, position);
                    for (std::int64_t i = 0; i < half; ++i) {
                        // Pairs are neighbours, or an element of each half.
                        const auto first = static_cast<std::size_t>(head + (is_interleaved ? 2 * i : i));
                        const std::size_t second = first + static_cast<std::size_t>(is_interleaved ? 1 : half);
                        y[first] = cosine[i] * x[first] - sine[i] * x[second];
                        y[second] = sine[i] * x[first] + cosine[i] * x[second];
                    }
                }
            }
        }
    }
};

}  // namespace

const RefOp& rotary_embedding_op() {
    static const RotaryEmbeddingOp op;
    return op;
}

}  // namespace halftone::ref
