#pragma once
// Two operands of one type, broadcast together, to bool.

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {

template <class Comparison>
class ComparisonOp : public RefOp {
public:
    explicit ComparisonOp(std::initializer_list<DType> allowed) : allowed_(allowed) {}

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, allowed_);
        check_same_dtype(op, 1, 0);
        return {{DType::boolean, broadcast(op, op.inputs[0].shape, op.inputs[1].shape)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const BroadcastWalk walk = broadcast_walk(inputs[0].type.shape, inputs[1].type.shape, outputs[0].type.shape);
        const DType dtype = inputs[0].type.dtype;
        with_number(dtype == DType::boolean ? DType::u8 : dtype, [&]<class T>(T) {
            walk_pairs(walk, inputs[0].as<T>().data(), inputs[1].as<T>().data(), outputs[0].as<std::uint8_t>().data(),
                       [](T a, T b) { return Comparison{}(a, b) ? 1 : 0; });
        });
    }

private:
    std::initializer_list<DType> allowed_;  // refers to a constant of numbers.hpp
};

}  // namespace halftone::ref
