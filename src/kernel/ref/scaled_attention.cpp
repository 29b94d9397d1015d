// Y = softmax(Q * K^T * scale + mask) * V for each pair of dimensions in front, in double. An operator of ours, which
// no file can name: exec/passes makes it of the MatMul, Mul, Add, Softmax and MatMul that exporters write. Inputs: Q
// [.., M, D], K [.., N, D], V [.., N, E], mask (optional) that broadcasts to [.., M, N]. The attributes q_perm, k_perm,
// v_perm say, like Transpose's perm, how the dimensions of an input are to be read; y_perm turns the output, [.., M,
// E]. Source: A. Vaswani et al., Attention Is All You Need (2017), section 3.2.1.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/attention_sizes.hpp"

namespace halftone::ref {
namespace {

/// One row of scores becomes its softmax. A row that is masked as a whole becomes NaN, as Softmax has it.
void scores_to_powers(std::vector<double>& scores) {
    const double largest = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - largest);
    for (double& score : scores) score /= sum;
}

/// Reads one operand by row and column of a head.
struct HeadView {
    const float* begin;
    RowSteps steps;

    double operator()(std::int64_t row, std::int64_t column) const {
        return static_cast<double>(begin[row * steps.row + column * steps.column]);
    }
};

class ScaledAttentionOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        return {{DType::f32, attention_sizes(op).output}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const AttentionSizes s = attention_sizes(op);
        float* const y = outputs[0].as<float>().data();
        std::vector<double> scores(static_cast<std::size_t>(s.keys));
        for (const AttentionHead& head : s.heads) {
            const HeadView q{inputs[0].as<float>().data() + head.q, s.q};
            const HeadView k{inputs[1].as<float>().data() + head.k, s.k};
            const HeadView v{inputs[2].as<float>().data() + head.v, s.v};
            for (std::int64_t row = 0; row < s.rows; ++row) {
                for (std::int64_t n = 0; n < s.keys; ++n) {
                    double sum = 0;
                    for (std::int64_t d = 0; d < s.inner; ++d) sum += q(row, d) * k(n, d);
                    sum *= static_cast<double>(s.scale);
                    if (s.has_mask) sum += HeadView{inputs[3].as<float>().data() + head.mask, s.mask}(row, n);
                    scores[static_cast<std::size_t>(n)] = sum;
                }
                scores_to_powers(scores);
                for (std::int64_t e = 0; e < s.width; ++e) {
                    double sum = 0;
                    for (std::int64_t n = 0; n < s.keys; ++n) sum += scores[static_cast<std::size_t>(n)] * v(n, e);
                    y[head.y + row * s.y.row + e * s.y.column] = static_cast<float>(sum);
                }
            }
        }
    }
};

}  // namespace

const RefOp& scaled_attention_op() {
    static const ScaledAttentionOp op;
    return op;
}

}  // namespace halftone::ref
