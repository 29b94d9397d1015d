// The matrix that makes mel bins of the frequencies of a spectrum: one triangle for each bin, evenly spaced on the mel
// scale, 2595 log10(1 + f / 700). Source: ONNX operator MelWeightMatrix, opset 17, and onnx's reference evaluator for
// the spacing.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

std::int64_t mel_count(const OpContext& op, std::size_t input, const char* name) {
    const std::vector<std::int64_t> numbers = number_input(op, input, name);
    if (numbers.size() != 1 || numbers[0] < 1 || numbers[0] >= kMaxElements)
        refuse(op, std::string(name) + " is no count");
    return numbers[0];
}

double mel_edge(const TensorView& view) {
    if (view.type.dtype == DType::f32) return static_cast<double>(view.as<float>()[0]);
    return view.as<double>()[0];
}

class MelWeightMatrixOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 5, 5);
        check_outputs(op, 1);
        const std::int64_t bins = mel_count(op, 0, "num_mel_bins");
        const std::int64_t length = mel_count(op, 1, "dft_length");
        static_cast<void>(mel_count(op, 2, "sample_rate"));
        for (const std::size_t i : {3U, 4U}) {
            check_dtype(op, i, kReals);
            if (op.inputs[i].shape != Shape{} && op.inputs[i].shape != Shape{1}) refuse(op, "an edge is not a scalar");
        }
        if (int_attribute(op.node, "output_datatype", 1) != 1) refuse(op, "only output_datatype 1 (fp32) is supported");
        return {{DType::f32, Shape{length / 2 + 1, bins}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::int64_t rows = outputs[0].type.shape[0];
        const std::int64_t bins = outputs[0].type.shape[1];
        const auto length = static_cast<double>(mel_count(op, 1, "dft_length"));
        const auto rate = static_cast<double>(mel_count(op, 2, "sample_rate"));
        const auto to_mel = [](double hertz) { return 2595.0 * std::log1p(hertz / 700.0) / std::log(10.0); };
        // One edge more than bins on each side: bin i rises from edge i to edge i + 1 and falls to edge i + 2.
        const double low = to_mel(mel_edge(inputs[3]));
        const double step = (to_mel(mel_edge(inputs[4])) - low) / static_cast<double>(bins + 2);
        // The row in which an edge of a triangle lies. Edges outside of the spectrum lie on its ends.
        const auto row_of = [&](std::int64_t edge) {
            const double hertz = 700.0 * std::expm1((static_cast<double>(edge) * step + low) / 2595.0 * std::log(10.0));
            const double row = std::floor((length + 1) * hertz / rate);
            return row >= 0 ? static_cast<std::int64_t>(std::min(row, static_cast<double>(rows - 1))) : std::int64_t{0};
        };
        const auto y = outputs[0].as<float>();
        std::fill(y.begin(), y.end(), 0.0F);
        const auto at = [&](std::int64_t row, std::int64_t bin) -> float& {
            return y[static_cast<std::size_t>(row * bins + bin)];
        };
        for (std::int64_t bin = 0; bin < bins; ++bin) {
            const std::int64_t left = row_of(bin);
            const std::int64_t middle = row_of(bin + 1);
            const std::int64_t right = row_of(bin + 2);
            // At low frequencies a triangle may be narrower than a row; it still must not vanish.
            if (middle == left) at(middle, bin) = 1;
            for (std::int64_t row = left; row <= middle && middle > left; ++row) {
                at(row, bin) = static_cast<float>(row - left) / static_cast<float>(middle - left);
            }
            for (std::int64_t row = middle; row < right; ++row) {
                at(row, bin) = static_cast<float>(right - row) / static_cast<float>(right - middle);
            }
        }
    }
};

}  // namespace

const RefOp& mel_weight_matrix_op() {
    static const MelWeightMatrixOp op;
    return op;
}

}  // namespace halftone::ref
