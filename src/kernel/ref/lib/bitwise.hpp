#pragma once
// Operators on the bits of integers: two operands of one type, broadcast together.

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {

inline constexpr std::initializer_list<DType> kIntegers{DType::s8, DType::u8, DType::s32, DType::s64};

/// body(T{}) with the C++ type of a dtype of kIntegers.
template <class Body>
void with_integer(DType dtype, Body body) {
    with_number(dtype, [&]<class T>(T zero) {
        if constexpr (std::is_integral_v<T>) body(zero);
    });
}

/// y = Operation(node)(a, b). Operation is made from the node, whose attributes it reads.
template <class Operation>
class BitwiseOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kIntegers);
        check_same_dtype(op, 1, 0);
        static_cast<void>(Operation(op));  // refuses attributes that it cannot read
        return {{op.inputs[0].dtype, broadcast(op, op.inputs[0].shape, op.inputs[1].shape)}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const Operation operation(op);
        const BroadcastWalk walk = broadcast_walk(inputs[0].type.shape, inputs[1].type.shape, outputs[0].type.shape);
        with_integer(outputs[0].type.dtype, [&]<class T>(T) {
            walk_pairs(walk, inputs[0].as<T>().data(), inputs[1].as<T>().data(), outputs[0].as<T>().data(), operation);
        });
    }
};

/// The operations without attributes: Operation is a functor of the standard library.
template <class Operation>
struct PlainBits {
    explicit PlainBits(const OpContext&) {}
    template <class T>
    T operator()(T a, T b) const {
        return static_cast<T>(Operation{}(a, b));
    }
};

}  // namespace halftone::ref
