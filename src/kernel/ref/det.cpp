// The determinants of square matrices: [*, n, n] becomes [*]. Gaussian elimination with the largest pivot of each
// column, in double. Source: ONNX operator Det, opset 11.
#include <cmath>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

double determinant(std::vector<double>& a, std::size_t n) {
    double result = 1;
    for (std::size_t column = 0; column < n; ++column) {
        std::size_t pivot = column;
        for (std::size_t row = column + 1; row < n; ++row) {
            if (std::abs(a[row * n + column]) > std::abs(a[pivot * n + column])) pivot = row;
        }
        if (a[pivot * n + column] == 0) return 0;
        // Two rows that change places turn the sign over.
        if (pivot != column) {
            for (std::size_t i = 0; i < n; ++i) std::swap(a[pivot * n + i], a[column * n + i]);
            result = -result;
        }
        result *= a[column * n + column];
        // The rows below lose their element of this column; this does not change the determinant.
        for (std::size_t row = column + 1; row < n; ++row) {
            const double factor = a[row * n + column] / a[column * n + column];
            for (std::size_t i = column; i < n; ++i) a[row * n + i] -= factor * a[column * n + i];
        }
    }
    return result;
}

class DetOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        check_rank(op, 0, 2, 8);
        const Shape& shape = op.inputs[0].shape;
        const std::size_t rank = shape.rank();
        if (shape[rank - 1] < 0 || shape[rank - 1] != shape[rank - 2])
            refuse(op, "input 0 " + shape.to_text() + " holds no square matrices");
        std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end() - 2);
        return {{op.inputs[0].dtype, Shape(std::move(dims))}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        const auto n = static_cast<std::size_t>(shape[shape.rank() - 1]);
        std::vector<double> matrix(n * n);
        const auto each = [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            for (T& y : outputs[0].as<T>()) {
                for (double& element : matrix) element = static_cast<double>(*x++);
                y = static_cast<T>(determinant(matrix, n));
            }
        };
        if (inputs[0].type.dtype == DType::f32) return each(float{});
        each(double{});
    }
};

}  // namespace

const RefOp& det_op() {
    static const DetOp op;
    return op;
}

}  // namespace halftone::ref
