#pragma once
// Min, Max, Sum and Mean: any number of inputs, broadcast together and folded from the left.

#include <limits>

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {

/// `Wraps`: integers are computed unsigned, as sums are. A comparison would take negative numbers for large ones then.
template <class Operation, bool Wraps = true>
class VariadicOp : public RefOp {
public:
    explicit VariadicOp(std::initializer_list<DType> allowed) : allowed_(allowed) {}

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, std::numeric_limits<std::int32_t>::max());
        check_outputs(op, 1);
        check_dtype(op, 0, allowed_);
        Shape shape = op.inputs[0].shape;
        for (std::size_t i = 1; i < op.input_count(); ++i) {
            if (!op.has_input(i)) refuse(op, "input " + std::to_string(i) + " is missing");
            check_same_dtype(op, i, 0);
            shape = broadcast(op, shape, op.inputs[i].shape);
        }
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const MutableView& out = outputs[0];
        if (out.elements() == 0) return;
        with_number(out.type.dtype, [&]<class T>(T) {
            T* y = out.as<T>().data();
            const T* first = inputs[0].as<T>().data();
            walk_pairs(broadcast_walk(inputs[0].type.shape, Shape{}, out.type.shape), first, first, y,
                       [](T a, T) { return a; });
            for (std::size_t i = 1; i < inputs.size(); ++i) {
                const BroadcastWalk walk = broadcast_walk(out.type.shape, inputs[i].type.shape, out.type.shape);
                const T* next = inputs[i].as<T>().data();
                if constexpr (Wraps) {
                    broadcast_loop(walk, y, next, y, Operation{});
                } else {
                    walk_pairs(walk, y, next, y, Operation{});
                }
            }
        });
    }

private:
    std::initializer_list<DType> allowed_;  // refers to a constant of numbers.hpp
};

}  // namespace halftone::ref
