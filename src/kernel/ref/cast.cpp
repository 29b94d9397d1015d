// A cast between floats and integers must say what happens at the ends, because C++ leaves it undefined there.
// Floats become integers toward zero, saturating at the ends (NaN gives 0); integers wrap; bool is "not zero".
// Source: ONNX operator Cast, opset 13; what it leaves undefined (out of range, NaN) is ours.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

/// ONNX's numbers of the element types that a graph can hold. Source: onnx.proto, TensorProto.DataType.
DType target_of(const OpContext& op) {
    if (!op.node.attributes.contains("to")) refuse(op, "the attribute 'to' is missing");
    switch (int_attribute(op.node, "to", 0)) {
        case 1:
            return DType::f32;
        case 2:
            return DType::u8;
        case 3:
            return DType::s8;
        case 6:
            return DType::s32;
        case 7:
            return DType::s64;
        case 9:
            return DType::boolean;
        case 11:
            return DType::f64;
            // float16, bfloat16 and strings are ONNX types that no operator here computes with.
        default:
            refuse(op, "to " + std::to_string(int_attribute(op.node, "to", 0)) +
                           " is not supported: fp32 (1) uint8 (2) int8 (3) int32 (6) int64 (7) bool (9) fp64 (11)");
    }
}

class CastOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32, DType::f64, DType::s8, DType::u8, DType::s32, DType::s64, DType::boolean});
        return {{target_of(op), op.inputs[0].shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        cast_elements(inputs[0], outputs[0]);
    }
};

}  // namespace

const RefOp& cast_op() {
    static const CastOp op;
    return op;
}

}  // namespace halftone::ref
