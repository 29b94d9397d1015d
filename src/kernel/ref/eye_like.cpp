// A matrix of zeros with ones on diagonal k, of the shape of its input. Source: ONNX operator EyeLike, opset 9.
#include <algorithm>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

DType eye_dtype(const OpContext& op) {
    // The numbers are those of ONNX's enumeration TensorProto.DataType; 0 means that the attribute is missing, and the
    // type of the input counts then.
    switch (int_attribute(op.node, "dtype", 0)) {
        case 0:
            return op.inputs[0].dtype;
        case 1:
            return DType::f32;
        case 6:
            return DType::s32;
        case 7:
            return DType::s64;
        case 11:
            return DType::f64;
        default:
            refuse(op, "dtype " + std::to_string(int_attribute(op.node, "dtype", 0)) + " is not supported");
    }
}

class EyeLikeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        check_rank(op, 0, 2, 2);
        return {{eye_dtype(op), op.inputs[0].shape}};
    }

    void run(const OpContext& op, std::span<const TensorView>, std::span<const MutableView> outputs) const override {
        const Shape& shape = outputs[0].type.shape;
        // Clamped first: a huge k would overflow below, and means the same as one beyond the matrix.
        const std::int64_t k = std::clamp<std::int64_t>(int_attribute(op.node, "k", 0), -kMaxElements, kMaxElements);
        with_number(outputs[0].type.dtype, [&]<class T>(T) {
            const auto y = outputs[0].as<T>();
            std::fill(y.begin(), y.end(), T{0});
            for (std::int64_t row = 0; row < shape[0]; ++row) {
                const std::int64_t column = row + k;
                if (column >= 0 && column < shape[1]) y[static_cast<std::size_t>(row * shape[1] + column)] = T{1};
            }
        });
    }
};

}  // namespace

const RefOp& eye_like_op() {
    static const EyeLikeOp op;
    return op;
}

}  // namespace halftone::ref
