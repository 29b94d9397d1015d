#pragma once
// GlobalPoolOp: base of the operators that reduce each plane (all spatial positions of one sample and channel) to one
// number. A derived operator says only how a plane is reduced.

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// @tparam Reduce  a function object that turns the elements of one plane (row-major, at least one) into one number
template <class Reduce>
class GlobalPoolOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        Shape shape = op.inputs[0].shape;
        if (shape.rank() < 3) refuse(op, "input 0 " + shape.to_text() + " has no spatial dimensions");
        for (std::size_t i = 2; i < shape.rank(); ++i) {
            if (shape[i] < 1)
                refuse(op, "the spatial dimensions of " + shape.to_text() + " must be known and at least 1");
            shape[i] = 1;
        }
        return {{DType::f32, shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        if (y.empty()) return;
        // Planes lie one behind the other, and there is one output for each.
        const std::size_t plane = x.size() / y.size();
        for (std::size_t p = 0; p < y.size(); ++p) y[p] = Reduce()(x.subspan(p * plane, plane));
    }
};

}  // namespace halftone::ref
