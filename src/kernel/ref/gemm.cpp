// Y = alpha * A' * B' + beta * C. Source: ONNX operator Gemm, opset 13.
#include "kernel/ref/lib/conv_loops.hpp"
#include "kernel/ref/lib/gemm_loops.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/weighted_step.hpp"

namespace halftone::ref {
namespace {

struct GemmPlan {
    std::int64_t rows;
    std::int64_t inner;
    std::int64_t columns;
    bool is_a_transposed;
    bool is_b_transposed;
    double alpha;
    double beta;
};

/// The sizes of A' [rows, inner] and B' [inner, columns], the matrices after the transpositions that the node asks for.
GemmPlan gemm_plan(const OpContext& op) {
    const Shape& a = op.inputs[0].shape;
    const Shape& b = op.inputs[1].shape;
    const bool trans_a = int_attribute(op.node, "transA", 0) != 0;
    const bool trans_b = int_attribute(op.node, "transB", 0) != 0;
    const GemmPlan plan{.rows = a[trans_a ? 1 : 0],
                        .inner = a[trans_a ? 0 : 1],
                        .columns = b[trans_b ? 0 : 1],
                        .is_a_transposed = trans_a,
                        .is_b_transposed = trans_b,
                        .alpha = static_cast<double>(float_attribute(op.node, "alpha", 1.0F)),
                        .beta = static_cast<double>(float_attribute(op.node, "beta", 1.0F))};
    // The batch may be the rows only: a sum over an unknown number of products would be no shape rule.
    if (plan.inner == kSymbolic || plan.columns == kSymbolic) {
        refuse(op, "only the rows of its output may be the symbolic batch, inputs are " + a.to_text() + " and " +
                       b.to_text());
    }
    if (plan.inner != b[trans_b ? 1 : 0]) {
        refuse(op, "input 0 " + a.to_text() + (trans_a ? " transposed" : "") + " does not match input 1 " +
                       b.to_text() + (trans_b ? " transposed" : ""));
    }
    return plan;
}

/// How C is laid over [rows, columns]: steps in elements, 0 where repeated.
struct Laid {
    std::int64_t row_step = 0;
    std::int64_t column_step = 0;
};

/// A step of 0 reads the same element again, so broadcasting needs no copy of C.
Laid laid(const Shape& c) {
    const std::int64_t columns = c.rank() == 0 ? 1 : c[c.rank() - 1];
    const std::int64_t rows = c.rank() < 2 ? 1 : c[0];
    return {.row_step = rows == 1 ? 0 : columns, .column_step = columns == 1 ? 0 : 1};
}

void gemm_f32(const GemmPlan& plan, const float* a, const float* b, TensorView c, float* y) {
    std::vector<float> turned;
    // B is turned once, so that the inner loop below walks rows of B, one element after the other, and can be
    // vectorized.
    if (plan.is_b_transposed) {
        turned = transposed(b, plan.columns, plan.inner);
        b = turned.data();
    }
    const Laid steps = laid(c.type.shape);
    const float* addend = c.data == nullptr ? nullptr : c.as<float>().data();
    std::vector<double> sums(static_cast<std::size_t>(plan.columns));
    for (std::int64_t m = 0; m < plan.rows; ++m) {
        sums.assign(sums.size(), 0.0);
        // A transposed A is read with a step instead: only one element of it is needed for each row of B.
        add_product_f32(plan.is_a_transposed ? a + m : a + m * plan.inner, plan.is_a_transposed ? plan.rows : 1, b,
                        plan.inner, sums);
        for (std::int64_t n = 0; n < plan.columns; ++n) {
            // alpha and beta are applied in double to the exact sum, then there is one rounding to float.
            double value = plan.alpha * sums[static_cast<std::size_t>(n)];
            if (addend != nullptr) {
                value += plan.beta * static_cast<double>(addend[m * steps.row_step + n * steps.column_step]);
            }
            *y++ = static_cast<float>(value);
        }
    }
}

/// Gemm with everything that can be fused with it. Codes: as conv_codes.
class GemmStep final : public WeightedStep {
public:
    explicit GemmStep(const KernelRequest& request)
        : WeightedStep(request), plan_(gemm_plan(RequestContext(request, SeenAs::real).op())) {}

protected:
    void compute(std::span<const std::byte* const> inputs, std::span<float> values) const override {
        const TensorView a{input_layout(0).type(), inputs[0]};
        if (is_quantized()) return multiply_codes(a, values.data());
        gemm_f32(plan_, a.as<float>().data(), weight().as<float>().data(), bias().view(), values.data());
    }

private:
    void multiply_codes(TensorView a, float* y) const {
        const std::int8_t* b = weight().as<std::int8_t>().data();
        std::vector<std::int8_t> turned;
        if (plan_.is_b_transposed) {
            turned = transposed(b, plan_.columns, plan_.inner);
            b = turned.data();
        }
        std::vector<std::int64_t> sums(static_cast<std::size_t>(plan_.columns));
        for (std::int64_t m = 0; m < plan_.rows; ++m) {
            sums.assign(sums.size(), 0);
            add_product_codes({{a.type.dtype, Shape{plan_.inner}}, a.data + m * plan_.inner}, zero_point(), b, sums);
            for (std::size_t n = 0; n < sums.size(); ++n) *y++ = value(sums[n], n);
        }
    }

    [[nodiscard]] float value(std::int64_t sum, std::size_t column) const {
        const std::int32_t bias = has_bias() ? int_bias()[column] : 0;
        const float scale = scales()[scales().size() == 1 ? 0 : column];
        // The usual case must be the arithmetic of conv_codes bit for bit, so that a Gemm and the 1x1 convolution that
        // means the same give the same codes. Only with weights alpha and beta does the sum go through double.
        if (plan_.alpha == 1 && plan_.beta == 1) return requantized(sum, bias, scale);
        const double weighted = plan_.alpha * static_cast<double>(sum) + plan_.beta * static_cast<double>(bias);
        return static_cast<float>(weighted * static_cast<double>(scale));
    }

    GemmPlan plan_;
};

class GemmOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 2, 2);
        check_rank(op, 1, 2, 2);
        const GemmPlan plan = gemm_plan(op);
        const TensorType out{DType::f32, Shape{plan.rows, plan.columns}};
        // Before broadcast(): the product of rows and columns may be beyond what a tensor may have.
        check_size(op, out, "output 0");
        if (op.has_input(2)) {
            const Shape& c = op.inputs[2].shape;
            if (c.rank() > 2 || broadcast(op, c, out.shape) != out.shape) {
                refuse(op, "input 2 " + c.to_text() + " cannot be broadcast to " + out.shape.to_text());
            }
        }
        return {out};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        gemm_f32(gemm_plan(op), inputs[0].as<float>().data(), inputs[1].as<float>().data(),
                 op.has_input(2) ? inputs[2] : TensorView{}, outputs[0].as<float>().data());
    }

    Support supports(const KernelRequest& request) const override {
        if (request.weight.values.is_empty()) return RefOp::supports(request);
        if (request.weight.values.shape().rank() != 2) return Support::no("the weights are no matrix");
        const Node& node = *request.node;
        const std::int64_t columns = request.weight.values.shape()[int_attribute(node, "transB", 0) != 0 ? 0 : 1];
        if (request.is_quantized()) {
            // The rows of A must lie together for add_product_codes, which reads one row of codes at a time.
            if (int_attribute(node, "transA", 0) != 0) return Support::no("int8 Gemm cannot have transA");
            if (!request.bias.is_empty() && request.bias.shape() != Shape{columns} &&
                request.bias.shape() != Shape{1, columns}) {
                return Support::no("int8 Gemm needs a bias with one value for each column");
            }
        }
        return weighted_step_accepts(request, columns);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        if (request.weight.values.is_empty()) return RefOp::build(request);
        return std::make_unique<GemmStep>(request);
    }
};

}  // namespace

const RefOp& gemm_op() {
    static const GemmOp op;
    return op;
}

}  // namespace halftone::ref
