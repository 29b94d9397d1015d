#pragma once
// Add, Sub and Mul: one broadcasting loop, one rule. Each operator's file gives only its arithmetic.

#include <functional>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// How to walk both operands in the output's order: sizes with both operands' steps in elements (0 = repeated), the
/// last one innermost. Neighbouring dimensions that step alike are merged, so that equal shapes are one run.
struct BroadcastWalk {
    struct Dimension {
        std::int64_t size;
        std::int64_t left_step;
        std::int64_t right_step;
    };
    std::vector<Dimension> dimensions;  ///< at least one
};
[[nodiscard]] BroadcastWalk broadcast_walk(const Shape& left, const Shape& right, const Shape& out);

/// out = operation(left, right) in the output's order.
template <class L, class R, class O, class Operation>
void walk_pairs(const BroadcastWalk& walk, const L* left, const R* right, O* out, Operation operation) {
    const auto& inner = walk.dimensions.back();
    std::int64_t rows = 1;
    for (std::size_t d = 0; d + 1 < walk.dimensions.size(); ++d) rows *= walk.dimensions[d].size;
    for (std::int64_t row = 0; row < rows; ++row) {
        std::int64_t rest = row;
        std::int64_t a = 0;
        std::int64_t b = 0;
        for (std::size_t d = walk.dimensions.size() - 1; d-- > 0;) {
            const auto& dimension = walk.dimensions[d];
            a += rest % dimension.size * dimension.left_step;
            b += rest % dimension.size * dimension.right_step;
            rest /= dimension.size;
        }
        for (std::int64_t i = 0; i < inner.size; ++i) {
            *out++ = static_cast<O>(operation(left[a + i * inner.left_step], right[b + i * inner.right_step]));
        }
    }
}

template <class T, class Operation>
void broadcast_loop(const BroadcastWalk& walk, const T* left, const T* right, T* out, Operation operation) {
    walk_pairs(walk, left, right, out, [operation](T a, T b) { return wrapping(a, b, operation); });
}

/// y = a (operation) b with multidirectional broadcasting. Source: ONNX operators Add, Sub, Mul, opset 13 and 14.
template <class Operation>
class BinaryOp : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        check_same_dtype(op, 1, 0);
        return {{op.inputs[0].dtype, broadcast(op, op.inputs[0].shape, op.inputs[1].shape)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const MutableView& out = outputs[0];
        if (out.elements() == 0) return;
        const BroadcastWalk walk = broadcast_walk(inputs[0].type.shape, inputs[1].type.shape, out.type.shape);
        with_number(out.type.dtype, [&]<class T>(T) {
            broadcast_loop(walk, inputs[0].as<T>().data(), inputs[1].as<T>().data(), out.as<T>().data(), Operation{});
        });
    }
};

/// y = operation(a, b) in the operands' own type, without wrapping: for operators that mean something of their own on
/// integers.
template <class Operation>
class TypedBinaryOp : public BinaryOp<Operation> {
public:
    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        run_binary(inputs, outputs[0], Operation{});
    }

protected:
    template <class Function>
    static void run_binary(std::span<const TensorView> inputs, const MutableView& out, Function function) {
        if (out.elements() == 0) return;
        const BroadcastWalk walk = broadcast_walk(inputs[0].type.shape, inputs[1].type.shape, out.type.shape);
        with_number(out.type.dtype, [&]<class T>(T) {
            walk_pairs(walk, inputs[0].as<T>().data(), inputs[1].as<T>().data(), out.as<T>().data(), function);
        });
    }
};

}  // namespace halftone::ref
